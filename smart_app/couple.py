"""Two partners beside each other: two lines, never one, and only if both agreed.

/c/<tenant>/<context>/beside              whose chart is open here too
                                          POST: this patient withdraws what was agreed
/c/<tenant>/<context>/beside/<partner>    the two, or what is still to be agreed
                                          POST: one of the two has agreed
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask_babel import gettext

from clinical.pairs import BothAgreed
from ehr.couple_agreements import (
    HOWS,
    Agreement,
    How,
    agreements_of,
    record_agreement,
    withdraw_agreements,
)
from fhir_mapping.episode import ChartReading
from smart_app.access import Visit, purpose_of, same_purpose, signed
from smart_app.chart import chart_of, server_of
from smart_app.clinician import AWAY, GRAPH_WORDS, away_page
from smart_app.couple_view import couple_views
from smart_app.couple_words import how_words
from smart_app.errors import ForeignRequest
from smart_app.figures import day, form_title
from smart_app.page import render
from smart_app.pair_access import Pair, needs_couples, needs_pair, other_launches
from smart_app.person import Person, person_from_bytes
from smart_app.safety import safety_view
from smart_app.services import AppServices, services

PURPOSE = "couple"
MOST_OFFERED = 12  # charts open at once; each is one read in the EHR


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two on the page.

    Attributes:
        which: "own" is the launch in whose page we are.
        agreed: lines about the agreement; empty while there is none.
        token: for withdrawing it, on this person's own page.
    """

    which: str
    visit: Visit
    person: Person
    agreed: str
    token: str


def add_routes(blueprint: Blueprint) -> None:
    path = "/c/<tenant_id>/<context_id>/beside"
    blueprint.get(path)(beside_page)
    blueprint.post(path)(withdraw_agreed)
    blueprint.get(f"{path}/<partner_id>")(couple_page)
    blueprint.post(f"{path}/<partner_id>")(record_agreed_to)


def beside_page(tenant_id: str, context_id: str) -> Response:
    """The clinician's own page: safety first, then whose chart is open here too."""
    app = services()
    visit = needs_couples(app, tenant_id, context_id)
    others: list[tuple[Visit, Person]] = []
    unread = 0
    try:
        person = person_of(app, visit)
    except AWAY:
        return make_response(away_page(app, visit), 503)
    for each in other_launches(app, visit)[:MOST_OFFERED]:
        try:
            others.append((each, person_of(app, each)))
        except AWAY:
            unread += 1
    vault, now = app.vault_of(visit.tenant), app.clock()
    safety = safety_view(
        vault, visit.context.patient, signals=(), library=app.library, now=now
    )
    return make_response(
        render(
            "beside.html",
            context=visit.context,
            tenant=visit.tenant,
            patient=person,
            others=others,
            unread=unread,
            agreed=bool(agreements_of(vault, visit.context.patient, now=now)),
            safety=safety.sentences,
            marks=safety.open,
            seen_marks=safety.seen,
            token=signed(app, "page", *purpose_of(visit)),
        )
    )


def withdraw_agreed(tenant_id: str, context_id: str) -> Response:
    """This patient is compared with nobody from now on; the partner's chart is not
    needed for it.
    """
    app = services()
    visit = needs_couples(app, tenant_id, context_id)
    same_purpose(app, request.form.get("token", ""), "page", *purpose_of(visit))
    withdraw_agreements(
        app.vault_of(visit.tenant),
        visit.context.patient,
        by=visit.user_name,
        now=app.clock(),
    )
    return _to(
        url_for("smart_app.beside_page", tenant_id=tenant_id, context_id=context_id)
    )


def couple_page(tenant_id: str, context_id: str, partner_id: str) -> Response:
    """A page that both partners may look at: nothing of either without both."""
    app = services()
    pair = needs_pair(app, tenant_id, context_id, partner_id=partner_id)
    return _couple(app, pair)


def record_agreed_to(tenant_id: str, context_id: str, partner_id: str) -> Response:
    """One of the two has agreed; 422 without a word on how."""
    app = services()
    pair = needs_pair(app, tenant_id, context_id, partner_id=partner_id)
    same_purpose(app, request.form.get("token", ""), PURPOSE, *pair.purpose)
    visit, partner = _whose(pair, request.form.get("whose", ""))
    how = _how(request.form.get("how", ""))
    if how is None:
        return _couple(app, pair, status=422)
    vault, now, couples = app.vault_of(visit.tenant), app.clock(), app.plan.couples
    if agreement_between(app, visit, partner) is None:
        record_agreement(
            vault,
            visit.context.patient,
            partner=partner.context.patient,
            instrument_ids=[each.id for each in couples.instruments],
            how=how,
            by=visit.user_name,
            now=now,
            until=now + timedelta(days=couples.agreement_days),
        )
    return _to(
        url_for(
            "smart_app.couple_page",
            tenant_id=tenant_id,
            context_id=context_id,
            partner_id=partner_id,
        )
    )


