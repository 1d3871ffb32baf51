"""The support path: what to look at together, how to repair, and the record of it.

/c/<tenant>/<context>/support    the path, and the form "Record what we agreed"
                                 POST: writes the record into the EHR, or says "not
                                 saved", keeps what was entered and gives a text to copy
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

from flask import Blueprint, Response, make_response, request

from clinical.across_episodes.assembly import EpisodeRecord, sessions_from
from clinical.across_episodes.numbers import numbers
from clinical.across_episodes.objectives import Framing, Objective, objectives
from clinical.signals.kinds import (
    BothDown,
    MissedWhileDown,
    OutsideBand,
    SafetyAnswer,
    SafetyBlank,
    Signal,
    SpeakingSignal,
)
from clinical.signals.read import SignalReport
from clinical.support.cycle import check_days, next_step
from clinical.support.plan_review import (
    PlanReview,
    ReviewEntries,
    ReviewProblem,
    plan_review_from,
)
from clinical.support.tree import support_tree
from ehr.errors import EhrUnreachable
from ehr.plan_reviews import Recorded, record_review
from ehr.server import FhirServer
from ehr.session_events import events_of
from ehr.visits import visits_if_any
from fhir_mapping.episode import ChartReading
from fhir_mapping.errors import NotValidR4
from fhir_mapping.plan_review import ReviewPlace
from questionnaires.library import Library
from smart_app.access import (
    Visit,
    needs_clinician,
    opened_for,
    purpose_of,
    signed,
)
from smart_app.chart import (
    appointments_of,
    chart_of,
    norms_of,
    reviews_of,
    server_of,
    signals_of,
)
from smart_app.clinician import AWAY, away_page, points_to_talk_about
from smart_app.errors import WrongPatient
from smart_app.figures import day
from smart_app.objective_words import objective_views
from smart_app.page import render
from smart_app.person import person_from_bytes
from smart_app.review_form import (
    Trigger,
    entries_from,
    form_view,
    framing_from,
    no_entries,
)
from smart_app.review_words import note_text, review_lines
from smart_app.safety import safety_view
from smart_app.services import AppServices, services
from smart_app.support_words import (
    domain_views,
    reflective_prompts,
    repair_words,
    step_words,
)
from smart_app.words import sentence

PURPOSE = "review"
NOTHING_NAMED = Framing("", "")
_IN_RECORD = re.compile(r"(QuestionnaireResponse|Observation)/[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True, slots=True)
class OpenForm:
    """What a form was opened for; travels in it, signed.

    Attributes:
        identifier: of the one record this form can become, however often it is sent.
        at: of the first time it was sent; None before that.
        triggers: signals that spoke when it was opened.
    """

    identifier: UUID
    at: datetime | None
    triggers: tuple[Trigger, ...]


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/c/<tenant_id>/<context_id>/support")(support_page)
    blueprint.post("/c/<tenant_id>/<context_id>/support")(record_agreed)


def support_page(tenant_id: str, context_id: str) -> Response:
    """The path, with the domains that this chart's signals point to open and first."""
    app = services()
    visit = needs_clinician(app, tenant_id, context_id)
    patient, now = visit.context.patient, app.clock()
    server = server_of(app, visit.tenant, visit.context)
    try:
        person = person_from_bytes(server.read("Patient", patient), expected=patient)
        reading = chart_of(app, visit.tenant, server).reading(patient)
        reviews = reviews_of(visit, server).reviews
        appointments = appointments_of(visit, server, today=now.date())
    except AWAY:
        return make_response(away_page(app, visit), 503)
    report = signals_of(
        app,
        reading,
        norms=norms_of(app, person, reading),
        reviews=reviews,
        appointments=appointments,
    )
    tree = support_tree()
    said = [(each, sentence(each, app.library)) for each in report.speaking]
    rules = frozenset(text.rule for _, text in said)
    opened = OpenForm(uuid4(), None, triggers_of(report, app.library))
    first = next((each.rule for each in opened.triggers if each.rule != "S1"), "")
    entries = no_entries(
        now, trigger=first, last_change="" if reviews else "none-before"
    )
    days = check_days(
        [each.authored.date() for each in reading.episode.measurements],
        tree.cycle,
        today=now.date(),
    )
    page = render(
        "support.html",
        patient=person,
        signals=points_to_talk_about(said),
        domains=domain_views(tree, rules),
        repair=repair_words(tree) if tree.asks_for_repair(rules) else (),
        prompts=reflective_prompts(),
        step=step_words(next_step(reviews, tree.cycle, today=now.date())),
        last_review=review_lines(reviews[-1]) if reviews else (),
        objectives=objective_views(
            _objectives(app, visit, server, reading=reading, reviews=reviews)
        ),
        check_days=(day(days.first), day(days.last)) if days else None,
        form=form_view(entries, tree, triggers=opened.triggers, framing=NOTHING_NAMED),
        review_token=form_token(app, visit, opened),
        **_frame(app, visit, report.signals),
    )
    return make_response(page)


def _objectives(
    app: AppServices,
    visit: Visit,
    server: FhirServer,
    *,
    reading: ChartReading,
    reviews: Sequence[PlanReview],
) -> tuple[Objective, ...]:
    """Of this course; none where the EHR does not tell of its visits."""
    patient = visit.context.patient
    visits = visits_if_any(server, patient)
    if not visits:
        return ()
    record = EpisodeRecord(
        visits=visits,
        episode=reading.episode,
        events=events_of(app.vault_of(visit.tenant), patient),
        reviews=reviews,
    )
    sessions = sessions_from(record, app.plan, numbers())
    return objectives(sessions, numbers(), today=app.clock().date())


