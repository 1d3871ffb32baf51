"""How one EHR deviates from plain R4: read from a TOML file, never from `if vendor`.

Every key is described in docs/reference/dialects.md; a key we do not know is refused,
because a misspelt one would be a deviation that silently does not happen.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fhir_mapping.errors import DialectFileError
from questionnaires.instrument import Coding, Construct

BUILT_IN: Final = Path(__file__).parent / "dialects"
CONSTRUCTS: Final[tuple[Construct, ...]] = ("outcome", "alliance")

# Every key a dialect file may have, by table; "" is the top.
KEYS: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"id", "default_language", "write", "read"}),
    "write": frozenset({"profiles", "items", "panel", "category", "second_category"}),
    "write.second_category": frozenset(CONSTRUCTS),
    "read": frozenset({"categories"}),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """One EHR's way of saying it.

    Attributes:
        id: name of the dialect ("plain-r4").
        default_language: of a record that does not state its own.
        profiles: write `meta.profile`.
        items: write one Observation per answered item.
        panel: write a panel Observation that holds items and scores.
        category: first category of every Observation we write.
        second_category: by construct; a construct that is absent gets none.
        categories_read: category codes whose Observations may hold our scores.
    """

    id: str
    default_language: str
    profiles: bool
    items: bool
    panel: bool
    category: Coding
    second_category: Mapping[Construct, Coding]
    categories_read: tuple[str, ...]


def load_dialect(name_or_path: str) -> Dialect:
    """A built-in dialect by name, or a site's own by the path of its file.

    Raises:
        DialectFileError: no such dialect, or the file is wrong.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = BUILT_IN / f"{name_or_path}.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        known = ", ".join(sorted(each.stem for each in BUILT_IN.glob("*.toml")))
        raise DialectFileError(
            name_or_path, "", f"no such file; built in: {known}"
        ) from None
    except UnicodeDecodeError:
        raise DialectFileError(name_or_path, "", "is not UTF-8") from None
    return dialect_from_toml(text, file=name_or_path)


def dialect_from_toml(text: str, *, file: str) -> Dialect:
    """A dialect from the text of its file.

    Raises:
        DialectFileError: not TOML, a key is missing, unknown or of the wrong kind.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DialectFileError(file, "", f"is not TOML: {error}") from None
    top = _Table(file, "", table)
    write = top.table("write")
    read = top.table("read")
    second = write.table("second_category")
    return Dialect(
        id=top.text("id"),
        default_language=top.text("default_language"),
        profiles=write.flag("profiles"),
        items=write.flag("items"),
        panel=write.flag("panel"),
        category=write.coding("category"),
        second_category={
            construct: second.coding(construct)
            for construct in CONSTRUCTS
            if construct in second.values
        },
        categories_read=read.texts("categories"),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """A TOML table that refuses keys it does not know and names what is wrong."""

    file: str
    name: str
    values: Mapping[str, object]

    def __post_init__(self) -> None:
        self._only(self.values, KEYS[self.name])

    def table(self, key: str) -> "_Table":
        name = f"{self.name}.{key}".removeprefix(".")
        found = self._required(key)
        if not isinstance(found, dict):
            raise self._wrong(key, "must be a table")
        return _Table(self.file, name, found)

    def text(self, key: str) -> str:
        found = self._required(key)
        if not isinstance(found, str) or not found.strip():
            raise self._wrong(key, "must be a text")
        return found

    def flag(self, key: str) -> bool:
        found = self._required(key)
        if not isinstance(found, bool):
            raise self._wrong(key, "must be true or false")
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        found = self._required(key)
        if not isinstance(found, list) or not found:
            raise self._wrong(key, "must be a list of texts, not empty")
        for each in found:
            if not isinstance(each, str) or not each.strip():
                raise self._wrong(key, "must be a list of texts, not empty")
        return tuple(found)

    def coding(self, key: str) -> Coding:
        found = self._required(key)
        problem = "must be { system = ..., code = ... }"
        if not isinstance(found, dict):
            raise self._wrong(key, problem)
        self._only(found, {"system", "code"}, below=f"{key}.")
        system, code = found.get("system"), found.get("code")
        if not isinstance(system, str) or not isinstance(code, str):
            raise self._wrong(key, problem)
        return Coding(system, code)

    def _required(self, key: str) -> object:
        if key not in self.values:
            raise self._wrong(key, "is missing")
        return self.values[key]

    def _only(
        self, found: Iterable[str], known: Iterable[str], *, below: str = ""
    ) -> None:
        allowed = sorted(known)
        for key in found:
            if key not in allowed:
                raise self._wrong(
                    below + key, f"is not known here; known: {', '.join(allowed)}"
                )

    def _wrong(self, key: str, problem: str) -> DialectFileError:
        return DialectFileError(
            self.file, f"{self.name}.{key}".removeprefix("."), problem
        )
