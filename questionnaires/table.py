"""One TOML table, read key by key; what nobody asked for is refused."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeVar

from questionnaires.errors import InstrumentFileError
from questionnaires.instrument import Evidence, Source

# Far above any real file; a larger one is somebody's mistake or malice.
LARGEST_FILE = 1_000_000
LARGEST_NUMBER = 1_000_000
SMALLEST_STEP = Decimal("0.000001")

Word = TypeVar("Word", bound=str)

_EVIDENCE: Mapping[str, Evidence] = {
    "verified": "verified",
    "secondary": "secondary",
    "computed": "computed",
    "own": "own",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its file and dotted place, so that each error can name both.

    Every reader method marks its key as read; `finish` refuses the others.
    """

    file: str
    place: str
    content: Mapping[str, object]
    read: set[str] = field(default_factory=set)

    def at(self, key: str) -> str:
        """Dotted place of a key of this table."""
        return f"{self.place}.{key}" if self.place else key

    def refuse(self, key: str, problem: str) -> InstrumentFileError:
        """The error to raise about this key ("" is the table itself)."""
        place = self.at(key) if key else self.place
        return InstrumentFileError(self.file, place, problem)

    def has(self, key: str) -> bool:
        return key in self.content

    def _take(self, key: str) -> object:
        self.read.add(key)
        if key not in self.content:
            raise self.refuse(key, "is missing; add it")
        return self.content[key]

    def text(self, key: str) -> str:
        """A string that says something; surrounding blanks are taken off."""
        found = self._take(key)
        if not isinstance(found, str) or not found.strip():
            raise self.refuse(key, "must be a text that is not empty")
        return found.strip()

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, each of which says something."""
        found = self._take(key)
        if not isinstance(found, list):
            raise self.refuse(key, "must be a list of texts")
        for each in found:
            if not isinstance(each, str) or not each.strip():
                raise self.refuse(key, "must hold only texts that are not empty")
        return tuple(each.strip() for each in found)

    def number(self, key: str) -> Decimal:
        """A finite number, exact as written."""
        return self._number(key, self._take(key))

    def numbers(self, key: str) -> tuple[Decimal, ...]:
        """A list of finite numbers."""
        found = self._take(key)
        if not isinstance(found, list):
            raise self.refuse(key, "must be a list of numbers")
        return tuple(self._number(key, each) for each in found)

    def _number(self, key: str, found: object) -> Decimal:
        # bool is an int in Python; `true` is no number of points.
        if isinstance(found, bool) or not isinstance(found, int | Decimal):
            raise self.refuse(key, "must be a number")
        if isinstance(found, Decimal) and not found.is_finite():
            raise self.refuse(key, "must be a finite number")
        if not -LARGEST_NUMBER <= found <= LARGEST_NUMBER:
            raise self.refuse(key, f"must lie within {LARGEST_NUMBER} of zero")
        exact = Decimal(found)
        if exact != exact.quantize(SMALLEST_STEP):
            raise self.refuse(key, "must have at most six decimals")
        return exact

    def whole(self, key: str) -> int:
        """A whole number."""
        found = self._number(key, self._take(key))
        if found != int(found):
            raise self.refuse(key, "must be a whole number")
        return int(found)

    def flag(self, key: str) -> bool:
        """`true` or `false`, never a default."""
        found = self._take(key)
        if not isinstance(found, bool):
            raise self.refuse(key, "must be true or false")
        return found

    def day(self, key: str) -> date:
        """A TOML date, without quotes."""
        found = self._take(key)
        # A TOML date with a time is a datetime, which is a date in Python.
        if type(found) is not date:
            raise self.refuse(key, "must be a date, written 2026-11-23 without quotes")
        return found

    def one_of(self, key: str, words: Mapping[str, Word]) -> Word:
        """One of these words; the mapping gives each its type."""
        found = self.text(key)
        if found not in words:
            raise self.refuse(key, f"must be one of {', '.join(words)}")
        return words[found]

    def table(self, key: str) -> "Table":
        """The table below this key."""
        return self._below(key, self._take(key))

    def tables(self, key: str) -> tuple["Table", ...]:
        """The list of tables below this key, at least one."""
        found = self._take(key)
        if not isinstance(found, list) or not found:
            raise self.refuse(key, "must be a list of tables with at least one entry")
        return tuple(
            self._below(f"{key}[{index}]", each) for index, each in enumerate(found)
        )

    def named_tables(self, key: str) -> Mapping[str, "Table"]:
        """The tables below this key, by their own names."""
        below = self.table(key)
        return {name: below.table(name) for name in below.content}

    def _below(self, key: str, found: object) -> "Table":
        if not isinstance(found, dict):
            raise self.refuse(key, "must be a table")
        return Table(self.file, self.at(key), found)

    def source(self, text: str = "source", evidence: str = "evidence") -> Source:
        """Where this table's numbers come from, and how well that was checked."""
        for key in (text, evidence):
            if not self.has(key):
                raise self.refuse(key, "is missing; no number without it")
        return Source(self.text(text), self.one_of(evidence, _EVIDENCE))

    def finish(self) -> None:
        """Refuses a key that nobody asked for: a misspelt rule would be silent."""
        for key in self.content:
            if key not in self.read:
                raise self.refuse(key, "is not known here; correct or remove it")


def table_from_toml(content: bytes, *, file: str) -> Table:
    """The whole file as a table; numbers stay exact.

    Raises:
        InstrumentFileError: too large, not UTF-8, or not TOML.
    """
    if len(content) > LARGEST_FILE:
        raise InstrumentFileError(file, "file", f"is larger than {LARGEST_FILE} bytes")
    try:
        # Decimal, not float: 8.2 - 3.2 is 4.999... in binary and misses a
        # threshold of 5.
        found = tomllib.loads(content.decode("utf-8"), parse_float=Decimal)
    except UnicodeDecodeError:
        raise InstrumentFileError(file, "file", "is not UTF-8 text") from None
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise InstrumentFileError(file, "file", f"is not TOML: {error}") from None
    return Table(file, "", found)
