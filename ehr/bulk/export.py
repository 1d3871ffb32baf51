"""An export from kick-off to the last file, and on from wherever it was interrupted.

Source:
    FHIR Bulk Data Access 2.0.0 and 3.0.0 (asynchronous pattern).
"""

from dataclasses import dataclass
from typing import Final

from ehr.bulk.door import Door
from ehr.bulk.download import Download, LinkExpired
from ehr.bulk.errors import ExportFailed
from ehr.bulk.job import Job
from ehr.bulk.manifest import ListedFile, Manifest, manifest_from
from ehr.errors import AccessExpired, EhrRefused, EhrUnreachable
from fhir_mapping.r4.json import Json, json_bytes

FHIR_JSON: Final = "application/fhir+json"
MOST_POLLS: Final = 10_000
MOST_PAGES: Final = 1_000
MOST_RENEWALS: Final = 5  # times that addresses expire before files are here
_JOB_GONE: Final = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Summary:
    """What an export has brought.

    Attributes:
        transaction_time: the `_since` of the next one.
        differing: files that stay another number of lines than the EHR states.
        errors, deleted: lines in files of that sort.
    """

    transaction_time: str
    files: int
    lines: int
    differing: tuple[str, ...]
    errors: int
    deleted: int


class Export:
    """One job at one EHR."""

    def __init__(self, job: Job, door: Door, *, base: str) -> None:
        self._job = job
        self._door = door
        self._base = base.rstrip("/")

    def run(self) -> Summary:
        """Begins the export, or goes on with it, until every file is here.

        Raises:
            ExportFailed: it cannot be completed.
            EhrUnreachable, EhrRefused, AccessExpired: nothing of what is here is
                lost; the same call goes on.
            OSError: our disk.
        """
        if not self._job.finished:
            self._bring_files()
            self._job.finished = True
            self._job.save()
            self._tell_done()
        return self._summary()

    def cancel(self) -> bool:
        """Ends the job at the EHR; whether the EHR knew it. Files here stay."""
        url = self._job.status_url
        if url is None:
            return False
        answer = self._door.ask(
            "DELETE", url, headers={"Accept": FHIR_JSON}, final=_JOB_GONE
        )
        self._job.status_url = None
        self._job.save()
        return answer.status not in _JOB_GONE

    def _bring_files(self) -> None:
        renewals = 0
        listed = bool(self._job.files) or self._job.transaction_time is not None
        while True:
            if not listed:
                self._list_files()
                listed = True
            try:
                self._download_all()
                return
            except LinkExpired:
                renewals += 1
                if renewals > MOST_RENEWALS:
                    raise ExportFailed(
                        "addresses of files expire faster than the files come; ask"
                        " the EHR's operator for a longer life, or for smaller types"
                    ) from None
                self._door.told("an address has expired; asking for a new list")
                listed = False

    def _download_all(self) -> None:
        download, number = Download(self._job, self._door), 0
        for number, each in enumerate(self._job.files, 1):
            if each.state == "open":
                self._door.told(f"file {number} of {len(self._job.files)}: {each.name}")
                download.file(number - 1)

    def _list_files(self) -> None:
        manifest = self._wait()
        if manifest is None:
            self._door.told("the EHR has forgotten the job; beginning anew")
            # What another job finds is another snapshot: nothing of this one stays.
            self._job.forget_files()
            self._job.status_url = None
            manifest = self._wait()
        assert manifest is not None  # a fresh job is known, or _wait has raised
        files: list[ListedFile] = list(manifest.files)
        url, pages = manifest.next_url, 1
        while url is not None:
            if pages == MOST_PAGES:
                raise ExportFailed("the EHR's list of files does not end")
            page = manifest_from(
                self._door.ask("GET", url, headers={"Accept": "application/json"}).body
            )
            files += page.files
            url, pages = page.next_url, pages + 1
        self._job.take(files, transaction_time=manifest.transaction_time)
        self._job.requires_token = manifest.requires_token
        self._job.save()

    def _wait(self) -> Manifest | None:
        """The list once the job is done; None if the EHR does not know a job (now).

        Raises:
            ExportFailed: a job that has just been begun is not known either.
        """
        fresh = self._job.status_url is None
        url = self._job.status_url or self._kick_off()
        for turn in range(MOST_POLLS):
            answer = self._door.ask(
                "GET", url, headers={"Accept": "application/json"}, final=_JOB_GONE
            )
            if answer.status in _JOB_GONE:
                if fresh:
                    raise ExportFailed(
                        "the EHR does not know the job it has just begun; tell its"
                        " operator"
                    )
                return None
            if answer.status == 200:
                return manifest_from(answer.body)
            if answer.status != 202:
                raise EhrRefused(answer.status)
            self._door.told(f"waiting: {_shown(answer.headers.get('x-progress'))}")
            self._door.pause(answer.headers.get("retry-after"), turn)
        raise ExportFailed("the EHR does not finish the job; cancel it and ask why")

    def _kick_off(self) -> str:
        request = self._job.request
        headers = {"Accept": FHIR_JSON, "Prefer": "respond-async"}
        url = f"{self._base}/{request.path}"
        if request.post:
            answer = self._door.ask(
                "POST",
                url,
                headers={**headers, "Content-Type": FHIR_JSON},
                body=json_bytes(_parameters(request.parameters)),
            )
        else:
            answer = self._door.ask(
                "GET", url, headers=headers, params=list(request.parameters)
            )
        place = answer.headers.get("content-location")
        if answer.status != 202 or not place:
            raise ExportFailed(
                f"the EHR answers the export with HTTP {answer.status} and names no"
                " job (Content-Location); does it offer this export?"
            )
        self._job.status_url = place
        self._job.save()
        return place

    def _tell_done(self) -> None:
        """The EHR may delete its files now; if it cannot be told, they expire."""
        try:
            self.cancel()
        except (EhrRefused, EhrUnreachable, AccessExpired, ExportFailed):
            self._door.told("the EHR was not told that its files can be deleted")

    def _summary(self) -> Summary:
        def lines(sort: str) -> int:
            return sum(
                each.lines or 0 for each in self._job.files if each.listed.sort == sort
            )

        return Summary(
            transaction_time=self._job.transaction_time or "",
            files=len(self._job.files),
            lines=lines("output"),
            differing=tuple(
                each.name for each in self._job.files if each.state == "differs"
            ),
            errors=lines("error"),
            deleted=lines("deleted"),
        )


def _parameters(pairs: tuple[tuple[str, str], ...]) -> Json:
    kinds = {"_since": "valueInstant"}
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": name, kinds.get(name, "valueString"): text} for name, text in pairs
        ],
    }


def _shown(progress: str | None) -> str:
    """What an EHR says about its progress, short and printable."""
    text = "".join(each for each in progress or "" if each.isprintable())
    return text[:100] or "the EHR works on it"
