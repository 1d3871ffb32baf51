"""Reading FHIR JSON kindly and fast: only the fields we use, each resource by itself.

A chart is decoded in one go. Only if that fails is each resource decoded alone, so
that one malformed entry costs itself and nothing else. Fields that are not named here
(vendor extensions, narrative) are skipped unread. msgspec's own messages may quote the
body, so only the place is taken from them.

The text itself (UTF-8, forbidden escapes, size, depth) is checked at the door, in
`ehr.wire.typed_json`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from fhir_mapping.errors import UnreadableResource, plausible_type
from fhir_mapping.r4.references import type_of
from fhir_mapping.unread import Unread


class _Part(msgspec.Struct, gc=False, rename="camel"):
    pass


class Coding(_Part):
    system: str | None = None
    version: str | None = None
    code: str | None = None
    extension: tuple["Extension", ...] = ()


class CodeableConcept(_Part):
    coding: tuple[Coding, ...] = ()
    text: str | None = None


class Quantity(_Part):
    value: Decimal | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Reference(_Part):
    reference: str | None = None


class Identifier(_Part):
    system: str | None = None
    value: str | None = None


class Period(_Part):
    start: str | None = None
    end: str | None = None


class Extension(_Part):
    url: str = ""
    value_decimal: Decimal | None = None
    value_string: str | None = None
    value_code: str | None = None
    value_date_time: str | None = None


class Meta(_Part):
    version_id: str | None = None
    last_updated: str | None = None


class HumanName(_Part):
    use: str | None = None
    text: str | None = None
    family: str | None = None
    given: tuple[str | None, ...] = ()


class Communication(_Part):
    language: CodeableConcept | None = None
    preferred: bool | None = None


class Answer(_Part):
    value_coding: Coding | None = None
    value_integer: int | None = None
    value_decimal: Decimal | None = None
    value_string: str | None = None
    extension: tuple[Extension, ...] = ()
    item: tuple["Item", ...] = ()


class Item(_Part):
    """An item of a QuestionnaireResponse."""

    link_id: str = ""
    answer: tuple[Answer, ...] = ()
    item: tuple["Item", ...] = ()
    modifier_extension: tuple[Extension, ...] = ()


class Restriction(_Part):
    period: Period | None = None


class Parameter(_Part):
    """An input or output of a Task."""

    type: CodeableConcept | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_boolean: bool | None = None
    value_code: str | None = None


class Seat(_Part):
    """One who takes part in an Appointment. Only a patient's name is kept."""

    who: Reference | None = msgspec.field(name="actor", default=None)

    def __post_init__(self) -> None:
        if self.who and type_of(self.who.reference) != "Patient":
            self.who = None


class Team(Reference):
    """The organisation that held an Encounter. No other name is kept."""

    display: str | None = None

    def __post_init__(self) -> None:
        if type_of(self.reference) != "Organization":
            self.reference = self.display = None


class Carer(Reference):
    """Who answered, if it was a carer. No other name is kept; there are many."""

    def __post_init__(self) -> None:
        if self.reference is None or "RelatedPerson/" not in self.reference:
            self.reference = None


class OutcomeIssue(_Part):
    severity: str = ""
    code: str = ""
    details: CodeableConcept | None = None


class Resource(_Part):
    """The fields we read of Observation, QuestionnaireResponse, Patient and others.

    Attribute names are FHIR's in snake_case; absent is None or an empty tuple.
    """

    resource_type: str = ""
    id: str = ""
    status: str | None = None
    meta: Meta | None = None
    implicit_rules: str | None = None
    language: str | None = None
    extension: tuple[Extension, ...] = ()
    modifier_extension: tuple[Extension, ...] = ()
    identifier: Identifier | tuple[Identifier, ...] = ()
    # Observation
    category: CodeableConcept | tuple[CodeableConcept, ...] = ()
    code: CodeableConcept | None = None
    subject: Reference | None = None
    encounter: Reference | None = None
    effective_date_time: str | None = None
    effective_instant: str | None = None
    effective_period: Period | None = None
    issued: str | None = None
    value_quantity: Quantity | None = None
    value_integer: int | None = None
    value_string: str | None = None
    value_codeable_concept: CodeableConcept | None = None
    data_absent_reason: CodeableConcept | None = None
    method: CodeableConcept | None = None
    derived_from: tuple[Reference, ...] = ()
    carers: Carer | tuple[Carer, ...] = msgspec.field(name="performer", default=())
    # QuestionnaireResponse
    source: Carer | None = None
    questionnaire: str | None = None
    authored: str | None = None
    item: tuple[Item, ...] = ()
    # Encounter
    period: Period | None = None
    visit_class: Coding | None = msgspec.field(name="class", default=None)
    type: CodeableConcept | tuple[CodeableConcept, ...] | str = ()  # a list in it
    team: Team | None = msgspec.field(name="serviceProvider", default=None)
    # Appointment
    start: str | None = None
    seats: tuple[Seat, ...] = msgspec.field(name="participant", default=())
    cancelation_reason: CodeableConcept | None = None
    # Task
    for_whom: Reference | None = msgspec.field(name="for", default=None)
    authored_on: str | None = None
    restriction: Restriction | None = None
    input: tuple[Parameter, ...] = ()
    output: tuple[Parameter, ...] = ()
    # Patient
    name: tuple[HumanName, ...] = ()
    birth_date: str | None = None
    communication: tuple[Communication, ...] = ()
    # OperationOutcome
    issue: tuple[OutcomeIssue, ...] = ()

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """The identifiers, whether this type has one or many."""
        found = self.identifier
        return found if isinstance(found, tuple) else (found,)


class Link(_Part):
    relation: str = ""
    url: str = ""


