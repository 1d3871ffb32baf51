"""The text of a measurement plan with one more acceptance, all else byte for byte."""

import re
import tomllib
from datetime import date
from decimal import Decimal

from clinical.errors import PlanFileError

_HEADER = re.compile(r"[ \t]*\[")
_ANY_ACCEPTANCE = re.compile(r"[ \t]*\[[ \t]*acceptances[ \t]*[.\]]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def with_acceptance(
    text: str, instrument_id: str, *, by: str, on: date, file: str
) -> str:
    """The plan in which this person has accepted the instrument's numbers.

    Replaces the two lines of an acceptance that is there, else adds a table after the
    last acceptance. No other byte changes; the ends of lines are those of the text.

    Args:
        text: the plan as it is, with its ends of lines.
        by: the name that stands for the decision.
        on: the day of the decision.

    Raises:
        PlanFileError: no TOML, a name that cannot be written, or a plan written in a
            way that cannot be changed without touching something else.
    """
    name = by.strip()
    if not name or _CONTROL.search(name):
        raise PlanFileError(file, "by", "must be a name on one line")
    lines = text.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    said = {"by": f'by = "{quoted}"{end}', "on": f"on = {on.isoformat()}{end}"}
    found = _table(lines, instrument_id)
    if found is None:
        _add(lines, instrument_id, said=said, end=end)
    else:
        _replace(lines, found, said)
    changed = "".join(lines)
    _refuse_other_change(text, changed, instrument_id, by=name, on=on, file=file)
    return changed


def _table(lines: list[str], instrument_id: str) -> tuple[int, int] | None:
    """First line after the header of this acceptance, and the line after its last."""
    header = re.compile(
        rf"[ \t]*\[[ \t]*acceptances[ \t]*\.[ \t]*"
        rf"[\"']?{re.escape(instrument_id)}[\"']?[ \t]*\][ \t]*(#.*)?[\r\n]*"
    )
    for at, line in enumerate(lines):
        if header.fullmatch(line):
            return at + 1, _end(lines, at + 1)
    return None


def _end(lines: list[str], start: int) -> int:
    """Where the next table begins."""
    for at in range(start, len(lines)):
        if _HEADER.match(lines[at]):
            return at
    return len(lines)


def _replace(lines: list[str], found: tuple[int, int], said: dict[str, str]) -> None:
    for key, line in said.items():
        places = [
            at for at in range(*found) if re.match(rf"[ \t]*{key}[ \t]*=", lines[at])
        ]
        for at in places:
            lines[at] = line


def _add(
    lines: list[str], instrument_id: str, *, said: dict[str, str], end: str
) -> None:
    headers = [at for at, line in enumerate(lines) if _ANY_ACCEPTANCE.match(line)]
    at = len(lines)
    if headers:
        start, stop = headers[-1] + 1, _end(lines, headers[-1] + 1)
        # After the last line that says something: comments belong to what follows.
        said_at = [
            each
            for each in range(start, stop)
            if lines[each].strip() and not lines[each].lstrip().startswith("#")
        ]
        at = said_at[-1] + 1 if said_at else start
    if at and not lines[at - 1].endswith("\n"):
        lines[at - 1] += end
    lines[at:at] = [end, f"[acceptances.{instrument_id}]{end}", said["by"], said["on"]]


def _refuse_other_change(
    before: str, after: str, instrument_id: str, *, by: str, on: date, file: str
) -> None:
    """The text was changed as text; here it is compared as what it says."""
    wanted = _read(before, file=file)
    acceptances = wanted.setdefault("acceptances", {})
    told = f"acceptances.{instrument_id}"
    problem = (
        f"cannot be changed safely; write by hand: by = ..., on = {on.isoformat()}"
    )
    if not isinstance(acceptances, dict):
        raise PlanFileError(file, told, problem)
    acceptances[instrument_id] = {"by": by, "on": on}
    try:
        found = _read(after, file=file)
    except PlanFileError:
        found = {}
    if found != wanted:
        raise PlanFileError(file, told, problem)


def _read(text: str, *, file: str) -> dict[str, object]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise PlanFileError(file, "file", f"is not TOML: {error}") from None
