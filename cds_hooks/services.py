"""The patient-view service: from a signed call to at most two cards.

POST /<tenant>/cds-services/progress
    200 cards · 400 malformed, wrong patient · 401 not trusted · 404 unknown tenant ·
    412 not enough data · 413 too large · 503 the vault or the caller's keys are away
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from time import perf_counter
from uuid import uuid4

from cds_hooks.caller_trust import CallerTrust
from cds_hooks.cards import CardPlace, card
from cds_hooks.errors import MalformedRequest, NotEnoughData
from cds_hooks.hook_request import HookRequest, hook_request_from_bytes
from cds_hooks.prefetch import Pile, Search, pile
from clinical.interruptions import (
    Acknowledgement,
    Interruption,
    Shown,
    interruptions,
)
from clinical.plan import MeasurementPlan
from clinical.signals.read import read_signals
from ehr.chart import waiting_in
from ehr.queries import ChartQuery, chart_queries
from ehr.server import FhirServer, SearchResult
from ehr.tenants import Tenant, Tenants
from ehr.wire.egress import GuardedSession
from ehr.wire.verify_jwt import HookClaims
from fhir_mapping.dialect import Dialect
from fhir_mapping.episode import chart_reading
from questionnaires.library import Library
from vault.card_log import CardHistory, CardRow
from vault.database import TenantVault, Vault

# The answer is expected within "the order of 500 ms"; a chart that takes longer than
# this to be read is left, and the caller hears that data are missing.
CHART_SECONDS = 2.0
SEES_NO_CARD = ("Patient/", "RelatedPerson/")
log = logging.getLogger("rom.cds_hooks")


@dataclass(frozen=True, slots=True)
class HookServices:
    """What the service needs, given once at the start.

    Attributes:
        public_url: of the app; cards link to `<public_url>/launch/<tenant>`.
        source_url: public page that explains the rules.
    """

    tenants: Tenants
    vault: Vault
    library: Library
    plan: MeasurementPlan
    dialects: Mapping[str, Dialect]
    trust: CallerTrust
    public_url: str
    source_url: str
    clock: Callable[[], datetime]


def progress(
    services: HookServices, tenant: Tenant, *, authorization: str, body: bytes
) -> dict[str, object]:
    """The answer to one call.

    Raises:
        TokenRefused, AlreadyUsed, KeysUnavailable, MalformedRequest, NotEnoughData,
        VaultUnavailable, and the chart's errors: each has a row in `refusals`.
    """
    started = perf_counter()
    now = services.clock()
    claims = services.trust.claims(authorization, tenant, now=now)
    request = hook_request_from_bytes(body)
    vault = services.vault.for_tenant(tenant.id)
    if request.context.user_id.startswith(SEES_NO_CARD):
        _use_up(vault, claims, rows=(), now=now)
        return {"cards": []}
    found = pile(
        request,
        chart_queries(services.dialects[tenant.id]),
        search=_chart_search(request, tenant),
    )
    return _answer(services, tenant, vault, claims, request, found, now, started)


def _answer(
    services: HookServices,
    tenant: Tenant,
    vault: TenantVault,
    claims: HookClaims,
    request: HookRequest,
    found: Pile,
    now: datetime,
    started: float,
) -> dict[str, object]:
    plan = services.plan
    patient = request.context.patient_id
    waiting = waiting_in(vault.outbox, patient, services.library)
    reading = chart_reading(
        found.resources,
        patient=patient,
        library=services.library,
        dialect=services.dialects[tenant.id],
        waiting=waiting.submissions,
        unread=(*found.unread, *waiting.unread),
        base=tenant.issuer,
    )
    report = read_signals(
        reading.episode, plan, today=now.date(), unread=len(reading.unread)
    )
    occasion = _occasion(request, plan, now)
    history = vault.cards.known(patient) if report.speaking else CardHistory((), ())
    through = interruptions(
        report,
        plan,
        acknowledged=_acknowledged(history),
        shown=_shown(history),
        encounter=occasion,
    )
    rows = [
        _row(each, vault.patient_index(patient), history, occasion, plan)
        for each in through
    ]
    uuids = _use_up(vault, claims, rows=rows, now=now)
    place = CardPlace(
        launch_url=f"{services.public_url}/launch/{tenant.id}",
        source_url=services.source_url,
        unread=len(reading.unread),
        waiting=len(waiting.submissions),
    )
    cards = [
        card(
            each,
            services.library.instrument(each.signal.instrument_id),
            uuid=uuid,
            plan=plan,
            place=place,
        )
        for each, uuid in zip(through, uuids, strict=True)
        if plan.speaking
    ]
    log.info(
        "patient-view",
        extra={
            "fields": {
                "event": "patient-view",
                "tenant": tenant.id,
                "service": "progress",
                "hook_instance": request.hook_instance,
                "milliseconds": round((perf_counter() - started) * 1000, 1),
                "cards": len(cards),
                "withheld": len(rows) - len(cards),
                "unread": len(reading.unread),
                "partial": found.partial,
            }
        },
    )
    return {"cards": cards}


def _use_up(
    vault: TenantVault,
    claims: HookClaims,
    *,
    rows: "list[CardRow] | tuple[()]",
    now: datetime,
) -> tuple[str, ...]:
    """The call's token and its cards, in one transaction before anybody hears."""
    return vault.cards.record_call(
        issuer=claims.issuer,
        jti=claims.jti,
        expires_at=claims.expires_at,
        cards=rows,
        now=now,
    )