def record_agreed(tenant_id: str, context_id: str) -> Response:
    """Write it into the EHR once; "Saved" is said of an equal copy read back."""
    app = services()
    visit = needs_clinician(app, tenant_id, context_id)
    opened = _opened(app, visit, request.form.get("review_token", ""))
    at = opened.at or app.clock()
    opened = OpenForm(opened.identifier, at, opened.triggers)
    chosen = request.form.get("trigger", "")
    trigger = next((each for each in opened.triggers if each.rule == chosen), None)
    entries = entries_from(request.form, at=at, trigger=trigger)
    framing = framing_from(request.form)
    days = request.form.getlist("check_day")
    sent = _Sent(opened, entries, framing, days)
    review = plan_review_from(entries, support_tree())
    if not isinstance(review, PlanReview):
        return make_response(_again(app, visit, sent, problems=review), 422)
    note = note_text(review, framing)
    if not visit.may_record:
        return make_response(_told(app, visit, note=note, saved=False))
    place = ReviewPlace(
        patient=visit.context.patient,
        encounter=visit.context.encounter,
        requester=visit.context.user.fhir_user,
        focus=(trigger.focus or None) if trigger else None,
        identifier=opened.identifier,
    )
    outcome = _recorded(app, visit, review, place=place)
    if outcome == "saved":
        return make_response(_told(app, visit, note=note, saved=True))
    page = _again(app, visit, sent, note=note, unknown=outcome == "unknown")
    return make_response(page, 503)


@dataclass(frozen=True, slots=True)
class _Sent:
    """What came in, to be shown again."""

    opened: OpenForm
    entries: ReviewEntries
    framing: Framing
    days: Sequence[str]  # between which to look again, as the page said them


def _recorded(
    app: AppServices, visit: Visit, review: PlanReview, *, place: ReviewPlace
) -> Literal["saved", "refused", "unknown"]:
    """Unknown: the EHR may hold it; sent again it is found and not stored twice."""
    server = server_of(app, visit.tenant, visit.context)
    try:
        found = record_review(server, review, place)
    except EhrUnreachable as error:
        return "unknown" if error.maybe_sent else "refused"
    except (*AWAY, NotValidR4):
        return "refused"
    return "saved" if isinstance(found, Recorded) else "unknown"


def triggers_of(report: SignalReport, library: Library) -> tuple[Trigger, ...]:
    """The signals that speak, each rule once, with what a record names of them."""
    found: dict[str, Trigger] = {}
    for each in report.speaking:
        rule = sentence(each, library).rule
        source = _source(each)
        focus = source if _IN_RECORD.fullmatch(source) else ""
        found.setdefault(rule, Trigger(rule, _norm_hash(each), focus))
    return tuple(found.values())


def _source(signal: SpeakingSignal) -> str:
    """Where the reading stands that the signal is about."""
    match signal:
        case SafetyAnswer() | SafetyBlank():
            return signal.source
        case BothDown():
            return signal.outcome.latest.source
        case MissedWhileDown():
            return signal.because[0].latest.source
        case _:
            return signal.latest.source


def _norm_hash(signal: SpeakingSignal) -> str:
    match signal:
        case OutsideBand() | BothDown(outcome=OutsideBand()):
            band = signal.outcome if isinstance(signal, BothDown) else signal
            return band.pack_hash if isinstance(band, OutsideBand) else ""
        case _:
            return ""


def _again(
    app: AppServices,
    visit: Visit,
    sent: _Sent,
    *,
    problems: Sequence[ReviewProblem] = (),
    note: str = "",
    unknown: bool = False,
) -> str:
    """The form with everything that was entered; the chart is not asked for it."""
    return render(
        "review_again.html",
        form=form_view(
            sent.entries,
            support_tree(),
            triggers=sent.opened.triggers,
            framing=sent.framing,
            problems=problems,
        ),
        note=note,
        unknown=unknown,
        check_days=sent.days if len(sent.days) == 2 else None,
        review_token=form_token(app, visit, sent.opened),
        **_frame(app, visit, ()),
    )


def _told(app: AppServices, visit: Visit, *, note: str, saved: bool) -> str:
    return render("review_told.html", note=note, saved=saved, **_frame(app, visit, ()))


def _frame(
    app: AppServices, visit: Visit, signals: Sequence[Signal]
) -> Mapping[str, object]:
    """What stands on every page of the clinician, safety first."""
    safety = safety_view(
        app.vault_of(visit.tenant),
        visit.context.patient,
        signals=signals,
        library=app.library,
        now=app.clock(),
    )
    return {
        "context": visit.context,
        "tenant": visit.tenant,
        "can_record": visit.may_record,
        "safety": safety.sentences,
        "marks": safety.open,
        "seen_marks": safety.seen,
        "token": signed(app, "page", *purpose_of(visit)),
    }


def form_token(app: AppServices, visit: Visit, opened: OpenForm) -> str:
    """Names patient, launch and record in the form, so that only ours comes back."""
    return signed(
        app,
        PURPOSE,
        *purpose_of(visit),
        str(opened.identifier),
        opened.at.isoformat() if opened.at else "",
        *(f"{t.rule}|{t.norm_hash}|{t.focus}" for t in opened.triggers),
    )


def _opened(app: AppServices, visit: Visit, token: str) -> OpenForm:
    """What our own form was opened for.

    Raises:
        ForeignRequest: not signed by us. WrongPatient: for another patient or launch.
    """
    purpose = purpose_of(visit)
    parts = opened_for(app, token, PURPOSE)
    if parts[: len(purpose)] != purpose:
        raise WrongPatient
    identifier, at, *triggers = parts[len(purpose) :]
    return OpenForm(
        UUID(identifier),
        datetime.fromisoformat(at) if at else None,
        tuple(Trigger(*each.split("|")) for each in triggers),
    )
