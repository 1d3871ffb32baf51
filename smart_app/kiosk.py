"""The tablet: enter a code, confirm who it is, fill in, hand back. Never the chart.

Each with `?language=` once the person has chosen another than was handed over.

/kiosk/<tenant>                       enter the code; POST redeems it (410 if over)
/kiosk/<tenant>/<handoff>/            "Hello …", start, or "This is not me"
/kiosk/<tenant>/<handoff>/form/<n>    the form; POST: 303 when saved, 422 blanks once
/kiosk/<tenant>/<handoff>/saved/<n>/<receipt>
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask_babel import gettext

from smart_app.access import (
    browser_of,
    cookie_name,
    drop_cookie,
    new_browser,
    set_cookie,
)
from smart_app.errors import NoBrowserCookie
from smart_app.forms import (
    Sitting,
    crisis_text,
    opened_form,
    receipt_of,
    sent_form,
    submission_of,
)
from smart_app.guesses import TooManyGuesses
from smart_app.languages import asked, choices, from_browser, speak, spoken
from smart_app.offers import in_another_language
from smart_app.page import render, same_address
from smart_app.patient_form import minutes
from smart_app.services import AppServices, services
from vault.errors import AlreadyUsed, NotFound

COOKIE_LIFE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class TabletVisit:
    """What this tablet may do, and how it greets."""

    sitting: Sitting
    greeting: str


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/kiosk/<tenant_id>")(kiosk_enter)
    blueprint.post("/kiosk/<tenant_id>")(kiosk_redeem)
    blueprint.get("/kiosk/<tenant_id>/<handoff_id>/")(kiosk_confirm)
    blueprint.post("/kiosk/<tenant_id>/<handoff_id>/not-me")(kiosk_not_me)
    blueprint.get("/kiosk/<tenant_id>/<handoff_id>/form/<int:place>")(kiosk_form)
    blueprint.post("/kiosk/<tenant_id>/<handoff_id>/form/<int:place>")(kiosk_send)
    blueprint.get("/kiosk/<tenant_id>/<handoff_id>/saved/<int:place>/<receipt>")(
        kiosk_saved
    )


def kiosk_enter(tenant_id: str) -> Response:
    """Where the code is entered; says nothing of anybody."""
    services().tenants.by_id(tenant_id)
    return make_response(_enter_page(tenant_id))


def kiosk_redeem(tenant_id: str) -> Response:
    """Uses the code up for this browser; a wrong one costs a guess."""
    app = services()
    tenant = app.tenants.by_id(tenant_id)
    # Any script's digits: a tablet's keyboard may write others than ours.
    typed = request.form.get("code", "")
    code = "".join(str(int(each)) for each in typed if each.isdecimal())
    browser = new_browser()
    try:
        app.guesses.allow(request.remote_addr or "", now=app.clock())
        found = app.vault_of(tenant).handoffs.redeem(
            code, browser=browser, now=app.clock()
        )
    except (NotFound, AlreadyUsed, TooManyGuesses) as refusal:
        if not isinstance(refusal, TooManyGuesses):
            app.guesses.wrong(request.remote_addr or "", now=app.clock())
        return make_response(
            _enter_page(tenant_id, problem=_problem(refusal)),
            429 if isinstance(refusal, TooManyGuesses) else 410,
        )
    response = make_response(
        redirect(
            url_for(
                "smart_app.kiosk_confirm",
                tenant_id=tenant.id,
                handoff_id=found.handoff_id,
            ),
            code=303,
        )
    )
    name = cookie_name(app, "k", found.handoff_id)
    set_cookie(response, name, browser, life=COOKIE_LIFE)
    return response


def kiosk_confirm(tenant_id: str, handoff_id: str) -> Response:
    """First name and initial, who will see the answers, and a way to say no."""
    app = services()
    visit = _visit(app, tenant_id, handoff_id)
    return make_response(
        render(
            "kiosk_confirm.html",
            greeting=visit.greeting,
            minutes=minutes(visit.sitting.instruments),
            languages=choices(app.plan.languages, chosen=visit.sitting.language),
            here=request.path,
            other_language=in_another_language(
                app, visit.sitting.instruments, visit.sitting.language
            ),
            start=url_for(
                "smart_app.kiosk_form",
                tenant_id=tenant_id,
                handoff_id=handoff_id,
                place=0,
            ),
            not_me=url_for(
                "smart_app.kiosk_not_me",
                tenant_id=tenant_id,
                handoff_id=handoff_id,
            ),
        )
    )


def kiosk_not_me(tenant_id: str, handoff_id: str) -> Response:
    """The wrong person holds the tablet: the handoff is over, nothing was stored."""
    app = services()
    visit = _visit(app, tenant_id, handoff_id)
    app.vault_of(visit.sitting.tenant).handoffs.finish(handoff_id)
    return _over(
        app,
        handoff_id,
        gettext("Thank you for saying so"),
        gettext("Nothing was stored. Please give the tablet back to the staff."),
    )


def kiosk_form(tenant_id: str, handoff_id: str, place: int) -> Response:
    app = services()
    visit = _visit(app, tenant_id, handoff_id)
    return opened_form(app, visit.sitting, place, action=same_address())


def kiosk_send(tenant_id: str, handoff_id: str, place: int) -> Response:
    app = services()
    visit = _visit(app, tenant_id, handoff_id)
    sent = sent_form(
        app, visit.sitting, place, action=same_address(), form=request.form
    )
    if isinstance(sent, Response):
        return sent
    return make_response(
        redirect(
            url_for(
                "smart_app.kiosk_saved",
                tenant_id=tenant_id,
                handoff_id=handoff_id,
                place=place,
                receipt=receipt_of(app, visit.sitting, sent),
            ),
            code=303,
        )
    )


def kiosk_saved(tenant_id: str, handoff_id: str, place: int, receipt: str) -> Response:
    """ "Saved": only a sealed response has an address like this."""
    app = services()
    visit = _visit(app, tenant_id, handoff_id, kinds=("k", "s"))
    sitting = visit.sitting
    submission_id = submission_of(app, sitting, receipt)
    more = place + 1 < len(sitting.instruments)
    response = make_response(
        render(
            "saved.html",
            submission=submission_id,
            crisis=crisis_text(app, sitting, submission_id),
            next_form=url_for(
                "smart_app.kiosk_form",
                tenant_id=tenant_id,
                handoff_id=handoff_id,
                place=place + 1,
            )
            if more
            else "",
            kiosk=True,
            home="",
        )
    )
    if not more:
        _put_away(app, response, handoff_id)
    return response


def _put_away(app: AppServices, response: Response, handoff_id: str) -> None:
    """All is sent: from now on this tablet shows "Saved" and opens no form again.

    The handoff itself stays good for a while, because an answer of ours that got lost
    on the way is asked for again with the same form.
    """
    browser = _browser(app, handoff_id, ("k", "s"))
    drop_cookie(response, cookie_name(app, "k", handoff_id))
    set_cookie(
        response, cookie_name(app, "s", handoff_id), browser, life=app.times.kiosk_life
    )
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


def _browser(app: AppServices, handoff_id: str, kinds: Sequence[str]) -> str:
    """The tablet's id in the first of these cookies. Raises NoBrowserCookie."""
    for kind in kinds:
        try:
            return browser_of(cookie_name(app, kind, handoff_id))
        except NoBrowserCookie:
            continue
    raise NoBrowserCookie


