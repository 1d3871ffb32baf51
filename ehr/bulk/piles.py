"""Rows sorted into piles by a hash, so that what belongs together comes together.

Some rows stay in memory. If there are more, all go to an unnamed file among the
temporary ones: nobody else can open it, and it is gone when the process ends, however
that happens.
"""

import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, Literal, NoReturn

import numpy as np

from clinical.norms.courses import FOUND, FoundArray
from ehr.bulk.errors import FolderUnusable

HELD = 131_072  # rows that are in memory at a time: 5 MB, and as much to sort them
_BITS = 11  # of a hash that name its bucket: enough for a terabyte of export
_BUCKETS = 1 << _BITS


class Piles:
    """Takes rows in any order; gives them back a pile at a time.

    Memory: a few times the rows of a pile, which are `held` or those of one bucket, and
    8 KB for each `held` rows on disk.
    """

    def __init__(self, key: Literal["patient", "record"], *, held: int = HELD) -> None:
        self._key, self._held = key, held
        self._waiting: list[FoundArray] = []
        self._n_waiting = 0
        self._file: IO[bytes] | None = None
        # Of each part of the file: where it begins, and where in it each bucket does.
        self._parts: list[tuple[int, np.ndarray]] = []
        self._n_written = 0

    def close(self) -> None:
        """Gives the disk back."""
        if self._file is not None:
            self._file.close()

    def add(self, rows: FoundArray) -> None:
        """These rows too.

        Raises:
            FolderUnusable: there is no room for temporary files.
        """
        self._waiting.append(rows)
        self._n_waiting += len(rows)
        if self._n_waiting >= self._held:
            self._write()

    def piles(self) -> Iterator[FoundArray]:
        """All rows, those of one hash in one pile; hashes ascend from pile to pile.

        There is at least one pile; it may be empty.

        Raises:
            FolderUnusable: there is no room for temporary files.
        """
        if self._file is None:
            yield _together(self._waiting)
            return
        self._write()
        sizes = np.zeros(_BUCKETS, dtype=np.int64)
        for _, edges in self._parts:
            sizes += np.diff(edges)
        for first, last in _grouped(sizes.tolist(), self._held):
            yield _together(
                [
                    self._read(start + int(edges[first]), start + int(edges[last]))
                    for start, edges in self._parts
                ]
            )

    def _write(self) -> None:
        rows = _together(self._waiting)
        self._waiting.clear()
        self._n_waiting = 0
        bucket = (rows[self._key] >> np.uint64(64 - _BITS)).astype(np.uint16)
        edges = np.zeros(_BUCKETS + 1, dtype=np.uint32)
        edges[1:] = np.cumsum(np.bincount(bucket, minlength=_BUCKETS))
        rows = np.take(rows, np.argsort(bucket, kind="stable"))
        left = rows.view(np.uint8).data
        try:
            if self._file is None:
                # Without a buffer: what cannot be written is said here, not later.
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # `close` does
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            _no_room(error)
        self._parts.append((self._n_written, edges))
        self._n_written += len(rows)

    def _read(self, start: int, stop: int) -> FoundArray:
        assert self._file is not None
        self._file.seek(start * FOUND.itemsize)
        return np.fromfile(self._file, dtype=FOUND, count=stop - start)


def _together(rows: Sequence[FoundArray]) -> FoundArray:
    return np.concatenate([np.empty(0, dtype=FOUND), *rows])


def _grouped(sizes: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """Buckets in a row of at most so many rows, or one that has more."""
    first = rows = 0
    for bucket, size in enumerate(sizes):
        if rows and size and rows + size > most:
            yield first, bucket
            first, rows = bucket, 0
        rows += size
    yield first, len(sizes)


def _no_room(error: OSError) -> NoReturn:
    place = tempfile.tempdir or "the folder of temporary files"
    raise FolderUnusable(
        f"{place}: no room for the readings of this export ({error.strerror}): each"
        f" takes {2 * FOUND.itemsize} bytes there. Make room, or name another folder in"
        " TMPDIR"
    ) from None
