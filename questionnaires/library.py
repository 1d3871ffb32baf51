"""The instruments this installation knows: ours, and the site's own folders."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from questionnaires.checks import check_instrument, check_together
from questionnaires.completion import completion_from_table
from questionnaires.errors import InstrumentFileError, UnknownInstrument
from questionnaires.instrument import Coding, Instrument, ScoreRule, Wording
from questionnaires.reader import Definition, definition_from_table
from questionnaires.table import LARGEST_FILE, table_from_toml
from questionnaires.wording import LANGUAGE, wording_from_table

_INSTRUMENT_FILE = "instrument.toml"
_SHIPPED = files("questionnaires") / "instruments"


@dataclass(frozen=True, slots=True)
class NoWording:
    """No text of this instrument in this language is here; it cannot be offered."""

    instrument_id: str
    language: str


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """Instruments by id, and their wordings by (id, language).

    Loaded once and compared by identity, so that look-up tables can be kept for it.

    Attributes:
        changed: wordings that are here but differ from what the site vouched for;
            they are not offered, and old scores stay readable.
    """

    instruments: Mapping[str, Instrument]
    wordings: Mapping[tuple[str, str], Wording]
    changed: frozenset[tuple[str, str]] = frozenset()

    def instrument(self, instrument_id: str) -> Instrument:
        """Raises UnknownInstrument."""
        if instrument_id not in self.instruments:
            raise UnknownInstrument(instrument_id)
        return self.instruments[instrument_id]

    def wording(self, instrument_id: str, *, language: str) -> Wording | NoWording:
        """The text in this language, never a neighbour's.

        Raises:
            UnknownInstrument: not even the instrument is here.
        """
        self.instrument(instrument_id)
        missing = NoWording(instrument_id, language)
        return self.wordings.get((instrument_id, language), missing)

    def numbers_apply(self, instrument_id: str, *, language: str) -> bool:
        """Whether cut-off, bands and reliable change hold for answers in this language.

        A region shares its language's answer (`en-GB` that of `en`); of a language
        that has no wording here nothing is known, so they do not.

        Raises:
            UnknownInstrument: not even the instrument is here.
        """
        for tag in (language, language.partition("-")[0]):
            found = self.wording(instrument_id, language=tag)
            if not isinstance(found, NoWording):
                return found.numbers_apply
        return False

    def by_canonical(self, url: str) -> Instrument | None:
        """The instrument whose canonical or alias this is; a `|version` is ignored."""
        bare = url.partition("|")[0]
        for each in self.instruments.values():
            if bare == each.canonical or bare in each.aliases:
                return each
        return None

    def by_score_coding(self, coding: Coding) -> tuple[Instrument, ScoreRule] | None:
        """The score that is published under this code."""
        for each in self.instruments.values():
            for score in each.scores:
                if score.coding == coding:
                    return each, score
        return None


def load_library(site_folders: Sequence[Path] = ()) -> Library:
    """Our instruments and the site's; a site's folder may complete a skeleton.

    A folder holds one folder per instrument, named after its id, with an
    `instrument.toml` and one `wording.<language>.toml` per language.

    Args:
        site_folders: read after ours, in this order. What is here in full is never
            replaced: a folder adds instruments, languages, or completes a skeleton.

    Returns:
        Everything checked: each number has a source, each score can be made of its
        items, no two instruments share an id, canonical or score code.

    Raises:
        InstrumentFileError: a file is wrong; names file and key. Nothing is loaded.
    """
    shelf = _shipped()
    for site_folder in site_folders:
        for folder in _folders(site_folder, name=site_folder.name):
            name = f"{site_folder.name}/{folder.name}"
            shelf.add(folder, name=name, shipped=False)
    known = shelf.definitions.values()
    check_together([(each.instrument, each.file) for each in known])
    return Library(
        instruments=MappingProxyType(
            {each.instrument.id: each.instrument for each in known}
        ),
        wordings=MappingProxyType(shelf.wordings),
        changed=frozenset(shelf.changed),
    )


def load_instrument(
    instrument_id: str, site_folders: Sequence[Path] = ()
) -> Instrument:
    """One instrument, as `load_library` has it, without reading the others.

    Raises:
        UnknownInstrument: no folder of this name.
        InstrumentFileError: one of its files is wrong; names file and key.
    """
    shelf = _Shelf()
    for folder in _folders(_SHIPPED, name="instruments"):
        if folder.name == instrument_id:
            shelf.add(folder, name=f"instruments/{folder.name}", shipped=True)
    for site_folder in site_folders:
        for folder in _folders(site_folder, name=site_folder.name):
            if folder.name == instrument_id:
                name = f"{site_folder.name}/{folder.name}"
                shelf.add(folder, name=name, shipped=False)
    if instrument_id not in shelf.definitions:
        raise UnknownInstrument(instrument_id)
    return shelf.definitions[instrument_id].instrument


def shipped_definitions() -> Mapping[str, Definition]:
    """Our own instruments by id, with the names of their lists of choices."""
    return MappingProxyType(_shipped().definitions)


def _shipped() -> "_Shelf":
    """Our own instruments on a shelf of the caller's."""
    ours = _ours()
    return _Shelf(dict(ours.definitions), dict(ours.wordings))