class Entry(_Part):
    resource: Resource | None = None


class Bundle(_Part):
    resource_type: str = ""
    link: tuple[Link, ...] = ()
    entry: tuple[Entry, ...] = ()


class _Head(_Part):
    resource_type: str = ""
    id: str = ""


class _RawEntry(_Part):
    resource: msgspec.Raw = msgspec.Raw(b"null")


class _RawBundle(_Part):
    resource_type: str = ""
    link: tuple[msgspec.Raw, ...] = ()
    entry: tuple[msgspec.Raw, ...] = ()


# The types whose content matters to us; of others only type and id are kept if the
# typed fields above do not fit them (`code` is a list in some).
_READ: Final = frozenset(
    {"Appointment", "Encounter", "Observation", "QuestionnaireResponse"}
    | {"Patient", "Task"}
)

_RESOURCE: Final = msgspec.json.Decoder(Resource)
_BUNDLE: Final = msgspec.json.Decoder(Bundle)
_HEAD: Final = msgspec.json.Decoder(_Head)
_RAW_ENTRY: Final = msgspec.json.Decoder(_RawEntry)
_RAW_BUNDLE: Final = msgspec.json.Decoder(_RawBundle)
_LINK: Final = msgspec.json.Decoder(Link)

# msgspec raises the second on 200,000 brackets, the third on bytes that are not UTF-8.
_REFUSED: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class BundleReading:
    """One page of a search.

    Attributes:
        resources: readable ones, in the order of the page, outcomes left out.
        next_url: where the next page is, if the server says there is one.
        unread: entries that are not readable as FHIR.
        issues: what the server says about the search itself.
    """

    resources: tuple[Resource, ...]
    next_url: str | None
    unread: tuple[Unread, ...]
    issues: tuple[OutcomeIssue, ...]


def resource_from_bytes(body: bytes) -> Resource:
    """One resource.

    Raises:
        UnreadableResource: not JSON, or not of the shape of its type.
    """
    try:
        found = _RESOURCE.decode(body)
    except _REFUSED as error:
        head = _head(body)
        if head is not None and head.resource_type not in _READ | {""}:
            return Resource(resource_type=head.resource_type, id=head.id)
        kind = head.resource_type if head else ""
        raise UnreadableResource(kind, _place(error)) from None
    if not found.resource_type:
        raise UnreadableResource("", "resourceType")
    return found


def bundle_from_bytes(body: bytes) -> BundleReading:
    """One page: the whole body first, and only if that fails entry by entry.

    Raises:
        UnreadableResource: not JSON, or not a Bundle at all.
    """
    try:
        return reading_from_bundle(_BUNDLE.decode(body))
    except _REFUSED as error:
        first = error
    try:
        raw = _RAW_BUNDLE.decode(body)
    except _REFUSED:
        raise UnreadableResource("Bundle", _place(first)) from None
    return _entry_by_entry(raw)


def reading_from_bundle(bundle: Bundle) -> BundleReading:
    """The same for a Bundle that came decoded inside another body (CDS prefetch).

    Raises:
        UnreadableResource: another type of resource.
    """
    if bundle.resource_type != "Bundle":
        raise UnreadableResource(bundle.resource_type, "resourceType")
    found = (entry.resource for entry in bundle.entry if entry.resource is not None)
    return _sorted_out(found, next_url=_next(bundle.link), unread=[])


def _entry_by_entry(raw: _RawBundle) -> BundleReading:
    if raw.resource_type != "Bundle":
        raise UnreadableResource(raw.resource_type, "resourceType")
    resources: list[Resource] = []
    unread: list[Unread] = []
    for number, each in enumerate(raw.entry):
        entry = _or_none(_RAW_ENTRY, bytes(each))
        if entry is None:
            unread.append(Unread("Bundle", "", f"entry[{number}]", "malformed"))
        elif (body := bytes(entry.resource)) != b"null":
            try:
                resources.append(resource_from_bytes(body))
            except UnreadableResource as error:
                head = _head(body)
                name = head.id if head else ""
                unread.append(
                    Unread(error.resource_type, name, error.place, error.reason)
                )
    links = (_or_none(_LINK, bytes(each)) for each in raw.link)
    next_url = _next(link for link in links if link is not None)
    return _sorted_out(resources, next_url=next_url, unread=unread)


def _sorted_out(
    found: Iterable[Resource], *, next_url: str | None, unread: list[Unread]
) -> BundleReading:
    resources: list[Resource] = []
    issues: list[OutcomeIssue] = []
    for each in found:
        kind = each.resource_type
        if kind == "OperationOutcome":
            issues.extend(each.issue)
        elif kind:
            resources.append(each)
        else:
            unread.append(Unread("Resource", each.id, "resourceType", "malformed"))
    return BundleReading(tuple(resources), next_url, tuple(unread), tuple(issues))


def _next(links: Iterable[Link]) -> str | None:
    return next(
        (each.url for each in links if each.relation == "next" and each.url), None
    )


def _head(body: bytes) -> _Head | None:
    found = _or_none(_HEAD, body)
    if found is None:
        return None
    kind = found.resource_type and plausible_type(found.resource_type)
    return _Head(resource_type=kind, id=found.id)


def _or_none(decoder: "msgspec.json.Decoder[_T]", body: bytes) -> _T | None:
    try:
        return decoder.decode(body)
    except _REFUSED:
        return None


def _place(error: Exception) -> str:
    """The JSON path at the end of msgspec's message, without the message."""
    message = str(error)
    start = message.rfind("at `$")
    if start < 0 or not isinstance(error, msgspec.ValidationError):
        return ""
    return message[start + 5 : -1].removeprefix(".")
