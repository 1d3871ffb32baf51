"""The same cells, computed where the readings are: one expression for any database.

Ibis turns it into the SQL of DuckDB, Spark, BigQuery, Snowflake, PostgreSQL and others.
Only cells come home, and how many rows are no readings. Needs the extra `ibis`; nothing
is executed here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from clinical.norms.cells import COLUMNS
from clinical.norms.cells_answer import ANSWER, Asked

_READING = "none"  # not an empty text, which is NULL in Oracle
_NO_READING = ("no_person", "no_order", "no_score", "out_of_range")


@dataclass(frozen=True, slots=True)
class ReadingsTable:
    """A table with a row per reading, and what its columns are called.

    Attributes:
        name: with its schema, or catalogue and schema, before a point where needed.
        person: anything; the same for all readings of a person, and for nobody else's.
        at: anything with an order.
        score: score points.
    """

    name: str
    person: str
    at: str
    score: str


def answer_expression(table: Any, named: ReadingsTable, asked: Asked) -> Any:
    """Cells of the rows that are readings, each beside what was counted in the table.

    One statement, so that counts and cells are of the same moment. A table without a
    cell answers one row whose cell is empty.

    Args:
        table: the Ibis table that `named` names.

    Returns:
        An Ibis table with the columns of `cells_answer.ANSWER`.
    """
    import ibis  # an extra of its own, which whoever reads cells does not need

    given = table.select(
        person=table[named.person].cast("string").nullif(""),
        at=table[named.at],
        score=table[named.score].cast("float64"),
    )
    # As a file is read: a row is counted once, by what is wrong with it first. Not a
    # number (NaN) is in no range.
    judged = given.mutate(
        fault=ibis.cases(
            (given.person.isnull(), "no_person"),
            (given["at"].isnull(), "no_order"),
            (given.score.isnull(), "no_score"),
            ((given.score >= asked.low) & (given.score <= asked.high), _READING),
            else_="out_of_range",
        )
    )
    valid = judged.filter(judged.fault == _READING)
    sittings = valid.group_by("person", "at").agg(
        score=valid.score.min(), most=valid.score.max(), rows=valid.count()
    )
    rows = judged.agg(
        rows_read=judged.count(),
        **{each: judged.count(where=judged.fault == each) for each in _NO_READING},
    )
    again = sittings.agg(
        there_twice=sittings["rows"].sum().fill_null(0) - sittings.count(),
        disagreeing=sittings.count(where=sittings.most > sittings.score),
    )
    counted = rows.cross_join(again).mutate(
        asked=ibis.literal(asked.question), one=ibis.literal(1)
    )
    cells = cells_expression(sittings, knot_session=asked.knot_session)
    # BigQuery joins outwards only where columns of both sides are equal.
    both = counted.left_join(cells.mutate(one=ibis.literal(1)), "one")
    return both.select(*ANSWER).order_by("readings")


def cells_expression(readings: Any, *, knot_session: float | None = None) -> Any:
    """Cells of a table of readings, as an Ibis table with the columns of `COLUMNS`.

    Rows of a person are ordered by `at`; the first is the intake, the others are
    sessions 2, 3, ... People with an intake alone are left out.

    Args:
        readings: an Ibis table with `person` (anything), `at` (anything with an order,
            one reading per person and day, the last one, as a session is counted) and
            `score` (score points).
        knot_session: as `cells_of`.
    """
    import ibis  # an extra of its own, which whoever reads cells does not need

    course = ibis.window(group_by="person", order_by="at")
    score = readings.score.cast("float64")
    numbered = readings.select(
        person=readings.person,
        y=score,
        session=(ibis.row_number().over(course) + 1).cast("float64"),
        intake=score.first().over(course),
    )
    later = numbered.filter(numbered.session > 1)
    time = later.session.ln()
    bent = ibis.literal(0.0)
    if knot_session is not None:
        gap = time - float(np.log(knot_session))
        bent = ibis.ifelse(gap > 0, gap, 0.0)
    people = later.group_by("person").agg(
        readings=later.count(),
        x=later.intake.min(),
        y=later.y.sum(),
        ly=(time * later.y).sum(),
        yy=(later.y * later.y).sum(),
        ky=(bent * later.y).sum(),
    )
    cells = people.group_by("readings").agg(
        persons=people.count(),
        x=people.x.sum(),
        xx=(people.x * people.x).sum(),
        y=people.y.sum(),
        ly=people.ly.sum(),
        yy=people.yy.sum(),
        xy=(people.x * people.y).sum(),
        xly=(people.x * people.ly).sum(),
        y_y=(people.y * people.y).sum(),
        y_ly=(people.y * people.ly).sum(),
        ly_ly=(people.ly * people.ly).sum(),
        ky=people.ky.sum(),
        xky=(people.x * people.ky).sum(),
    )
    return cells.select(*COLUMNS)
