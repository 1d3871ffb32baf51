"""Where readings are that stay in a database, as options of a command."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A table of readings and who asks it.

    Attributes:
        url: of the database, which this process asks; may hold a password.
        table, person, at, score: as in `ReadingsTable`.
        sql: dialect in which the question is written down instead.
        answer: file with what was answered to that.
    """

    url: str | None = field(repr=False)
    table: str | None
    person: str
    at: str
    score: str
    sql: str | None
    answer: Path | None


def elsewhere(command: Command) -> Command:
    """Gives the command `source: Elsewhere` from its options."""

    @wraps(command)
    def with_source(
        *arguments: Any,
        database: str | None,
        table: str | None,
        person: str,
        at: str,
        score: str,
        print_sql: str | None,
        answer: Path | None,
        **named: Any,
    ) -> Any:
        source = Elsewhere(
            database,
            table,
            person=person,
            at=at,
            score=score,
            sql=print_sql,
            answer=answer,
        )
        return command(*arguments, source=source, **named)

    decorated: Any = with_source
    for option in (
        click.option(
            "--answer",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            metavar="ANSWER.csv",
            help="What a database answered to --print-sql, with its header.",
        ),
        click.option(
            "--print-sql",
            metavar="DIALECT",
            help="Print the question for --table, such as snowflake; ask nobody.",
        ),
        click.option("--score", default="score", show_default=True, metavar="COLUMN"),
        click.option(
            "--at",
            default="at",
            show_default=True,
            metavar="COLUMN",
            help="Date, instant or number; orders a person's readings.",
        ),
        click.option("--person", default="person", show_default=True, metavar="COLUMN"),
        click.option(
            "--table",
            metavar="NAME",
            help="A row per reading of those the norm is for; schema.table if needed.",
        ),
        click.option(
            "--database",
            envvar="ROM_DATABASE_URL",
            show_envvar=True,
            metavar="URL",
            help="Where --table is. With a password in it, use the variable:"
            " command lines are seen by others.",
        ),
    ):
        decorated = option(decorated)
    return cast(Command, decorated)