def agreement_between(
    app: AppServices, visit: Visit, partner: Visit
) -> Agreement | None:
    """What the first has agreed to towards the second, for every form of the plan."""
    asked = {each.id for each in app.plan.couples.instruments}
    for each in agreements_of(
        app.vault_of(visit.tenant), visit.context.patient, now=app.clock()
    ):
        if each.partner == partner.context.patient and asked <= set(
            each.instrument_ids
        ):
            return each
    return None


def person_of(app: AppServices, visit: Visit) -> Person:
    """Read with this launch's own token."""
    patient = visit.context.patient
    server = server_of(app, visit.tenant, visit.context)
    return person_from_bytes(server.read("Patient", patient), expected=patient)


def reading_of(app: AppServices, visit: Visit) -> ChartReading:
    server = server_of(app, visit.tenant, visit.context)
    return chart_of(app, visit.tenant, server).reading(visit.context.patient)


def _couple(app: AppServices, pair: Pair, *, status: int = 200) -> Response:
    given = (
        agreement_between(app, pair.own, pair.partner),
        agreement_between(app, pair.partner, pair.own),
    )
    compared: Mapping[str, object] = {"views": ()}
    try:
        people = (person_of(app, pair.own), person_of(app, pair.partner))
        if given[0] is not None and given[1] is not None:
            compared = _compared(
                app, pair, people, BothAgreed(given[0].reference, given[1].reference)
            )
    except AWAY:
        return make_response(_one_is_away(), 503)
    sides = tuple(
        Side(
            which,
            visit,
            person,
            _agreed_words(agreement, now=app.clock()) if agreement else "",
            signed(app, "page", *purpose_of(visit)),
        )
        for which, visit, person, agreement in zip(
            ("own", "partner"), pair.both, people, given, strict=True
        )
    )
    return make_response(
        render(
            "couple.html",
            context=pair.own.context,
            partner=pair.partner.context,
            tenant=pair.own.tenant,
            sides=sides,
            agreed=all(each.agreed for each in sides),
            forms=[form_title(each) for each in app.plan.couples.instruments],
            days=app.plan.couples.agreement_days,
            hows=how_words(),
            form_title=form_title,
            how_missing=status == 422,
            token=signed(app, PURPOSE, *pair.purpose),
            **compared,
        ),
        status,
    )


def _compared(
    app: AppServices, pair: Pair, people: tuple[Person, Person], agreed: BothAgreed
) -> Mapping[str, object]:
    """Both charts, each read with its own launch's token."""
    readings = (reading_of(app, pair.own), reading_of(app, pair.partner))
    views = couple_views(
        app.plan,
        app.library,
        readings,
        names=(people[0].name, people[1].name),
        agreed=agreed,
    )
    return {"views": views, **GRAPH_WORDS}


def _one_is_away() -> str:
    return render(
        "message.html",
        heading=gettext("One of the two records cannot be read now"),
        text=gettext("Nothing of either is shown rather than half of it."),
        next_step=gettext(
            "Please try again in a minute; if this stays, open both charts again, start"
            " the app in each, and choose “Beside a partner” once more."
        ),
        status=503,
        event_id="",
        crisis="",
    )


def _agreed_words(agreement: Agreement, *, now: datetime) -> str:
    """In the days of the site's own zone, which `now` is in."""
    return gettext(
        "Agreed on %(date)s (%(how)s), good until %(until)s; recorded by %(who)s.",
        date=day(agreement.at.astimezone(now.tzinfo).date()),
        how=how_words()[agreement.how],
        until=day(agreement.until.astimezone(now.tzinfo).date()),
        who=agreement.by,
    )


def _whose(pair: Pair, text: str) -> tuple[Visit, Visit]:
    """Who has agreed, and towards whom."""
    match text:
        case "own":
            return pair.own, pair.partner
        case "partner":
            return pair.partner, pair.own
        case _:
            raise ForeignRequest("whose")


def _how(text: str) -> How | None:
    return next((each for each in HOWS if each == text), None)


def _to(address: str) -> Response:
    return make_response(redirect(address, code=303))
