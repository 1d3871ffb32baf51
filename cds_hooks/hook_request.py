"""A patient-view request, decoded in one go and checked against the specification.

CDS Hooks 2.0.1, "HTTP Request". Unknown members are ignored; ours are snake_case.
"""

import re
from collections.abc import Mapping

import msgspec

from cds_hooks.errors import MalformedRequest
from ehr.errors import JsonRefused
from ehr.wire.typed_json import checked_text, decode
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.r4.reading import (
    Bundle,
    BundleReading,
    Entry,
    Link,
    Resource,
    bundle_from_bytes,
    reading_from_bundle,
    resource_from_bytes,
)

HOOK = "patient-view"
PATIENT = "patient"  # its prefetch key
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")
_USER = re.compile(
    r"(Practitioner|PractitionerRole|Patient|RelatedPerson)/[A-Za-z0-9.\-]{1,64}"
)


class Context(msgspec.Struct, gc=False, rename="camel"):
    """Who looks at whose chart; ids without type, the user with type."""

    user_id: str
    patient_id: str
    encounter_id: str = ""


class FhirAuthorization(msgspec.Struct, gc=False):
    """A token for this one request; it lives in memory and nowhere else."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    subject: str
    patient: str = ""


class Prefetched(Resource, gc=False, rename="camel"):
    """One prefetched value: a resource, or a Bundle, seen through one structure."""

    entry: tuple[Entry, ...] = ()
    link: tuple[Link, ...] = ()


class _Body(msgspec.Struct, gc=False, rename="camel"):
    hook: str
    hook_instance: str
    context: Context
    fhir_server: str = ""
    fhir_authorization: FhirAuthorization | None = None
    prefetch: dict[str, Prefetched | None] | None = None


class _RawBody(msgspec.Struct, gc=False, rename="camel"):
    """The same with the prefetch left as bytes: for bodies with odd resources."""

    hook: str
    hook_instance: str
    context: Context
    fhir_server: str = ""
    fhir_authorization: FhirAuthorization | None = None
    prefetch: dict[str, msgspec.Raw] | None = None


class HookRequest(msgspec.Struct, gc=False, frozen=True):
    """A checked request.

    Attributes:
        prefetch: key -> what was sent: a reading of resources, or None for `null`;
            a key that was not sent, or came as an OperationOutcome, is absent.
    """

    hook_instance: str
    context: Context
    fhir_server: str
    authorization: FhirAuthorization | None
    prefetch: Mapping[str, BundleReading | None]


def hook_request_from_bytes(body: bytes) -> HookRequest:
    """The request.

    Raises:
        MalformedRequest: with the JSON path of the first fault.
    """
    try:
        text = checked_text(body)
        found, prefetch = _decoded(text)
    except JsonRefused as refusal:
        raise MalformedRequest(refusal.place, "not a CDS Hooks request") from None
    _check(found)
    _check_patient(prefetch.get(PATIENT), found.context)
    return HookRequest(
        hook_instance=found.hook_instance,
        context=found.context,
        fhir_server=found.fhir_server,
        authorization=found.fhir_authorization,
        prefetch=prefetch,
    )


def _decoded(
    text: bytes,
) -> tuple[_Body | _RawBody, dict[str, BundleReading | None]]:
    try:
        typed = decode(text, _Body)
    except JsonRefused:
        # One odd resource must not cost the others: read the prefetch piece by piece.
        raw = decode(text, _RawBody)
        return raw, _piece_by_piece(raw.prefetch or {})
    sent = typed.prefetch or {}
    readings = {key: _reading(value) for key, value in sent.items()}
    return typed, {
        key: value
        for key, value in readings.items()
        if value is None or not _is_outcome_only(sent[key])
    }


def _reading(value: Prefetched | None) -> BundleReading | None:
    if value is None:
        return None
    if value.resource_type == "Bundle":
        return reading_from_bundle(
            Bundle(resource_type="Bundle", entry=value.entry, link=value.link)
        )
    return BundleReading(resources=(value,), next_url=None, unread=(), issues=())


def _is_outcome_only(value: Prefetched | None) -> bool:
    return value is not None and value.resource_type in ("OperationOutcome", "")


def _piece_by_piece(
    sent: Mapping[str, msgspec.Raw],
) -> dict[str, BundleReading | None]:
    readings: dict[str, BundleReading | None] = {}
    for key, piece in sent.items():
        body = bytes(piece)
        if body.strip() == b"null":
            readings[key] = None
            continue
        try:
            readings[key] = bundle_from_bytes(body)
        except UnreadableResource:
            try:
                resource = resource_from_bytes(body)
            except UnreadableResource:
                continue  # counts as not sent: the chart is asked instead
            if resource.resource_type not in ("OperationOutcome", "Bundle"):
                readings[key] = BundleReading((resource,), None, (), ())
    return readings


def _check(body: _Body | _RawBody) -> None:
    if body.hook != HOOK:
        raise MalformedRequest("$.hook", f"this service answers {HOOK} only")
    if not _UUID.fullmatch(body.hook_instance):
        raise MalformedRequest("$.hookInstance", "must be a UUID")
    context = body.context
    if not _USER.fullmatch(context.user_id):
        raise MalformedRequest("$.context.userId", "must be Type/id of a user")
    if not _ID.fullmatch(context.patient_id):
        raise MalformedRequest("$.context.patientId", "must be an id without type")
    if context.encounter_id and not _ID.fullmatch(context.encounter_id):
        raise MalformedRequest("$.context.encounterId", "must be an id without type")
    access = body.fhir_authorization
    if access is None:
        return
    if not body.fhir_server:
        raise MalformedRequest("$.fhirServer", "needed beside fhirAuthorization")
    if access.token_type != "Bearer" or not access.access_token:  # noqa: S105 -- a token *type*
        raise MalformedRequest("$.fhirAuthorization.token_type", "must be Bearer")
    if access.patient and access.patient != context.patient_id:
        raise MalformedRequest(
            "$.fhirAuthorization.patient", "is not the patient of the context"
        )


def _check_patient(sent: BundleReading | None, context: Context) -> None:
    """A prefetched patient who is another one: nothing of this call can be believed."""
    if sent is None:
        return
    for resource in sent.resources:
        is_same = resource.resource_type == "Patient" and (
            resource.id == context.patient_id
        )
        if not is_same:
            raise MalformedRequest(
                f"$.prefetch.{PATIENT}", "is not the patient of the context"
            )