@cache
def _ours() -> "_Shelf":
    """Read once: what is shipped does not change while a program runs."""
    shelf = _Shelf()
    for folder in _folders(_SHIPPED, name="instruments"):
        shelf.add(folder, name=f"instruments/{folder.name}", shipped=True)
    return shelf


@dataclass(slots=True)
class _Shelf:
    """What has been read so far, in the order of reading."""

    definitions: dict[str, Definition] = field(default_factory=dict)
    wordings: dict[tuple[str, str], Wording] = field(default_factory=dict)
    changed: set[tuple[str, str]] = field(default_factory=set)

    def add(self, folder: Traversable, *, name: str, shipped: bool) -> None:
        """Reads one instrument's folder."""
        file = f"{name}/{_INSTRUMENT_FILE}"
        content = _content(folder / _INSTRUMENT_FILE, file=file)
        table = table_from_toml(content, file=file)
        if table.has("completes") and not shipped:
            self._complete(folder, name=name, content=content)
            return
        definition = definition_from_table(table, content=content)
        instrument = definition.instrument
        if instrument.id != folder.name:
            raise InstrumentFileError(file, "id", f"must be the folder's {folder.name}")
        if instrument.id in self.definitions:
            problem = "is already in the library; use `completes` to add to it"
            raise InstrumentFileError(file, "id", problem)
        check_instrument(instrument, file=file, origin="shipped" if shipped else "site")
        self.definitions[instrument.id] = definition
        for language, wording_file, text in _wordings(folder, name=name):
            if instrument.skeleton:
                problem = "must not be here: the wording of a skeleton is the site's"
                raise InstrumentFileError(wording_file, "file", problem)
            self._wording(definition, language, file=wording_file, content=text)
        self._take_titles(instrument.id)

    def _complete(self, folder: Traversable, *, name: str, content: bytes) -> None:
        """Adds a site's wording and numbers to an instrument that is here."""
        file = f"{name}/{_INSTRUMENT_FILE}"
        table = table_from_toml(content, file=file)
        base = self.definitions.get(table.text("completes"))
        if base is None or base.instrument.id != folder.name:
            raise table.refuse("completes", "must name the folder's known instrument")
        added = completion_from_table(table, base.instrument, content=content)
        check_instrument(added.instrument, file=file, origin="completion")
        definition = Definition(added.instrument, base.choices, file)
        for language, wording_file, text in _wordings(folder, name=name):
            if added.wording_sha256 is not None:
                vouched = added.wording_sha256.get(language)
                if vouched is None:
                    raise table.refuse(f"wording_sha256.{language}", "is missing")
                if vouched.lower() != sha256(text).hexdigest():
                    self.changed.add((folder.name, language))
                    continue
            self._wording(definition, language, file=wording_file, content=text)
        # Still a skeleton if no wording may be offered: then there is nothing to ask.
        has_words = any(each[0] == folder.name for each in self.wordings)
        instrument = replace(added.instrument, skeleton=not has_words)
        if not base.instrument.skeleton:
            instrument = base.instrument
        self.definitions[folder.name] = replace(definition, instrument=instrument)
        self._take_titles(folder.name)

    def _take_titles(self, instrument_id: str) -> None:
        """What the form is called in each language whose wording says so."""
        titles = tuple(
            (language, wording.short_title)
            for (name, language), wording in self.wordings.items()
            if name == instrument_id and wording.short_title
        )
        definition = self.definitions[instrument_id]
        instrument = replace(definition.instrument, titles=titles)
        self.definitions[instrument_id] = replace(definition, instrument=instrument)

    def _wording(
        self, definition: Definition, language: str, *, file: str, content: bytes
    ) -> None:
        key = (definition.instrument.id, language)
        if key in self.wordings:
            problem = "is already in the library; a wording is never replaced"
            raise InstrumentFileError(file, "language", problem)
        table = table_from_toml(content, file=file)
        self.wordings[key] = wording_from_table(
            table, definition, content=content, language=language
        )


def _folders(root: Traversable, *, name: str) -> list[Traversable]:
    """The instruments' folders, by name, so that errors come in a fixed order."""
    try:
        found = [each for each in root.iterdir() if not each.name.startswith(".")]
    except OSError:
        raise InstrumentFileError(name, "folder", "cannot be read") from None
    return sorted((each for each in found if each.is_dir()), key=lambda one: one.name)


def _wordings(folder: Traversable, *, name: str) -> Iterator[tuple[str, str, bytes]]:
    """Language, file name and content of each wording; other TOML is refused."""
    for each in sorted(folder.iterdir(), key=lambda one: one.name):
        if not each.name.endswith(".toml") or each.name == _INSTRUMENT_FILE:
            continue
        file = f"{name}/{each.name}"
        kind, _, language = each.name.removesuffix(".toml").partition(".")
        if kind != "wording" or not LANGUAGE.fullmatch(language):
            raise InstrumentFileError(file, "file", "is not wording.<language>.toml")
        yield language, file, _content(each, file=file)


def _content(source: Traversable, *, file: str) -> bytes:
    # One byte more than a file may have: enough to refuse it, however long it is.
    try:
        with source.open("rb") as opened:
            return opened.read(LARGEST_FILE + 1)
    except OSError:
        raise InstrumentFileError(file, "file", "cannot be read") from None
