"""One file of an export onto our disk: whole, once, and counted.

A file gets its name only when it is whole: as many lines as the EHR stated, or, where
it stated none, a last line that is complete. Until then it is `….part`, and one whose
number of lines stays another is kept as `….differs`, which nobody reads by accident.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from ehr.bulk.door import Door
from ehr.bulk.job import Job, JobFile
from ehr.errors import EhrUnreachable
from ehr.wire.egress import Answer

NDJSON: Final = "application/fhir+ndjson"
GONE: Final = frozenset({403, 404, 410})
MOST_ATTEMPTS: Final = 3  # whole downloads of a file whose lines are not as stated
_BLOCK: Final = 1_048_576

_STRONG: Final = re.compile(r'"[!#-~]{0,200}"')
_RANGE: Final = re.compile(r"bytes (\d{1,18})-\d{1,18}/(?:\d{1,18}|\*)")


class LinkExpired(Exception):
    """The address of a file is no longer good; a new list may hold another."""


class Download:
    """Files of one job.

    Args:
        job: is saved whenever a file has changed its state.
    """

    def __init__(self, job: Job, door: Door) -> None:
        self._job = job
        self._door = door

    def file(self, number: int) -> JobFile:
        """Brings one file here, or what is left of it.

        Raises:
            LinkExpired: the EHR no longer knows the address.
            EhrUnreachable, EhrRefused, AccessExpired, ExportFailed: as `Door.fetch`;
                what is here stays for the next time.
        """
        found = self._job.files[number]
        while found.state == "open":
            found = self._one_attempt(number)
        return found

    def _one_attempt(self, number: int) -> JobFile:
        found = self._job.files[number]
        part = self._job.folder / f"{found.name}.part"
        part.parent.mkdir(mode=0o700, exist_ok=True)
        with _Part(part, self._job, number) as piece:
            answer = self._door.fetch(
                found.listed.url,
                headers=piece.headers,
                opened=piece.opened,
                token_needed=self._job.requires_token,
                final=GONE | {416},
            )
        if answer.status in GONE:
            raise LinkExpired
        if answer.status == 416:  # nothing is left to send, or it is another file now
            piece.begin_anew()
            return self._counted_attempt(number)
        lines, complete = count_lines(part)
        stated = found.listed.count
        if complete and stated in (None, lines):
            part.replace(self._job.folder / found.name)
            return self._job.update(number, state="here", lines=lines)
        self._door.told(
            f"{found.name}: {lines} lines where the EHR states {stated}"
            if complete
            else f"{found.name}: ends in the middle of a line"
        )
        tried = self._counted_attempt(number)
        if tried.attempts < MOST_ATTEMPTS:
            piece.begin_anew()
            return tried
        part.replace(self._job.folder / f"{found.name}.differs")
        return self._job.update(number, state="differs", lines=lines)

    def _counted_attempt(self, number: int) -> JobFile:
        attempts = self._job.files[number].attempts + 1
        if attempts > MOST_ATTEMPTS:
            raise EhrUnreachable("a file that is never whole")
        return self._job.update(number, attempts=attempts)


class _Part:
    """The part of a file that is here, across all tries of one attempt."""

    def __init__(self, path: Path, job: Job, number: int) -> None:
        self._path = path
        self._job = job
        self._number = number
        self._stream: BinaryIO | None = None

    def __enter__(self) -> "_Part":
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        self._stream = open(descriptor, "r+b")  # closed in __exit__
        return self

    def __exit__(self, *_: object) -> None:
        assert self._stream is not None
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._stream = None

    def headers(self) -> dict[str, str]:
        """What to ask for: the rest, if we can be sure that it is the same file."""
        assert self._stream is not None
        self._stream.flush()
        size = self._stream.seek(0, os.SEEK_END)
        etag = self._job.files[self._number].etag
        asked = {"Accept": NDJSON}
        if size and etag is not None:
            asked |= {
                "Range": f"bytes={size}-",
                "If-Range": etag,
                "Accept-Encoding": "identity",
            }
        return asked

    def opened(self, head: Answer) -> Callable[[bytes], object]:
        """Where the content goes: behind what is here, or in its place."""
        assert self._stream is not None
        size = self._stream.seek(0, os.SEEK_END)
        if head.status == 206:
            found = _RANGE.fullmatch(head.headers.get("content-range", ""))
            if found is not None and int(found[1]) == size:
                return self._stream.write
            self.begin_anew()
            raise EhrUnreachable("another part of the file than asked for")
        self._stream.seek(0)
        self._stream.truncate()
        self._job.update(self._number, etag=_etag(head))
        return self._stream.write

    def begin_anew(self) -> None:
        """Forgets the part."""
        if self._stream is not None:
            self._stream.seek(0)
            self._stream.truncate()
        else:
            self._path.unlink(missing_ok=True)
        self._job.update(self._number, etag=None)


def count_lines(file: Path) -> tuple[int, bool]:
    """How many lines a file has, empty ones left out, and whether the last is whole."""
    lines, held, last = 0, False, b"\n"
    with file.open("rb") as stream:
        while piece := stream.readline(_BLOCK):
            held = held or bool(piece.strip())
            last = piece
            if piece.endswith(b"\n"):
                lines, held = lines + held, False
    return lines + held, last.endswith(b"\n") or last.rstrip().endswith(b"}")


def _etag(head: Answer) -> str | None:
    """An ETag that proves the rest of a file to be the rest of this one."""
    if "content-encoding" in head.headers:
        return None  # bytes of the encoded file: a rest cannot be decoded alone
    found = head.headers.get("etag", "")
    return found if _STRONG.fullmatch(found) else None
