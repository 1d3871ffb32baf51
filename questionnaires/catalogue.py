"""What is here of each instrument: in full, as structure, or brought by the clinic."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from questionnaires.library import Library

# skeleton: structure without wording; completed: the clinic brought the wording;
# own: an instrument that the clinic brought as a whole.
Shipped = Literal["full", "skeleton", "completed", "own"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One instrument of the library, in a line.

    Attributes:
        languages: of the wordings that can be offered, sorted (BCP 47).
        changed: languages whose wording is not the one the clinic vouched for.
        rights: licence class, A to D or "own".
    """

    id: str
    version: str
    title: str
    shipped: Shipped
    languages: tuple[str, ...]
    changed: tuple[str, ...]
    rights: str


def catalogue(library: Library, *, shipped: Library) -> tuple[Entry, ...]:
    """Every instrument, by id.

    Args:
        library: with the clinic's folders.
        shipped: the same without them, to tell what the clinic brought.
    """
    return tuple(
        Entry(
            id=name,
            version=each.version,
            title=each.title,
            shipped=_shipped(name, library=library, shipped=shipped),
            languages=_languages(name, library.wordings),
            changed=_languages(name, library.changed),
            rights=each.licence.kind,
        )
        for name, each in sorted(library.instruments.items())
    )


def _languages(name: str, wordings: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(language for one, language in wordings if one == name))


def _shipped(name: str, *, library: Library, shipped: Library) -> Shipped:
    if name not in shipped.instruments:
        return "own"
    if library.instruments[name].skeleton:
        return "skeleton"
    return "completed" if shipped.instruments[name].skeleton else "full"
