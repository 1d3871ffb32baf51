"""What an export has come to, in a file beside its files, so that it can go on.

The file holds addresses that may work without a token: readable by its owner only.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ehr.bulk.errors import FolderUnusable
from ehr.bulk.manifest import ListedFile
from ehr.errors import JsonRefused
from ehr.wire.safe_json import safe_json

STATE: Final = "export.json"
_FORMAT: Final = "rom-on-fhir/bulk-export/1"
_FOLDERS: Final = {"output": "", "error": "errors", "deleted": "deleted"}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for.

    Attributes:
        tenant: name of the EHR.
        path: below its base: `Group/17/$export`, `Patient/$export`, `$export`.
        parameters: `_type`, `_typeFilter`, `_since`; a name may come again.
        post: send them as a Parameters resource.
        legal_basis: on which the site fetches these data.
    """

    tenant: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    post: bool
    legal_basis: str


@dataclass(frozen=True, slots=True)
class JobFile:
    """One file and how far it has come.

    Attributes:
        name: below the folder.
        etag: strong and of unencoded content, so that a rest can be asked for.
        lines: that it really has, once it is here.
        state: `differs`: whole, but not as many lines as the EHR stated.
        attempts: downloads from the first byte.
    """

    listed: ListedFile
    name: str
    etag: str | None = None
    lines: int | None = None
    state: str = "open"  # open, here, differs
    attempts: int = 0


@dataclass(slots=True)
class Job:
    """One export; `save` after each change that must not be forgotten."""

    folder: Path
    request: Request
    status_url: str | None = None
    transaction_time: str | None = None
    requires_token: bool = True
    files: list[JobFile] = field(default_factory=list)
    finished: bool = False

    def save(self) -> None:
        """Whole or not at all, whatever happens meanwhile."""
        table = {"format": _FORMAT} | {
            name: each for name, each in asdict(self).items() if name != "folder"
        }
        target, fresh = self.folder / STATE, self.folder / f"{STATE}.new"
        try:
            with open(os.open(fresh, _NEW, 0o600), "w", encoding="utf-8") as stream:
                json.dump(table, stream, indent=1)
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(target)
        except BaseException:
            fresh.unlink(missing_ok=True)  # a folder with nothing else can be used
            raise

    def update(self, number: int, **changes: Any) -> JobFile:
        """One file's new state, saved."""
        self.files[number] = replace(self.files[number], **changes)
        self.save()
        return self.files[number]

    def take(self, files: Sequence[ListedFile], *, transaction_time: str) -> None:
        """The files as listed now; what is here stays if only addresses are new."""
        before = [each.listed.meaning for each in self.files]
        same = self.transaction_time == transaction_time
        self.transaction_time = transaction_time
        if same and before == [each.meaning for each in files]:
            self.files = [
                replace(old, listed=new)
                for old, new in zip(self.files, files, strict=True)
            ]
            return
        # Another list is another snapshot: a mixture would lose or double lines.
        self.forget_files()
        numbers: dict[tuple[str, str], int] = {}
        for each in files:
            number = numbers[each.sort, each.kind] = (
                numbers.get((each.sort, each.kind), 0) + 1
            )
            place = Path(_FOLDERS[each.sort]) / f"{each.kind}.{number:04}.ndjson"
            self.files.append(JobFile(each, place.as_posix()))

    def forget_files(self) -> None:
        """Deletes what has been downloaded."""
        for each in self.files:
            for ending in ("", ".part", ".differs"):
                (self.folder / f"{each.name}{ending}").unlink(missing_ok=True)
        self.files = []


_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def opened_job(folder: Path, request: Request) -> Job:
    """The job of this folder: the one begun there, or a new one.

    Raises:
        FolderUnusable: another export was begun there, or the folder is not empty.
        OSError: it cannot be written.
    """
    begun = begun_job(folder)
    if begun is not None:
        if begun.request != request:
            raise FolderUnusable(
                f"{folder} holds another export ({begun.request.path} of"
                f" {begun.request.tenant}); take another folder, or repeat that"
                " command as it was to go on with it"
            )
        return begun
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FolderUnusable(f"{folder} is not empty; take a new folder")
    folder.chmod(0o700)
    job = Job(folder, request)
    job.save()
    return job


def begun_job(folder: Path) -> Job | None:
    """The job that was begun in this folder, None if there is none.

    Raises:
        FolderUnusable: its file cannot be read.
    """
    file = folder / STATE
    if not file.is_file():
        return None
    try:
        found: dict[str, Any] = dict(safe_json(file.read_bytes(), profile="ehr"))
        if found.pop("format") != _FORMAT:
            raise KeyError("format")
        asked = found.pop("request")
        asked["parameters"] = tuple((name, text) for name, text in asked["parameters"])
        files = [
            JobFile(**{**each, "listed": ListedFile(**each["listed"])})
            for each in found.pop("files")
        ]
        return Job(folder, Request(**asked), files=files, **found)
    except (JsonRefused, KeyError, TypeError, ValueError):
        raise FolderUnusable(
            f"{file} is not the state of an export by this version; take a new folder"
        ) from None
