"""An export, patient by patient: where each one's lines stand, and those lines read.

Of every line only its place is kept, so memory grows with the number of lines and not
with what stands in them. A line that nobody can be named for is told, not dropped.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ehr.bulk.errors import FolderUnusable
from ehr.bulk.job import STATE
from ehr.bulk.spans import LONGEST_LINE, blocks_between, line_numbers
from ehr.errors import JsonRefused
from ehr.wire.safe_json import safe_json
from ehr.wire.typed_json import checked_text
from fhir_mapping.appointments import APPOINTMENT
from fhir_mapping.errors import UnreadableResource, plausible_type
from fhir_mapping.history import PATIENT, patient_of
from fhir_mapping.plan_review import TASK
from fhir_mapping.r4.reading import (
    BundleReading,
    Resource,
    bundle_from_bytes,
    resource_from_bytes,
)
from fhir_mapping.r4.references import reference_parts
from fhir_mapping.unread import Unread
from fhir_mapping.visits import ENCOUNTER, VisitWish, begun_visit

LOOKED_AT = frozenset(
    {"Observation", "QuestionnaireResponse", APPOINTMENT, TASK, PATIENT}
)
MOST_NAMED = 20  # lines about nobody that are named by file and line; all are counted
_WHOLE_FILE = -1  # in place of a length: a Bundle


@dataclass(frozen=True, slots=True)
class NamedLine:
    """Where something stands that could not be used."""

    file: str
    line: int
    place: str
    reason: str


@dataclass(slots=True)
class Charts:
    """Whose lines stand where.

    Attributes:
        visits: the encounters that are looked at; None where none is.
        left: files and folders beside them that are not read.
        places: patient -> file, offset, length; of each line in turn.
        encounters: readable ones, whether they count or not.
        others: lines of types that nobody asked for, by type.
        nobodys: lines that could not be read, or say nobody's name, by type and why;
            of encounters also somebody's.
        nobodys_at: the first of them.
    """

    files: tuple[Path, ...]
    visits: VisitWish | None = None
    left: tuple[str, ...] = ()
    places: dict[str, "array[int]"] = field(default_factory=dict)
    lines: int = 0
    encounters: int = 0
    others: Counter[str] = field(default_factory=Counter)
    nobodys: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    nobodys_at: list[NamedLine] = field(default_factory=list)

    def looks_at(self, kind: str) -> bool:
        """Whether lines of this type, or of none that can be told, matter."""
        if kind == ENCOUNTER:
            return self.visits is not None
        return kind in LOOKED_AT or kind == "Resource"


def charts_in(
    export: Path,
    *,
    visits: VisitWish | None = None,
    told: Callable[[int, int], None] = lambda _done, _size: None,
) -> Charts:
    """Every line of an export, sorted by patient.

    Args:
        export: a file, or a folder with `*.ndjson` and Bundles (`*.json`).
        visits: the encounters that are wished for; without, none is looked at.
        told: bytes done and bytes in all, as it goes on.

    Raises:
        FolderUnusable: there is no such file, one is compressed or not a Bundle, or no
            encounter is there although they are wished for.
        OSError: a file cannot be read.
    """
    found = _files(export, visits)
    size, done = sum(each.stat().st_size for each in found.files), 0
    for number, file in enumerate(found.files):
        if file.suffix == ".json":
            _index_bundle(found, number)
        else:
            for reached in _index_lines(found, number):
                told(done + reached, size)
        done += file.stat().st_size
        told(done, size)
    if visits and not found.encounters:
        raise FolderUnusable(
            f"{export} holds no Encounter that can be read: fetch it too, with rom bulk"
            " export --type Encounter beside the other types"
        )
    return found


class ChartReader:
    """Reads one patient's lines after the other's; keeps the last Bundle it met."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._bundle: tuple[int, BundleReading] | None = None

    def chart(
        self, patient: str, places: "array[int]"
    ) -> tuple[list[Resource], list[Unread]]:
        """Resources of this patient, and what of theirs is not readable as FHIR.

        Raises:
            OSError: a file is gone.
        """
        resources: list[Resource] = []
        unread: list[Unread] = []
        pieces: dict[int, list[tuple[int, int]]] = {}
        for at in range(0, len(places), 3):
            number, offset, length = places[at : at + 3]
            pieces.setdefault(number, []).append((offset, length))
        for number, of_file in pieces.items():
            if of_file[0][1] == _WHOLE_FILE:
                whole = self._whole(number).resources
                resources += [each for each in whole if patient_of(each) == patient]
                continue
            for line in _lines_at(self._files[number], of_file):
                try:
                    resources.append(_resource(line))
                except UnreadableResource as error:
                    kind = error.resource_type
                    unread.append(Unread(kind, "", error.place, error.reason))
        return resources, unread

    def _whole(self, number: int) -> BundleReading:
        if self._bundle is None or self._bundle[0] != number:
            self._bundle = number, _bundle(self._files[number])
        return self._bundle[1]


