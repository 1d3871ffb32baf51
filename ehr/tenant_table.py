"""A TOML table that is read key by key, and complains about what nobody read.

A misspelt key in the file of tenants would silently leave a defence at its default.
"""

from collections.abc import Mapping
from typing import TypeVar

from ehr.errors import TenantFileError

Word = TypeVar("Word", bound=str)


class Table:
    """One table of the file.

    Args:
        content: as parsed.
        file: name of the file.
        place: dotted place of this table.
    """

    def __init__(self, content: Mapping[str, object], *, file: str, place: str) -> None:
        self._unread = dict(content)
        self._file = file
        self._place = place

    def wrong(self, key: str, problem: str) -> TenantFileError:
        """The error that names file, place and what is wrong there."""
        place = ".".join(each for each in (self._place, key) if each)
        return TenantFileError(self._file, place or "file", problem=problem)

    def finish(self) -> None:
        """Everything has been read.

        Raises:
            TenantFileError: there is a key nobody asked for.
        """
        for key in self._unread:
            raise self.wrong(key, "is not a key we know")

    def text(self, key: str) -> str:
        """A text that must be there."""
        value = self.optional_text(key)
        if value is None:
            raise self.wrong(key, "is missing")
        return value

    def optional_text(self, key: str) -> str | None:
        """A text, or None if the key is absent; never empty."""
        value = self._unread.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, "is no text")
        return value

    def choice(
        self, key: str, words: tuple[Word, ...], absent: Word | None = None
    ) -> Word:
        """One of several words."""
        found = self.optional_choice(key, words) or absent
        if found is None:
            raise self.wrong(key, f"is missing; one of: {', '.join(words)}")
        return found

    def optional_choice(self, key: str, words: tuple[Word, ...]) -> Word | None:
        """One of several words, or None if the key is absent."""
        value = self.optional_text(key)
        for word in words:
            if word == value:
                return word
        if value is not None:
            raise self.wrong(key, f"is none of: {', '.join(words)}")
        return None

    def flag(self, key: str) -> bool:
        """True or false; false if absent."""
        value = self._unread.pop(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "is neither true nor false")
        return value

    def number(self, key: str, absent: int) -> int:
        """A whole number."""
        value = self._unread.pop(key, absent)
        if type(value) is not int:
            raise self.wrong(key, "is no whole number")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty if absent."""
        value = self._unread.pop(key, [])
        if not isinstance(value, list) or not all(
            isinstance(each, str) and each for each in value
        ):
            raise self.wrong(key, "is no list of texts")
        return tuple(value)

    def needed_texts(self, key: str) -> tuple[str, ...]:
        """A list of texts that must be there and hold something."""
        found = self.texts(key)
        if not found:
            raise self.wrong(key, "is missing or empty")
        return found

    def table(self, key: str) -> "Table":
        """A table below; an empty one if absent."""
        value = self._unread.pop(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "is no table")
        return self._below(key, value)

    def tables(self, key: str) -> "tuple[Table, ...]":
        """An array of tables; empty if absent."""
        value = self._unread.pop(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, "is no array of tables ([[...]])")
        for each in value:
            if not isinstance(each, dict):
                raise self.wrong(key, "is no array of tables ([[...]])")
        return tuple(
            self._below(f"{key}.{place}", each) for place, each in enumerate(value)
        )

    def tables_by_name(self, key: str) -> "dict[str, Table]":
        """Tables named by the site: `[tenant.north]`, `[tenant.south]`."""
        value = self._unread.pop(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "is no table")
        for name, each in value.items():
            if not isinstance(each, dict):
                raise self.wrong(f"{key}.{name}", "is no table")
        return {
            name: self._below(f"{key}.{name}", each) for name, each in value.items()
        }

    def _below(self, key: str, content: Mapping[str, object]) -> "Table":
        place = f"{self._place}.{key}" if self._place else key
        return Table(content, file=self._file, place=place)