def _chart_search(request: HookRequest, tenant: Tenant) -> Search | None:
    """A search with the request's own token; it lives as long as the request."""
    access = request.authorization
    if access is None:
        return None
    if request.fhir_server.removesuffix("/") != tenant.issuer:
        raise MalformedRequest("$.fhirServer", "is not the FHIR server of this tenant")
    fence = replace(tenant.fhir_fence, total_seconds=CHART_SECONDS)

    def search(query: ChartQuery) -> SearchResult:
        with GuardedSession(fence=fence) as session:
            server = FhirServer(tenant, session, lambda: access.access_token)
            return server.search(
                query.resource_type,
                query.search_parameters(request.context.patient_id),
            )

    return search


def _occasion(request: HookRequest, plan: MeasurementPlan, now: datetime) -> str:
    """What "shown before" is about: the encounter, else the day; or nothing at all.

    A card that stays until somebody answers it is the same card at every occasion.
    """
    if plan.repeat == "until_acknowledged":
        return ""
    return request.context.encounter_id or now.date().isoformat()


def _acknowledged(history: CardHistory) -> list[Acknowledgement]:
    return [
        Acknowledgement(cause=each.cause, level=Decimal(each.level), on=each.at)
        for each in history.acknowledgements
    ]


def _shown(history: CardHistory) -> list[Shown]:
    return [
        Shown(
            cause=each.row.cause,
            data_hash=each.row.data_hash,
            encounter=each.row.encounter,
        )
        for each in history.rows
        if each.row.served
    ]


def _row(
    interruption: Interruption,
    patient_index: str,
    history: CardHistory,
    occasion: str,
    plan: MeasurementPlan,
) -> CardRow:
    known = history.uuid_of(
        cause=interruption.cause,
        data_hash=interruption.data_hash,
        encounter=occasion,
    )
    return CardRow(
        uuid=known or str(uuid4()),
        patient_index=patient_index,
        cause=interruption.cause,
        data_hash=interruption.data_hash,
        encounter=occasion,
        rule=interruption.cause.partition("|")[0],
        level=str(interruption.level),
        served=plan.speaking,
        body=json.dumps(
            {
                "signal": type(interruption.signal).__name__,
                "evidence": repr(interruption.signal),
            }
        ).encode(),
    )


__all__ = ["HookServices", "NotEnoughData", "progress"]
