"""What people note about today's session: one tick, and never a must.

/c/<tenant>/<context>/session    POST: looked at together; no form today; a crisis
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask_babel import gettext

from clinical.across_episodes.sessions import (
    EVENT_KINDS,
    REFUSAL_REASONS,
    EventKind,
    RefusalReason,
    SessionEvent,
)
from clinical.measurement import Episode
from clinical.support.cycle import next_step
from clinical.support.plan_review import PlanReview
from clinical.support.tree import support_tree
from ehr.session_events import events_of, note_event
from smart_app.access import Visit, needs_clinician, purpose_of, same_purpose
from smart_app.errors import ForeignRequest
from smart_app.figures import day, moment
from smart_app.services import AppServices, services
from smart_app.support_words import step_words


@dataclass(frozen=True, slots=True)
class SessionView:
    """What the page says of this session.

    Attributes:
        looked: when it was looked at together; "" if it was not yet.
        refused: why there is no form today; "" if nothing was noted.
        crisis: whether a crisis contact was noted.
        unseen_since: day of the first answers that nobody has looked at together.
        reviewed: day of the last plan review; look_again: the day agreed on then.
        step: what is due in the problem-solving cycle; "" without a review.
        reasons: code and words of why there is no form today.
    """

    looked: str
    refused: str
    crisis: bool
    unseen_since: str
    reviewed: str
    look_again: str
    step: str
    reasons: tuple[tuple[str, str], ...]


def add_routes(blueprint: Blueprint) -> None:
    blueprint.post("/c/<tenant_id>/<context_id>/session")(note_session)


def note_session(tenant_id: str, context_id: str) -> Response:
    """Keep what was ticked; the same tick twice is one."""
    app = services()
    visit = needs_clinician(app, tenant_id, context_id)
    same_purpose(app, request.form.get("token", ""), "page", *purpose_of(visit))
    now = app.clock()
    kind = _kind(request.form.get("kind", ""))
    reason = _reason(request.form.get("reason", "")) if kind == "refused" else None
    event = SessionEvent(kind, now, session_of(visit, now), reason)
    vault, patient = app.vault_of(visit.tenant), visit.context.patient
    noted = {(each.kind, each.session) for each in events_of(vault, patient)}
    if (event.kind, event.session) not in noted:
        note_event(vault, patient, event, by=visit.user_name, now=now)
    return make_response(
        redirect(
            url_for(
                "smart_app.clinician_page", tenant_id=tenant_id, context_id=context_id
            ),
            code=303,
        )
    )


def session_of(visit: Visit, now: datetime) -> str:
    """The encounter; where the EHR names none, the day."""
    return visit.context.encounter or now.date().isoformat()


def session_view(
    app: AppServices,
    visit: Visit,
    episode: Episode,
    *,
    reviews: Sequence[PlanReview],
) -> SessionView:
    """What is noted so far, and what nobody has looked at yet."""
    now = app.clock()
    events = events_of(app.vault_of(visit.tenant), visit.context.patient)
    today = [each for each in events if each.session == session_of(visit, now)]
    looked = [each for each in events if each.kind == "looked-together"]
    of_today = {each.kind: each for each in today}
    unseen = [
        each.authored
        for each in episode.measurements
        if not looked or each.authored > looked[-1].at
    ]
    last = reviews[-1] if reviews else None
    words = refusal_words()
    refusal = of_today.get("refused")
    seen = of_today.get("looked-together")
    return SessionView(
        looked=moment(seen.at, like=now) if seen else "",
        refused=words[refusal.reason or "no-reason-given"] if refusal else "",
        crisis="crisis-contact" in of_today,
        unseen_since=day(unseen[0].date()) if unseen and not seen else "",
        reviewed=day(last.at.date()) if last else "",
        look_again=day(last.next_look) if last and last.next_look else "",
        step=step_words(next_step(reviews, support_tree().cycle, today=now.date()))
        if last
        else "",
        reasons=tuple(words.items()),
    )


def refusal_words() -> dict[RefusalReason, str]:
    """Why a person wants no form today; each of them is all right."""
    return {
        "not-today": gettext("not today"),
        "rather-talk": gettext("would rather talk"),
        "too-much": gettext("too much today"),
        "form-does-not-fit": gettext("the form does not fit"),
        "other-language-needed": gettext("needs another language"),
        "no-reason-given": gettext("no reason given"),
    }


def _kind(text: str) -> EventKind:
    for each in EVENT_KINDS:
        if each == text:
            return each
    raise ForeignRequest("kind")


def _reason(text: str) -> RefusalReason:
    for each in REFUSAL_REASONS:
        if each == text:
            return each
    return "no-reason-given"
