"""A folder of NDJSON → columns and a report, over several processes.

Memory: one buffer for each process, and the readings of a piece; of all pieces, 41
bytes for each reading, unless they are handed on.
"""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ehr.bulk.errors import FolderUnusable, UnknownScore
from ehr.bulk.helpers import helpers
from ehr.bulk.scan import Columns, Scanned, Scanner, UnreadLine
from ehr.bulk.spans import Span, line_numbers, spans_of
from fhir_mapping.bulk_line import Kind, LeftOut, Wanted
from fhir_mapping.known_codes import known_codes
from fhir_mapping.unread import Reason
from questionnaires.library import load_library

KINDS: tuple[Kind, ...] = ("Observation", "QuestionnaireResponse")
SMALL = 64 * 1_048_576  # bytes below which starting processes costs more than it saves
SHARED_START: Final = "forkserver"
MOST_NAMED = 20  # unread lines that are named by file and line; all are counted


@dataclass(frozen=True, slots=True)
class Wish:
    """Which score is read; small enough to hand to another process.

    Attributes:
        instrument: its id.
        score: id of a score; None is the total.
        language: only readings in it ("de" takes "de-CH" too); None takes all.
        folders: of the site's own instruments.
    """

    instrument: str
    score: str | None = None
    language: str | None = None
    folders: tuple[Path, ...] = ()

    def wanted(self) -> Wanted:
        """With the library, as this process reads it.

        Raises:
            UnknownInstrument, UnknownScore: nothing of that id.
            InstrumentFileError: a file of the site's own folders is wrong.
        """
        library = load_library(self.folders)
        instrument = library.instrument(self.instrument)
        rules = {each.id: each for each in instrument.scores}
        name = self.score or next(iter(rules), "")
        if name not in rules:
            raise UnknownScore(instrument.id, tuple(rules))
        codes = known_codes(library)
        return Wanted(codes, instrument, rules[name], self.language, "und")


@dataclass(frozen=True, slots=True)
class UnreadAt:
    """Where a line stands that is, or may be, wanted and could not be used."""

    file: str
    line: int
    place: str
    reason: Reason


@dataclass(slots=True)
class Extraction:
    """What a folder holds of one score.

    Attributes:
        columns: of all readings, in no particular order, unless they were handed on.
        files: read, by name.
        lines: looked at.
        others: of them, about something else.
        unread: counts by type, place and reason.
        unread_at: the first of them in the order of files and lines.
        left_out: readable, and not wanted.
    """

    columns: Columns = field(default_factory=Columns)
    files: list[str] = field(default_factory=list)
    size: int = 0
    lines: int = 0
    unread: Counter[tuple[Kind, str, Reason]] = field(default_factory=Counter)
    unread_at: list[UnreadAt] = field(default_factory=list)
    left_out: Counter[LeftOut] = field(default_factory=Counter)
    estimated: int = 0
    others: int = 0


def extract(
    folder: Path,
    wish: Wish,
    *,
    processes: int = 2,
    kinds: Sequence[Kind] = KINDS,
    alone_below: int = SMALL,
    told: Callable[[int, int], None] = lambda _done, _size: None,
    take: Callable[[Columns], None] | None = None,
) -> Extraction:
    """Every reading of one score that these files hold.

    Args:
        folder: with `Observation*.ndjson`, `QuestionnaireResponse*.ndjson`.
        processes: 1 or more.
        alone_below: bytes; a smaller folder is read by this process alone.
        told: bytes done and bytes in all, as it goes on.
        take: what is done with the readings of each piece; else they are kept.

    Raises:
        UnknownInstrument, UnknownScore: see `Wish.wanted`.
        FolderUnusable: no such files, compressed ones, or a process that read them was
            ended from outside.
        OSError: a file cannot be read.
    """
    spans = spans_of(folder, kinds)
    found = Extraction()
    take = take or found.columns.add
    found.files = list(dict.fromkeys(each.file.name for each in spans))
    found.size = sum(each.end - each.start for each in spans)
    places: list[tuple[Path, UnreadLine]] = []
    done = 0
    alone = (
        processes == 1
        or found.size < alone_below
        or SHARED_START not in multiprocessing.get_all_start_methods()
    )
    keys = set()
    try:
        for scanned in _scanned(spans, wish, processes=0 if alone else processes):
            keys.add(scanned.key_seen)
            if len(keys) > 1:  # one person would become two
                raise BrokenProcessPool
            done += scanned.span.end - scanned.span.start
            _add(found, scanned)
            take(scanned.columns)
            places += [(scanned.span.file, each) for each in scanned.unread_at]
            told(done, found.size)
    except BrokenProcessPool:
        raise FolderUnusable(
            f"{folder}: a process that read it was ended from outside, as happens where"
            " memory is short; run the command again"
        ) from None
    found.unread_at = _named(places)
    return found


def _scanned(spans: Sequence[Span], wish: Wish, *, processes: int) -> Iterator[Scanned]:
    """Each piece once, in any order; without further processes in theirs."""
    if not processes:
        scanner = Scanner(wish.wanted())
        yield from map(scanner.scan, spans)
        return
    # Copies of one process that was started afresh: they share the key of its hashes,
    # and hold no lock of a thread of ours.
    with helpers(
        processes, start=SHARED_START, begin=_begin, arguments=(wish,)
    ) as pool:
        waiting = {pool.submit(_scan, each) for each in spans}
        for each in as_completed(waiting):
            waiting.discard(each)  # what it holds is needed once
            yield each.result()


_scanner: Scanner | None = None  # of a process that only reads pieces


def _begin(wish: Wish) -> None:
    global _scanner
    _scanner = Scanner(wish.wanted())


def _scan(span: Span) -> Scanned:
    assert _scanner is not None
    return _scanner.scan(span)


def _add(found: Extraction, scanned: Scanned) -> None:
    found.lines += scanned.lines
    found.left_out += scanned.left_out
    found.estimated += scanned.estimated
    found.others += scanned.others
    for (place, reason), count in scanned.unread.items():
        found.unread[scanned.span.kind, place, reason] += count


def _named(places: list[tuple[Path, UnreadLine]]) -> list[UnreadAt]:
    first = sorted(places, key=lambda each: (each[0].name, each[1].offset))
    named = []
    for file in dict.fromkeys(file for file, _ in first[:MOST_NAMED]):
        lines = [line for other, line in first[:MOST_NAMED] if other == file]
        numbers = line_numbers(file, [each.offset for each in lines])
        named += [
            UnreadAt(file.name, number, each.place, each.reason)
            for number, each in zip(numbers, lines, strict=True)
        ]
    return named
