"""The list of files of a finished export job, as the EHR states it.

Source:
    FHIR Bulk Data Access 2.0.0 and 3.0.0, "Response - Complete Status"; of 4.0.0-ballot
    the name `outcome` for `error`.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from ehr.bulk.errors import ExportFailed
from ehr.errors import JsonRefused
from ehr.wire.safe_json import safe_json

Sort = Literal["output", "error", "deleted"]
MOST_FILES: Final = 100_000

_SORTS: Final[tuple[tuple[str, Sort], ...]] = (
    ("output", "output"),
    ("error", "error"),
    ("outcome", "error"),
    ("deleted", "deleted"),
)
_TYPE: Final = re.compile(r"[A-Z][A-Za-z]{1,60}")


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file that the EHR offers.

    Attributes:
        kind: FHIR type of its lines.
        count: of its lines, if the EHR states one.
    """

    sort: Sort
    kind: str
    url: str
    count: int | None

    @property
    def meaning(self) -> tuple[Sort, str, int | None]:
        """What stays when only the address is renewed."""
        return self.sort, self.kind, self.count


@dataclass(frozen=True, slots=True)
class Manifest:
    """One page of the list.

    Attributes:
        transaction_time: as stated; the `_since` of the next export.
        requires_token: whether files are asked for with our token.
        next_url: of a further page.
    """

    transaction_time: str
    requires_token: bool
    files: tuple[ListedFile, ...]
    next_url: str | None


def manifest_from(body: bytes) -> Manifest:
    """A page of the list.

    Raises:
        ExportFailed: it is not one; names the place, never an address from it.
    """
    try:
        found = safe_json(body, profile="ehr")
    except JsonRefused as error:
        raise _refused(error.place) from None
    time, token = found.get("transactionTime"), found.get("requiresAccessToken")
    if not isinstance(time, str) or not time:
        raise _refused("transactionTime")
    if not isinstance(token, bool):
        raise _refused("requiresAccessToken")
    if "output" not in found:
        raise _refused("output")
    files: list[ListedFile] = []
    for name, sort in _SORTS:
        entries = found.get(name, [])
        if not isinstance(entries, list) or len(entries) > MOST_FILES:
            raise _refused(name)
        files += [
            _file(each, sort, f"{name}[{number}]")
            for number, each in enumerate(entries)
        ]
    return Manifest(time, token, tuple(files), _next(found.get("link", [])))


def _file(entry: object, sort: Sort, place: str) -> ListedFile:
    if not isinstance(entry, dict):
        raise _refused(place)
    kind, url, count = entry.get("type"), entry.get("url"), entry.get("count")
    if kind is None and sort != "output":
        kind = "OperationOutcome" if sort == "error" else "Bundle"
    # The type becomes part of a file's name here.
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise _refused(f"{place}.type")
    if not isinstance(url, str):
        raise _refused(f"{place}.url")
    if count is not None and (type(count) is not int or count < 0):
        raise _refused(f"{place}.count")
    return ListedFile(sort, kind, url, count)


def _next(links: object) -> str | None:
    if not isinstance(links, list):
        raise _refused("link")
    for each in links:
        if isinstance(each, dict) and each.get("relation") == "next":
            url = each.get("url")
            if not isinstance(url, str):
                raise _refused("link.url")
            return url
    return None


def _refused(place: str) -> ExportFailed:
    return ExportFailed(
        f"the EHR's list of files is not readable at {place}; tell the EHR's operator"
    )
