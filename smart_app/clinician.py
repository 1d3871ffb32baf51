"""The clinician's page: what shall we look at together today?

/c/<tenant>/<context>/               the page; a patient's own launch sees the forms
/c/<tenant>/<context>/seen/<mark>    POST: a named person has seen a safety answer
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask_babel import gettext

from clinical.ages import age_outside
from clinical.plan import MeasurementPlan
from clinical.signals.band import NO_NORMS
from clinical.signals.kinds import (
    CannotTellYet,
    QualityNote,
    SafetyAnswer,
    SafetyBlank,
    Signal,
)
from clinical.signals.order import place_of, said_already
from clinical.signals.read import SignalReport
from ehr.errors import (
    AccessExpired,
    EhrRefused,
    EhrUnreachable,
    JsonRefused,
    UnsafeAnswer,
)
from fhir_mapping.appointments import AppointmentReading
from fhir_mapping.episode import ChartReading
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.plan_review import ReviewReading
from fhir_mapping.unread import Unread
from questionnaires.instrument import Instrument
from questionnaires.library import Library
from smart_app.access import (
    Visit,
    needs_clinician,
    needs_launch,
    purpose_of,
    same_purpose,
    signed,
)
from smart_app.change_words import changes_since_start
from smart_app.chart import (
    appointments_of,
    chart_of,
    drops_of,
    norms_of,
    reviews_of,
    server_of,
    signals_of,
)
from smart_app.data_words import notes
from smart_app.figures import day, form_title, moment, number
from smart_app.graph.drawing import NARROW, WIDE, draw
from smart_app.graph.spec import GraphSpec, graph_spec
from smart_app.graph.table import (
    captions,
    direction_words,
    panel_title,
    point_words,
    rule_words,
    summary,
    table,
)
from smart_app.heading_words import headings
from smart_app.languages import choices, name_of, nearest
from smart_app.offers import offers, recorded_language_words
from smart_app.page import render
from smart_app.patient_home import patient_home
from smart_app.person import Person, person_from_bytes
from smart_app.safety import safety_view
from smart_app.sentence_parts import Sentence, title
from smart_app.services import AppServices, services
from smart_app.session_notes import session_view
from smart_app.set_aside import set_aside_reasons, set_aside_views
from smart_app.unread_words import unread_reason
from smart_app.why_words import does_not_tell, rule_in_words
from smart_app.words import sentence
from vault.errors import NotFound

# Why the chart may not be readable now, though the launch is good.
AWAY = (
    EhrUnreachable,
    EhrRefused,
    AccessExpired,
    UnsafeAnswer,
    JsonRefused,
    UnreadableResource,
)
# What graph.svg needs to say in words.
GRAPH_WORDS: Mapping[str, object] = {
    "number": number,
    "panel_title": panel_title,
    "direction_words": direction_words,
    "rule_words": rule_words,
    "point_words": point_words,
}


@dataclass(frozen=True, slots=True)
class Beside:
    """What the chart tells beside the measurements."""

    reviews: ReviewReading
    appointments: AppointmentReading


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/c/<tenant_id>/<context_id>/")(clinician_page)
    blueprint.post("/c/<tenant_id>/<context_id>/seen/<mark_id>")(safety_seen)


def clinician_page(tenant_id: str, context_id: str) -> Response:
    """Signals, graph and table from the chart as it is now, and what waits."""
    app = services()
    visit = needs_launch(app, tenant_id, context_id)
    patient = visit.context.patient
    server = server_of(app, visit.tenant, visit.context)
    chart = chart_of(app, visit.tenant, server)
    try:
        person = person_from_bytes(server.read("Patient", patient), expected=patient)
        if not visit.is_clinician:
            return make_response(patient_home(app, visit, person))
        reading = chart.reading(patient)
        beside = Beside(
            reviews_of(visit, server),
            appointments_of(visit, server, today=app.clock().date()),
        )
    except AWAY:
        if not visit.is_clinician:
            raise
        # Safety answers and what waits are ours to show, whatever the EHR does.
        return make_response(away_page(app, visit), 503)
    return make_response(_page(app, visit, person, reading, beside=beside))


def safety_seen(tenant_id: str, context_id: str, mark_id: str) -> Response:
    """Who has seen it, and when, is kept; the banner says so from now on."""
    app = services()
    visit = needs_clinician(app, tenant_id, context_id)
    same_purpose(app, request.form.get("token", ""), "page", *purpose_of(visit))
    safety = app.vault_of(visit.tenant).safety
    if mark_id not in {each.mark_id for each in safety.marks(visit.context.patient)}:
        raise NotFound("safety mark")
    safety.seen(mark_id, by=visit.user_name, now=app.clock())
    return make_response(
        redirect(
            url_for(
                "smart_app.clinician_page", tenant_id=tenant_id, context_id=context_id
            ),
            code=303,
        )
    )


def _page(
    app: AppServices,
    visit: Visit,
    person: Person,
    reading: ChartReading,
    *,
    beside: Beside,
) -> str:
    now = app.clock()
    reviews, appointments = beside.reviews, beside.appointments
    plan = app.plan
    norms = norms_of(app, person, reading)
    report = signals_of(
        app, reading, norms=norms, reviews=reviews.reviews, appointments=appointments
    )
    graph = graph_spec(
        reading.episode,
        plan.instruments,
        gap_days=plan.rules.gap_days,
        equivalences=plan.equivalences,
        new_after_days=plan.new_course_after_days,
        # Recording only: nothing but what was answered.
        norms=norms if plan.decision_support else NO_NORMS,
        drops_of=partial(drops_of, plan),
    )
    said = [(each, sentence(each, app.library)) for each in report.signals]
    offered = offers(app)
    safety = safety_view(
        app.vault_of(visit.tenant),
        visit.context.patient,
        signals=report.signals,
        library=app.library,
        now=now,
    )
    return render(
        "clinician.html",
        context=visit.context,
        tenant=visit.tenant,
        patient=person,
        show_banner=visit.context.need_banner,
        sessions=len(graph.sessions),
        waiting=_waiting(app, visit),
        safety=safety.sentences,
        marks=safety.open,
        seen_marks=safety.seen,
        signals=points_to_talk_about(said),
        set_aside=set_aside_views(app, visit, report),
        set_aside_reasons=set_aside_reasons(),
        notes=_each_once(notes(report.signals, app.library)),
        headings=list(headings(report, app.library)),
        changes=list(changes_since_start(report, plan)),
        notices=[
            *_notices(reading),
            *foreign_numbers(graph, app.library),
            *answered_at_other_ages(graph, born=person.born),
            *new_courses(report),
        ],
        rule_in_words=rule_in_words,
        does_not_tell=does_not_tell,
        in_couples=any(
            each.instrument in plan.couples.instruments for each in graph.panels
        ),
        in_groups=any(each.instrument in plan.groups for each in graph.panels),
        recording_only=not plan.decision_support,
        unconfirmed=_unconfirmed(plan),
        can_write=visit.may_write,
        instruments=offered.forms,
        form_title=form_title,
        withheld=offered.withheld,
        lacking=offered.lacking,
        other_age={
            each.id: _ages(each)
            for each in offered.forms
            if age_outside(each, born=person.born, on=now.date()) is not None
        },
        languages=choices(
            plan.languages,
            chosen=nearest(person.language, plan.languages) or plan.languages[0],
        ),
        no_language=recorded_language_words(person.language, plan.languages),
        handoff_minutes=int(app.times.handoff.total_seconds() // 60),
        token=signed(app, "page", *purpose_of(visit)),
        unread=[
            _unread_words(each)
            for each in (*reading.unread, *reviews.unread, *appointments.unread)
        ],
        session=session_view(app, visit, reading.episode, reviews=reviews.reviews),
        as_of=moment(now, like=now),
        **_graph_parts(graph),
    )


def away_page(app: AppServices, visit: Visit) -> str:
    """The chart cannot be read: only what we hold ourselves, and nothing stale."""
    now = app.clock()
    safety = safety_view(
        app.vault_of(visit.tenant),
        visit.context.patient,
        signals=(),
        library=app.library,
        now=now,
    )
    return render(
        "away.html",
        context=visit.context,
        tenant=visit.tenant,
        waiting=_waiting(app, visit),
        safety=safety.sentences,
        marks=safety.open,
        seen_marks=safety.seen,
        token=signed(app, "page", *purpose_of(visit)),
        as_of=moment(now, like=now),
    )


def _graph_parts(graph: GraphSpec) -> dict[str, object]:
    if graph.is_empty:
        return {"graph": None}
    return {
        "graph": (("wide", draw(graph, WIDE)), ("narrow", draw(graph, NARROW))),
        "summary": summary(graph),
        "captions": captions(graph),
        "table": table(graph),
        **GRAPH_WORDS,
    }


def points_to_talk_about(said: Sequence[tuple[Signal, Sentence]]) -> list[Sentence]:
    """Without safety, which has its own place, and without saying one thing twice."""
    speaking = [
        (each, text)
        for each, text in said
        if not isinstance(
            each, SafetyAnswer | SafetyBlank | QualityNote | CannotTellYet
        )
    ]
    already = said_already(each for each, _ in speaking)
    return [text for each, text in speaking if place_of(each) not in already]


def _each_once(said: Iterable[Sentence]) -> list[Sentence]:
    """Several rules may be kept quiet by the same thing; it is said once."""
    return list({each.text: each for each in reversed([*said])}.values())[::-1]


def _notices(reading: ChartReading) -> Sequence[str]:
    if any(each.reason == "partial_page" for each in reading.unread):
        return [
            gettext(
                "The record was only partly readable. Nothing is concluded from what"
                " may be missing."
            )
        ]
    return []


def foreign_numbers(graph: GraphSpec, library: Library) -> list[str]:
    """Numbers of a form belong to a language version; used outside it, that is said."""
    found = [
        gettext(
            "%(instrument)s was answered in %(language)s. Its cut-off and reliable"
            " change are not known to hold in this language.",
            instrument=form_title(panel.instrument),
            language=name_of(panel.current.language),
        )
        for panel in graph.panels
        if (panel.instrument.cutoff or panel.instrument.reliable_change)
        and not library.numbers_apply(
            panel.instrument.id, language=panel.current.language
        )
    ]
    return [*dict.fromkeys(found)]  # once, whoever answered


def answered_at_other_ages(graph: GraphSpec, *, born: date | None) -> list[str]:
    """Numbers of a form are for some ages; used outside them, that is said."""
    last = [(each.instrument, each.current.points[-1]) for each in graph.panels]
    found = [
        gettext(
            "%(instrument)s was answered at the age of %(age)s. Its cut-off and"
            " reliable change are %(ages)s and are not known to hold at this age.",
            instrument=form_title(instrument),
            age=age,
            ages=_ages(instrument),
        )
        for instrument, point in last
        for age in [age_outside(instrument, born=born, on=point.reading.on)]
        if age is not None
    ]
    return [*dict.fromkeys(found)]  # once, whoever answered


def new_courses(report: SignalReport) -> list[str]:
    """That there was an earlier course, which nothing is compared with."""
    return [
        gettext(
            "%(instrument)s: a new course, counted from %(date)s. Nothing is compared"
            " with the answers before the pause.",
            instrument=title(each.instrument, each.respondent),
            date=day(each.sittings[0].authored.date()),
        )
        for each in report.courses
        if each.earlier
    ]


def _ages(instrument: Instrument) -> str:
    return gettext(
        "for ages %(low)s to %(high)s", low=instrument.age_min, high=instrument.age_max
    )


def _waiting(app: AppServices, visit: Visit) -> int:
    """Counted in our own store: also what no longer can be read, and what is held."""
    return len(app.vault_of(visit.tenant).outbox.waiting(visit.context.patient))


def _unconfirmed(plan: MeasurementPlan) -> str:
    return ", ".join(
        form_title(each)
        for each in plan.instruments
        if each.validated and each.id not in plan.acceptances
    )


def _unread_words(unread: Unread) -> str:
    return gettext(
        "%(type)s %(id)s, at %(place)s: %(reason)s",
        type=unread.resource_type,
        id=unread.resource_id,
        place=unread.place or gettext("its root"),
        reason=unread_reason(unread.reason),
    )
