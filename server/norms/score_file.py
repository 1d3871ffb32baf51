"""A file of many people's scores → readings, and every row that was left out."""

import csv
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from clinical.norms.numbering import numbered
from clinical.norms.pack import AgeBand
from clinical.norms.people import People
from questionnaires.instrument import ScoreRule
from server.bulk.score_table import TableUnusable, parquet_batches

NEEDED = ("person", "score")
KNOWN = (*NEEDED, "session", "date", "day", "language", "age", "sex")
GROUPS = ("language", "age", "sex")
MOST_TOLD = 20  # lines that are named one by one
# Its line; its entries by column, None if they are too few or too many; and whether
# sessions are numbered.
_Row = tuple[int, dict[str, str] | None, bool]


class ScoresUnusable(Exception):
    """A file that cannot be read at all; says what to do."""


class NobodyLeft(ScoresUnusable):
    """There are no scores, or not of those the norm is for."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: holds nobody's course that can be used")


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
        ScoresUnusable: not such a file, or nobody is left.
        OSError: it cannot be read.
    """
    if path.suffix == ".parquet":
        return _scores(_parquet_rows(path, told), wanted, name=path.name)
    if path.suffix == ".csv":
        return _scores(_csv_rows(path, told), wanted, name=path.name)
    raise ScoresUnusable(
        f"{path.name}: is no .csv or .parquet, and no folder with an export's NDJSON"
    )


def _scores(rows: Iterable[_Row], wanted: Wanted, *, name: str) -> Scores:
    found, bad = _Rows(), []
    by_session = False
    for line, row, by_session in rows:
        if row is None:
            problem = "has not as many entries as the header"
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
    if not usable.readings.n_persons:
        raise NobodyLeft(name)
    problem = f"{'session' if by_session else 'date'} is there twice for this person"
    bad += [_BadRow(found.line[row], problem) for row in usable.twice]
    problem = "the person has no session 1"
    bad += [_BadRow(found.line[row], problem) for row in usable.without_intake]
    bad.sort(key=lambda each: each.line)
    told = tuple(f"{name}:{each.line}: {each.problem}" for each in bad[:MOST_TOLD])
    left_out = Counter(each for each in reasons if each)
    groups = _groups([found.groups[at] for at in usable.persons])
    return Scores(
        People(usable.readings, groups),
        NotUsed(told, len(bad), dict(sorted(left_out.items()))),
    )


def _parquet_rows(path: Path, told: Callable[[int, int], None]) -> Iterator[_Row]:
    try:
        names, size, batches = parquet_batches(path)
    except TableUnusable as problem:
        raise ScoresUnusable(str(problem)) from None
    by_session = _check_head(list(names), path.name)
    number = 0
    for batch in batches:
        for row in batch:
            number += 1
            texts = {key: "" if v is None else str(v) for key, v in row.items()}
            yield number, texts, by_session
        told(number, size)


def _csv_rows(path: Path, told: Callable[[int, int], None]) -> Iterator[_Row]:
    size = path.stat().st_size
    with path.open("rb") as raw:
        done = 0

        def lines() -> Iterator[str]:
            nonlocal done
            for number, each in enumerate(raw):
                done += len(each)
                if number % 10_000 == 0:
                    told(done, size)
                yield each.decode("utf-8-sig" if number == 0 else "utf-8", "replace")
            told(size, size)

        reader = csv.reader(lines(), strict=True)
        try:
            head = [each.strip() for each in next(reader, [])]
            by_session = _check_head(head, path.name)
            for cells in reader:
                line = reader.line_num
                if not cells:
                    continue
                stripped = [each.strip() for each in cells]
                whole = len(cells) == len(head)
                row = dict(zip(head, stripped, strict=True)) if whole else None
                yield line, row, by_session
        except csv.Error as error:
            raise ScoresUnusable(f"{path.name}:{reader.line_num}: {error}") from None


def _check_head(head: list[str], file: str) -> bool:
    """Whether sessions are numbered; else they are counted from dates."""
    missing = [each for each in NEEDED if each not in head]
    if "session" not in head and "date" not in head:
        missing.append("session or date")
    if missing:
        raise ScoresUnusable(
            f"{file}:1: no column {', '.join(missing)}; the first line must name"
            " person, score, and session or date"
        )
    unknown = [each for each in head if each not in KNOWN]
    if unknown or len(set(head)) < len(head):
        raise ScoresUnusable(
            f"{file}:1: {len(unknown)} columns are unknown or one is there twice;"
            f" known are {', '.join(KNOWN)}. Take out what no norm needs"
        )
    return "session" in head


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
    try:
        score = float(row["score"])
    except ValueError:
        return "score is no number"
    if not float(rule.low) <= score <= float(rule.high):
        return f"score is outside {rule.low} to {rule.high}"
    number = found.persons.setdefault(row["person"], len(found.groups))
    if number == len(found.groups):
        found.groups.append({})
    groups = found.groups[number]
    # What is said at the intake holds for the whole course, so the first row decides.
    for name in GROUPS:
        if row.get(name) and name not in groups:
            if name == "age" and not row[name].isdecimal():
                return "age is no whole number of years"
            groups[name] = row[name]
    language = row.get("language")
    if language and groups["language"] != language:
        return "language is another one than in this person's first row"
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
    if groups.get("language", wanted.language) != wanted.language:
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
