"""A signal was seen: no card of it until it gets worse. For EHRs that send no feedback.

/c/<tenant>/<context>/set-aside              POST: somebody has seen it
/c/<tenant>/<context>/set-aside/taken-back   POST: the card speaks again

It is the same answer that an EHR sends of its card. Never for safety answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask_babel import gettext

from clinical.interruptions import (
    SET_ASIDE_REASONS,
    Interruption,
    SetAsideReason,
    answer_to,
    may_be_set_aside,
)
from clinical.opening import occasion_of
from clinical.signals.read import SignalReport
from ehr.card_answers import acknowledged_in, set_aside, take_back, who_answered
from smart_app.access import Visit, needs_clinician, opened_for, purpose_of, signed
from smart_app.errors import ForeignRequest, WrongPatient
from smart_app.figures import moment
from smart_app.sentence_parts import Sentence
from smart_app.services import AppServices, services
from smart_app.words import sentence
from vault.card_log import CardAcknowledgement, CardHistory

SEEN, BACK = "set-aside", "set-aside-back"


@dataclass(frozen=True, slots=True)
class SetAsideView:
    """What stands beside one signal.

    Attributes:
        answered: by whom, when and why; "" if it may be set aside now.
        token: of the form that stands there; "" if the EHR's answer cannot be taken
            back here.
    """

    answered: str
    token: str


def add_routes(blueprint: Blueprint) -> None:
    path = "/c/<tenant_id>/<context_id>/set-aside"
    blueprint.post(path)(note_seen)
    blueprint.post(f"{path}/taken-back")(take_seen_back)


def note_seen(tenant_id: str, context_id: str) -> Response:
    """What stood on the page is answered, whatever the chart says by now."""
    app = services()
    visit = needs_clinician(app, tenant_id, context_id)
    cause, data_hash, level = _opened(app, visit, SEEN)
    now = app.clock()
    set_aside(
        app.vault_of(visit.tenant),
        visit.context.patient,
        cause=cause,
        data_hash=data_hash,
        level=level,
        occasion=occasion_of(visit.context.encounter or "", app.plan, today=now.date()),
        reason=_reason(request.form.get("reason", "")),
        by=visit.user_name,
        now=now,
    )
    return _back_to_the_page(tenant_id, context_id)


def take_seen_back(tenant_id: str, context_id: str) -> Response:
    """Whoever treats this patient may take it back, also another's."""
    app = services()
    visit = needs_clinician(app, tenant_id, context_id)
    cause, at = _opened(app, visit, BACK)
    take_back(
        app.vault_of(visit.tenant),
        visit.context.patient,
        cause=cause,
        at=datetime.fromisoformat(at),
        by=visit.user_name,
        now=app.clock(),
    )
    return _back_to_the_page(tenant_id, context_id)


def set_aside_views(
    app: AppServices, visit: Visit, report: SignalReport
) -> Mapping[Sentence, SetAsideView]:
    """By the words of the signal; none where no card of it would be shown anyway."""
    seen = may_be_set_aside(report, app.plan) if app.plan.speaking else ()
    if not seen:
        return {}
    history = app.vault_of(visit.tenant).cards.known(visit.context.patient)
    return {
        sentence(each.signal, app.library): _view(app, visit, report, history, each)
        for each in seen
    }


def set_aside_reasons() -> list[tuple[str, str]]:
    """Code and words, as on the card, and first that nobody says one."""
    return [("", gettext("No reason given")), *reason_words().items()]


def reason_words() -> dict[SetAsideReason, str]:
    """The same codes and words as the card's own reasons; a test compares them."""
    return {
        "already-discussed": gettext("Already discussed"),
        "expected-dip": gettext("Expected dip after difficult work"),
        "measure-does-not-fit": gettext("Measure does not fit this person"),
        "external-event": gettext("External event"),
        "plan-already-changed": gettext("Plan already changed"),
        "patient-refuses": gettext("Person asked not to"),
    }


def _view(
    app: AppServices,
    visit: Visit,
    report: SignalReport,
    history: CardHistory,
    seen: Interruption,
) -> SetAsideView:
    found = answer_to(seen, report, app.plan, acknowledged=acknowledged_in(history))
    if found is None:
        what = (seen.cause, seen.data_hash, str(seen.level))
        return SetAsideView("", signed(app, SEEN, *purpose_of(visit), *what))
    answer = next(
        each
        for each in reversed(history.acknowledgements)
        if (each.cause, each.at) == (found.cause, found.on)
    )
    by = who_answered(app.vault_of(visit.tenant), visit.context.patient, answer)
    named = (answer.cause, answer.at.isoformat())
    return SetAsideView(
        _answered_words(answer, by, now=app.clock()),
        signed(app, BACK, *purpose_of(visit), *named) if by else "",
    )


def _answered_words(answer: CardAcknowledgement, by: str, *, now: datetime) -> str:
    """Of a reason only its code was kept; one that is not ours is not repeated."""
    when = moment(answer.at, like=now)
    words = (
        gettext("Seen by %(who)s, %(time)s", who=by, time=when)
        if by
        else gettext("Card answered in the EHR, %(time)s", time=when)
    )
    reason = _reason_if_ours(answer.reason)
    if reason is None:
        return f"{words}."
    return f"{words}: {reason_words()[reason]}."


def _reason(code: str) -> SetAsideReason | None:
    """None if nobody said one. Raises ForeignRequest: not one of ours."""
    found = _reason_if_ours(code)
    if code and found is None:
        raise ForeignRequest("reason")
    return found


def _reason_if_ours(code: str) -> SetAsideReason | None:
    return next((each for each in SET_ASIDE_REASONS if each == code), None)


def _opened(app: AppServices, visit: Visit, purpose: str) -> tuple[str, ...]:
    """What our own form was opened for.

    Raises:
        ForeignRequest: not signed by us. WrongPatient: for another patient or launch.
    """
    mine = purpose_of(visit)
    parts = opened_for(app, request.form.get("token", ""), purpose)
    if parts[: len(mine)] != mine:
        raise WrongPatient
    return parts[len(mine) :]


def _back_to_the_page(tenant_id: str, context_id: str) -> Response:
    page = url_for(
        "smart_app.clinician_page",
        tenant_id=tenant_id,
        context_id=context_id,
        _anchor="today",
    )
    return make_response(redirect(page, code=303))