def _files(export: Path, visits: VisitWish | None) -> Charts:
    everything = sorted(export.iterdir()) if export.is_dir() else [export]
    # What `rom bulk export` keeps for itself beside its files is no Bundle.
    names = [each for each in everything if each.name != STATE]
    packed = [each for each in names if each.suffix == ".gz"]
    if packed:
        raise FolderUnusable(
            f"{packed[0].name} is compressed: unpack it first (gunzip)"
        )
    usable = [
        each for each in names if each.is_file() and each.suffix in (".ndjson", ".json")
    ]
    if not usable:
        raise FolderUnusable(
            f"{export} holds no *.ndjson and no *.json: name the folder of an export,"
            " or one file"
        )
    return Charts(
        tuple(usable),
        visits,
        left=tuple(each.name for each in names if each not in usable),
    )


def _lines_at(file: Path, pieces: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    with file.open("rb") as stream:
        for offset, length in pieces:
            stream.seek(offset)
            yield stream.read(length)


def _index_lines(found: Charts, number: int) -> Iterator[int]:
    """Sorts a file's lines; gives how many bytes are done."""
    file = found.files[number]
    lost: list[tuple[int, UnreadableResource]] = []
    for block in blocks_between(file, 0, file.stat().st_size):
        offset = block.offset
        for line in block.lines:
            found.lines += 1
            try:
                _place(found, line, number, offset=offset)
            except UnreadableResource as error:
                key = (error.resource_type, error.place, error.reason)
                found.nobodys[key] += 1
                if len(lost) + len(found.nobodys_at) < MOST_NAMED:
                    lost.append((offset, error))
            offset += len(line or b"") + 1
        yield offset
    numbers = line_numbers(file, [offset for offset, _ in lost])
    found.nobodys_at += [
        NamedLine(file.name, line, error.place, error.reason)
        for line, (_, error) in zip(numbers, lost, strict=True)
    ]


def _place(found: Charts, line: bytes | None, number: int, *, offset: int) -> None:
    """Keeps where the line is, under whose it is.

    Raises:
        UnreadableResource: it is nobody's that we know, or an encounter that cannot be
            used; of what else cannot be used its reader will tell.
    """
    if line is None:
        raise UnreadableResource("", "")
    if not line.strip():
        found.lines -= 1
        return
    try:
        resource = _resource(line)
        kind, patient = plausible_type(resource.resource_type), patient_of(resource)
    except UnreadableResource as error:
        kind, patient = error.resource_type, _patient_by_hand(line)
        if found.looks_at(kind) and (patient is None or kind == ENCOUNTER):
            raise
    if not found.looks_at(kind):
        found.others[kind] += 1
        return
    if patient is None:
        raise UnreadableResource(kind, _names_patient(kind))
    kept = found.places.setdefault(patient, array("q"))
    kept.extend((number, offset, len(line)))
    if kind == ENCOUNTER and found.visits:
        found.encounters += 1
        begun_visit(resource, found.visits)


def _index_bundle(found: Charts, number: int) -> None:
    file = found.files[number]
    reading = _bundle(file)
    found.lines += len(reading.resources) + len(reading.unread)
    whose: dict[str, None] = {}
    for each in reading.resources:
        kind, patient = plausible_type(each.resource_type), patient_of(each)
        if not found.looks_at(kind):
            found.others[kind] += 1
        elif patient is None:
            found.nobodys[kind, _names_patient(kind), "malformed"] += 1
        else:
            whose[patient] = None
            if kind == ENCOUNTER and found.visits:
                found.encounters += 1
                try:
                    begun_visit(each, found.visits)
                except UnreadableResource as error:
                    found.nobodys[kind, error.place, error.reason] += 1
    for lost in reading.unread:
        if lost.resource_type == ENCOUNTER and not found.visits:
            found.others[ENCOUNTER] += 1
        else:
            found.nobodys[lost.resource_type, lost.place, lost.reason] += 1
    for patient in whose:
        kept = found.places.setdefault(patient, array("q"))
        kept.extend((number, 0, _WHOLE_FILE))


def _bundle(file: Path) -> BundleReading:
    with file.open("rb") as stream:
        body = stream.read(LONGEST_LINE + 1)
    try:
        return bundle_from_bytes(checked_text(body, profile="ehr"))
    except (JsonRefused, UnreadableResource):
        raise FolderUnusable(
            f"{file.name} is no FHIR Bundle of at most {LONGEST_LINE} bytes: take it"
            " out of the folder, or write it as NDJSON"
        ) from None


def _resource(line: bytes) -> Resource:
    try:
        return resource_from_bytes(checked_text(line, profile="ehr"))
    except JsonRefused as error:
        place = "" if error.place.startswith("byte ") else error.place
        raise UnreadableResource("", place) from None


def _names_patient(kind: str) -> str:
    """The place that says whose a resource of this type is."""
    return {
        APPOINTMENT: "participant.actor",
        TASK: "for",
        PATIENT: "id",
        "Resource": "resourceType",
    }.get(kind, "subject")


def _patient_by_hand(line: bytes) -> str | None:
    """Whose a line is that does not fit our structures; None if that is not to see."""
    try:
        told = safe_json(line, profile="ehr")
    except JsonRefused:
        return None
    about = told.get("subject") if isinstance(told, dict) else None
    reference = about.get("reference") if isinstance(about, dict) else None
    parts = reference_parts(reference) if isinstance(reference, str) else None
    return parts[1] if parts and parts[0] == PATIENT else None
