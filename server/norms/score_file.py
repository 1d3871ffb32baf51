"""A file of many people's scores → readings, and every row that was left out."""

import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from clinical.norms.numbering import numbered
from clinical.norms.pack import AgeBand
from clinical.norms.people import People
from questionnaires.instrument import ScoreRule
from questionnaires.wording import is_in_language
from server.norms.score_rows import Row, ScoresUnusable, csv_rows, parquet_rows

GROUPS = ("language", "age", "sex")
MOST_TOLD = 20  # lines that are named one by one
# Of a score, also with a decimal comma; `float` would take 1_0, NaN and other digits.
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}([.,][0-9]{0,30})?")
_AGE = re.compile(r"([0-9]{1,3})(\.0+)?")


@dataclass(frozen=True, slots=True)
class _BadRow:
    """A row that is no reading, by its line in the file; never its content."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """For whom the norm is; whoever is not among them is counted and left out.

    Attributes:
        language: of a row that names none, too.
    """

    score: ScoreRule
    language: str
    ages: AgeBand


@dataclass(frozen=True, slots=True, eq=False)
class NotUsed:
    """What stands in a file or folder and is no part of the scores.

    Attributes:
        bad: where the first rows stand that are no readings, and why; `n_bad` in all.
        left_out: reason -> persons, or readings, that the norm is not for.
    """

    bad: tuple[str, ...]
    n_bad: int
    left_out: dict[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What was read of a file or folder."""

    people: People
    not_used: NotUsed


class NobodyLeft(ScoresUnusable):
    """There are no scores, or not of those the norm is for."""

    def __init__(self, name: str, not_used: NotUsed) -> None:
        super().__init__(f"{name}: holds nobody's course that can be used")
        self.not_used = not_used


@dataclass(slots=True)
class _Rows:
    """Rows that are readings, as columns: there may be millions.

    Attributes:
        persons: who is named -> their number, from 0 in the order of the file.
        groups: what is said of each of them.
        person, line: of each row.
        when: its session number or day.
        score: in score points.
    """

    persons: dict[str, int] = field(default_factory=dict)
    groups: list[dict[str, str]] = field(default_factory=list)
    person: "array[int]" = field(default_factory=lambda: array("q"))
    line: "array[int]" = field(default_factory=lambda: array("q"))
    when: "array[int]" = field(default_factory=lambda: array("q"))
    score: "array[float]" = field(default_factory=lambda: array("d"))


def scores_from_file(
    path: Path, wanted: Wanted, *, told: Callable[[int, int], None]
) -> Scores:
    """The readings of a .csv or .parquet with the columns of `KNOWN`.

    Args:
        told: hears what is done and how much there is, in bytes or rows.

    Raises:
        ScoresUnusable: not such a file; `NobodyLeft` with what stood in it instead.
        OSError: it cannot be read.
    """
    if path.suffix in (".csv", ".parquet") and not path.stat().st_size:
        raise ScoresUnusable(
            f"{path.name}: is empty: the run that writes it was broken off, or is still"
            " going on; extract the scores again"
        )
    if path.suffix == ".parquet":
        return _scores(parquet_rows(path, told), wanted, name=path.name)
    if path.suffix == ".csv":
        return _scores(csv_rows(path, told), wanted, name=path.name)
    raise ScoresUnusable(
        f"{path.name}: is no .csv or .parquet, and no folder with an export's NDJSON"
    )


def _scores(rows: Iterable[Row], wanted: Wanted, *, name: str) -> Scores:
    found, bad = _Rows(), []
    by_session = False
    for line, row, by_session in rows:
        if isinstance(row, str):
            problem = row
        else:
            problem = _add(found, line, row, wanted.score, by_session=by_session)
        if problem:
            bad.append(_BadRow(line, problem))
    reasons = [_not_wanted(each, wanted) for each in found.groups]
    usable = numbered(
        found.person,
        found.when,
        score=found.score,
        wanted=[not each for each in reasons],
        by_session=by_session,
    )
    problem = f"{'session' if by_session else 'date'} is there twice for this person"
    bad += [_BadRow(found.line[row], problem) for row in usable.twice]
    problem = "the person has no session 1"
    bad += [_BadRow(found.line[row], problem) for row in usable.without_intake]
    bad.sort(key=lambda each: each.line)
    told = tuple(f"{name}:{each.line}: {each.problem}" for each in bad[:MOST_TOLD])
    left_out = Counter(each for each in reasons if each)
    not_used = NotUsed(told, len(bad), dict(sorted(left_out.items())))
    if not usable.readings.n_persons:
        raise NobodyLeft(name, not_used)
    groups = _groups([found.groups[at] for at in usable.persons])
    return Scores(People(usable.readings, groups), not_used)


def _add(
    found: _Rows,
    line: int,
    row: dict[str, str],
    rule: ScoreRule,
    *,
    by_session: bool,
) -> str:
    """Adds the row; else what is wrong with it."""
    if not row["person"]:
        return "person is empty"
    when = _session(row["session"]) if by_session else _day(row["date"])
    if when is None:
        return "session is no number from 1" if by_session else "date is no 2026-11-25"
    if not _NUMBER.fullmatch(row["score"]):
        return "score is no number"
    score = float(row["score"].replace(",", "."))
    if not float(rule.low) <= score <= float(rule.high):
        return f"score is outside {rule.low} to {rule.high}"
    number = found.persons.get(row["person"], len(found.groups))
    known = {} if number == len(found.groups) else found.groups[number]
    # What is said at the intake holds for the whole course, so the first row decides.
    said = {each: row[each] for each in GROUPS if row.get(each)} | known
    age = _AGE.fullmatch(said.get("age", "0"))
    if age is None:
        return "age is no whole number of years"
    if "age" in said:
        said["age"] = age[1]
    if row.get("language") not in (None, "", said.get("language")):
        return "language is another one than in this person's first row"
    if number == len(found.groups):
        found.persons[row["person"]] = number
        found.groups.append(said)
    else:
        found.groups[number] = said
    found.person.append(number)
    found.line.append(line)
    found.when.append(when)
    found.score.append(score)
    return ""


def _session(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 6) or int(text) < 1:
        return None
    return int(text)


def _day(text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        return None


def _not_wanted(groups: dict[str, str], wanted: Wanted) -> str:
    language = groups.get("language", wanted.language)
    if not is_in_language(language, wanted=wanted.language):
        return "persons with another language"
    age = groups.get("age")
    if age is not None and not wanted.ages.holds(int(age)):
        return "persons of another age"
    return ""


def _groups(people: list[dict[str, str]]) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(_group(name, each.get(name, "")) for each in people)
        for name in GROUPS
        if any(name in each for each in people)
    }


def _group(name: str, value: str) -> str:
    """Ages in tens of years: few people share one year."""
    if name != "age" or not value:
        return value[:20]
    return f"{int(value) // 10 * 10}-{int(value) // 10 * 10 + 9}"