def _visit(
    app: AppServices, tenant_id: str, handoff_id: str, *, kinds: Sequence[str] = ("k",)
) -> TabletVisit:
    """Raises UnknownIssuer, NoBrowserCookie, NotFound."""
    tenant = app.tenants.by_id(tenant_id)
    found = app.vault_of(tenant).handoffs.open_handoff(
        handoff_id,
        browser=_browser(app, handoff_id, kinds),
        now=app.clock(),
        idle=app.times.kiosk_life,
    )
    body = json.loads(found.body)
    language = asked(app.plan.languages) or body["language"]
    if language not in app.plan.languages:  # taken out of the plan since
        language = app.plan.languages[0]
    speak(language)
    return TabletVisit(
        sitting=Sitting(
            tenant=tenant,
            owner=handoff_id,
            context_id=found.context_id,
            patient=body["patient"],
            encounter=body["encounter"],
            language=language,
            instruments=tuple(
                app.library.instrument(each) for each in body["instruments"]
            ),
            mode="kiosk",
        ),
        greeting=body["greeting"],
    )


def speak_on_tablet(app: AppServices) -> None:
    """Before it is known what was handed over: as chosen, or as the tablet asks."""
    languages = app.plan.languages
    speak(asked(languages) or from_browser(languages))


def _enter_page(tenant_id: str, problem: str = "") -> str:
    languages = services().plan.languages
    return render(
        "kiosk_enter.html",
        tenant_id=tenant_id,
        problem=problem,
        languages=choices(languages, chosen=spoken() or languages[0]),
        here=request.path,
    )


def _over(app: AppServices, handoff_id: str, heading: str, text: str) -> Response:
    response = make_response(
        render(
            "message.html",
            heading=heading,
            text=text,
            status=200,
            next_step="",
            event_id="",
        )
    )
    drop_cookie(response, cookie_name(app, "k", handoff_id))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _problem(refusal: NotFound | AlreadyUsed | TooManyGuesses) -> str:
    if isinstance(refusal, AlreadyUsed):
        return gettext("This code has been used. Please ask for a new one.")
    if isinstance(refusal, TooManyGuesses):
        return gettext("Too many tries. Please wait a minute, then ask for a new code.")
    return gettext("This code is not known or is over. Please ask for a new one.")
