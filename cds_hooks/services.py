"""The patient-view service: from a believed call to at most two cards."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from time import perf_counter

from cds_hooks.caller_trust import CallerTrust
from cds_hooks.card_record import record_bytes
from cds_hooks.cards import (
    CardPlace,
    answered_at_other_ages,
    cards_of,
    foreign_numbers,
)
from cds_hooks.chart_access import chart_search
from cds_hooks.errors import MalformedRequest
from cds_hooks.hook_request import HookRequest, hook_request_from_bytes
from cds_hooks.prefetch import Pile, beside, birth_date, pile, whole_beside
from cds_hooks.shown_cards import rows_for, shown_in
from clinical.attendance import Visit, begun_by
from clinical.interruptions import Interruption, heading_of, interruptions
from clinical.norms.library import NormLibrary
from clinical.opening import Opening, occasion_of, report_of
from clinical.plan import MeasurementPlan
from clinical.recorded.plan_record import plan_record
from clinical.signals.kinds import SafetyAnswer, SafetyBlank
from clinical.signals.read import SignalReport
from ehr.card_answers import acknowledged_in
from ehr.chart import waiting_in
from ehr.queries import (
    APPOINTMENTS,
    REVIEWS,
    ChartQuery,
    appointments_of_a_year,
    chart_queries,
    queries_beside,
)
from ehr.tenants import Tenant, Tenants
from ehr.wire.verify_jwt import HookClaims
from fhir_mapping.appointments import visits_from_appointments
from fhir_mapping.dialect import Dialect
from fhir_mapping.episode import chart_reading
from fhir_mapping.plan_review import reviews_from_tasks
from questionnaires.library import Library
from vault.card_inputs import Explanation, Grounds
from vault.card_log import CardHistory
from vault.database import TenantVault, Vault

# CDS Hooks asks for answers within "the order of 500 ms". Where the chart must be
# fetched, the caller hears after this long that data are missing.
ANSWER_SECONDS = 2.0
SEES_NO_CARD = ("Patient/", "RelatedPerson/")
NOTHING_KNOWN = CardHistory((), ())
log = logging.getLogger("rom.cds_hooks")


@dataclass(frozen=True, slots=True)
class HookServices:
    """What the service needs, given once at the start.

    Attributes:
        public_url: of the app; cards link to `<public_url>/launch/<tenant>`.
        source_url: public page that explains the rules.
        answer_seconds: for the whole answer where the chart must be fetched.
    """

    tenants: Tenants
    vault: Vault
    library: Library
    plan: MeasurementPlan
    norms: NormLibrary
    dialects: Mapping[str, Dialect]
    trust: CallerTrust
    public_url: str
    source_url: str
    clock: Callable[[], datetime]
    answer_seconds: float = ANSWER_SECONDS


@dataclass(frozen=True, slots=True)
class Desk:
    """One tenant's service: what does not change from call to call.

    Attributes:
        program: its version, and the plan as `grounds`: both are kept with each card.
    """

    tenant: Tenant
    vault: TenantVault
    library: Library
    plan: MeasurementPlan
    norms: NormLibrary
    dialect: Dialect
    queries: tuple[ChartQuery, ...]
    beside: tuple[ChartQuery, ...]
    launch_url: str
    source_url: str
    answer_seconds: float
    program: str
    grounds: Grounds


def desk_of(services: HookServices, tenant: Tenant) -> Desk:
    """The service of one tenant."""
    dialect = services.dialects[tenant.id]
    recorded = plan_record(services.plan)
    return Desk(
        tenant=tenant,
        vault=services.vault.for_tenant(tenant.id),
        library=services.library,
        plan=services.plan,
        norms=services.norms,
        dialect=dialect,
        queries=chart_queries(dialect),
        beside=queries_beside(tenant),
        launch_url=f"{services.public_url}/launch/{tenant.id}",
        source_url=services.source_url,
        answer_seconds=services.answer_seconds,
        program=version("rom-on-fhir"),
        grounds=Grounds(recorded.digest, recorded.content),
    )


def progress(
    desk: Desk, claims: HookClaims, *, body: bytes, now: datetime
) -> list[dict[str, object]]:
    """The cards of one call; its token is used up in the same transaction.

    Raises:
        MalformedRequest: not a patient-view request, or not about one patient.
        NotEnoughData, EhrUnreachable, EhrRefused, AccessExpired, UnsafeAnswer: a part
            of the chart is missing, and no safety answer is known.
        AlreadyUsed: the token was seen before.
        VaultUnavailable: nothing was logged, so nothing may be shown.
    """
    started = perf_counter()
    request = hook_request_from_bytes(body)
    _check_server(request, desk.tenant)
    if request.context.user_id.startswith(SEES_NO_CARD):
        _use_up(desk, claims, now=now)
        return []
    left = desk.answer_seconds - (perf_counter() - started)
    with chart_search(request, desk.tenant, seconds=left) as search:
        found = pile(request, desk.queries, search=search)
        if REVIEWS in desk.beside:
            tasks = beside(request, REVIEWS, search=search)
            found = replace(found, tasks=tasks)
        # What was sent along is read; asked for only where a norm needs it.
        for_norms = search if desk.norms.packs else None
        found = replace(found, born=birth_date(request, search=for_norms))
        if APPOINTMENTS in desk.beside:
            query = appointments_of_a_year(now.date())
            told = whole_beside(request, query, search=search)
            found = replace(found, appointments=told)
    return _answer(desk, claims, request, found=found, now=now, started=started)


def _answer(
    desk: Desk,
    claims: HookClaims,
    request: HookRequest,
    *,
    found: Pile,
    now: datetime,
    started: float,
) -> list[dict[str, object]]:
    plan, vault = desk.plan, desk.vault
    patient = request.context.patient_id
    waiting = waiting_in(vault.outbox, patient, desk.library)
    reading = chart_reading(
        found.resources,
        patient=patient,
        library=desk.library,
        dialect=desk.dialect,
        waiting=waiting.submissions,
        unread=(*found.unread, *waiting.unread),
        base=desk.tenant.issuer,
    )
    unread = len(reading.unread)
    reviewed = reviews_from_tasks(found.tasks, patient=patient, base=desk.tenant.issuer)
    opening = Opening(
        reading.episode,
        today=now.date(),
        unread=unread,
        born=found.born,
        plan_reviews=[each.at.date() for each in reviewed.reviews],
        visits=begun_by(_visits(desk, found, patient=patient), now),
    )
    report = report_of(opening, plan, desk.norms)
    occasion = occasion_of(request.context.encounter_id, plan, today=opening.today)
    history = vault.cards.known(patient) if report.speaking else NOTHING_KNOWN
    through = _let_through(
        report, plan, found=found, history=history, occasion=occasion
    )
    if not through:
        _use_up(desk, claims, now=now)
        _log(desk, request, found=found, started=started, unread=unread)
        return []
    rows = rows_for(
        through,
        history,
        patient_index=vault.patient_index(patient),
        occasion=occasion,
        speaking=plan.speaking,
    )
    place = CardPlace(
        launch_url=desk.launch_url,
        source_url=desk.source_url,
        unread=unread - found.partial,
        partial=found.partial,
        waiting=len(waiting.submissions),
        foreign=foreign_numbers(report, plan, desk.library),
        other_age=answered_at_other_ages(report, plan, born=found.born),
    )

    def cards_named(uuids: Sequence[str]) -> list[dict[str, object]]:
        return cards_of(through, uuids, plan=plan, library=desk.library, place=place)

    named = [each.uuid for each in rows]
    cards = cards_named(named)
    uuids = vault.cards.record_call(
        issuer=claims.issuer,
        jti=claims.jti,
        expires_at=claims.expires_at,
        cards=rows,
        explanations={
            row.uuid: Explanation(
                record_bytes(
                    each,
                    card,
                    opening,
                    patient=patient,
                    plan=plan,
                    packs=desk.norms.packs,
                    since=report.since[each.signal],
                    place=place,
                    program=desk.program,
                    heading=heading_of(each.signal, report),
                ),
                desk.grounds,
            )
            for row, each, card in zip(rows, through, cards, strict=True)
            if row.uuid not in history.made
        },
        now=now,
    )
    if list(uuids) != named:  # another process has logged the same card since
        cards = cards_named(uuids)
    if not plan.speaking:
        cards = []
    _log(
        desk,
        request,
        found=found,
        started=started,
        unread=unread,
        cards=len(cards),
        withheld=len(through) - len(cards),
    )
    return cards


def _visits(desk: Desk, found: Pile, *, patient: str) -> Sequence[Visit] | None:
    """None where the chart does not tell of them, or not of all."""
    told = found.appointments
    if told is None:
        return None
    return visits_from_appointments(
        told.resources, patient=patient, base=desk.tenant.issuer
    ).visits


def _let_through(
    report: SignalReport,
    plan: MeasurementPlan,
    *,
    found: Pile,
    history: CardHistory,
    occasion: str,
) -> tuple[Interruption, ...]:
    """The interruptions; of a chart with a gap, safety answers or the gap's error."""
    through = interruptions(
        report,
        plan,
        acknowledged=acknowledged_in(history),
        shown=shown_in(history),
        encounter=occasion,
    )
    if found.gap is None:
        return through
    # A safety answer in hand waits for nothing. Of the rest the missing part might
    # say the opposite, so nobody hears it, and the caller hears that data are missing.
    safety = tuple(
        each for each in through if isinstance(each.signal, SafetyAnswer | SafetyBlank)
    )
    if not safety:
        raise found.gap
    return safety


def _check_server(request: HookRequest, tenant: Tenant) -> None:
    """Relative references mean this server's patients, and no other's."""
    named = request.fhir_server.removesuffix("/")
    if named and named != tenant.issuer:
        raise MalformedRequest("$.fhirServer", "is not the FHIR server of this tenant")


def _use_up(desk: Desk, claims: HookClaims, *, now: datetime) -> None:
    """The call's token, in a transaction of its own: there is no card to log."""
    desk.vault.cards.record_call(
        issuer=claims.issuer,
        jti=claims.jti,
        expires_at=claims.expires_at,
        cards=(),
        now=now,
    )


def _log(
    desk: Desk,
    request: HookRequest,
    *,
    found: Pile,
    started: float,
    unread: int,
    cards: int = 0,
    withheld: int = 0,
) -> None:
    log.info(
        "patient-view",
        extra={
            "fields": {
                "event": "patient-view",
                "tenant": desk.tenant.id,
                "service": "progress",
                "hook_instance": request.hook_instance,
                "milliseconds": round((perf_counter() - started) * 1000, 1),
                "cards": cards,
                "withheld": withheld,
                "unread": unread,
                "partial": found.partial,
            }
        },
    )
