"""A member's own line beside the mean of the group: no line, score or name of others.

/c/<tenant>/<context>/group        the clinician's own: whose charts are open here too
                                   POST: who of them is in the group and agrees
/c/<tenant>/<context>/group/mean   the page that may be looked at with the member
"""

from dataclasses import dataclass

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask_babel import gettext

from ehr.group_record import (
    MadeOf,
    ShownMeans,
    choice_of,
    record_choice,
    record_shown,
    shown_means,
)
from smart_app.access import Visit, purpose_of, same_purpose, signed
from smart_app.clinician import AWAY, GRAPH_WORDS, away_page
from smart_app.couple import MOST_OFFERED, person_of, reading_of
from smart_app.errors import MemberOver
from smart_app.figures import form_title
from smart_app.group_access import needs_groups, needs_members
from smart_app.group_view import GroupForm, group_forms
from smart_app.page import render
from smart_app.pair_access import other_launches
from smart_app.person import Person
from smart_app.safety import safety_view
from smart_app.services import AppServices, services

PURPOSE = "group"


@dataclass(frozen=True, slots=True)
class Offered:
    """Another patient whose chart is open here; `chosen` if in the group now."""

    visit: Visit
    person: Person
    chosen: bool


def add_routes(blueprint: Blueprint) -> None:
    path = "/c/<tenant_id>/<context_id>/group"
    blueprint.get(path)(group_choice)
    blueprint.post(path)(choose_group)
    blueprint.get(f"{path}/mean")(group_page)


def group_choice(tenant_id: str, context_id: str) -> Response:
    """The clinician's own page: safety first, then who is in the group."""
    app = services()
    return _choice(app, needs_groups(app, tenant_id, context_id))


def choose_group(tenant_id: str, context_id: str) -> Response:
    """Who is in the group, know and agree; nobody takes it back, too few are 422."""
    app = services()
    visit = needs_groups(app, tenant_id, context_id)
    same_purpose(app, request.form.get("token", ""), PURPOSE, *purpose_of(visit))
    asked = request.form.getlist("member")
    here = {
        each.context.id: each.context.patient for each in other_launches(app, visit)
    }
    if not here.keys() >= set(asked):
        raise MemberOver
    takes_back = not asked and _chosen(app, visit)
    if len(set(asked)) < app.plan.rules.group_least and not takes_back:
        return _choice(app, visit, status=422)
    record_choice(
        app.vault_of(visit.tenant),
        {visit.context.patient, *(here[each] for each in asked)},
        by=visit.user_name,
        now=app.clock(),
    )
    return _to("group_page" if asked else "group_choice", visit)


def group_page(tenant_id: str, context_id: str) -> Response:
    """A page that the member may look at: nothing of any other member stands on it."""
    app = services()
    visit = needs_groups(app, tenant_id, context_id)
    chosen = _chosen(app, visit)
    if not chosen:
        return _to("group_choice", visit)
    patient = visit.context.patient
    others = needs_members(app, visit, [each for each in chosen if each != patient])
    vault = app.vault_of(visit.tenant)
    try:
        person = person_of(app, visit)
        # Each record is read with its own launch's token.
        readings = {
            each.context.patient: reading_of(app, each) for each in (visit, *others)
        }
    except AWAY:
        return make_response(_one_is_away(), 503)
    before = shown_means(vault, chosen)
    forms = group_forms(
        app.plan, readings, own=patient, name=person.name, shown_before=before
    )
    # Before the page leaves: what was shown once is made of the same people for good.
    record_shown(
        vault,
        patient,
        members=chosen,
        new=_not_shown_before(forms, before),
        by=visit.user_name,
        now=app.clock(),
    )
    return make_response(
        render(
            "group.html",
            context=visit.context,
            tenant=visit.tenant,
            patient=person,
            forms=forms,
            form_title=form_title,
            least=app.plan.rules.group_least,
            unread=any(each.unread for each in readings.values()),
            **GRAPH_WORDS,
        )
    )


def _choice(app: AppServices, visit: Visit, *, status: int = 200) -> Response:
    vault, now = app.vault_of(visit.tenant), app.clock()
    chosen = _chosen(app, visit)
    offered: list[Offered] = []
    unread = 0
    try:
        person = person_of(app, visit)
    except AWAY:
        return make_response(away_page(app, visit), 503)
    for each in other_launches(app, visit)[:MOST_OFFERED]:
        try:
            offered.append(
                Offered(each, person_of(app, each), each.context.patient in chosen)
            )
        except AWAY:
            unread += 1
    safety = safety_view(
        vault, visit.context.patient, signals=(), library=app.library, now=now
    )
    return make_response(
        render(
            "group_choice.html",
            context=visit.context,
            tenant=visit.tenant,
            patient=person,
            offered=sorted(offered, key=lambda each: each.person.name),
            unread=unread,
            chosen=bool(chosen),
            forms=[form_title(each) for each in app.plan.groups],
            least=app.plan.rules.group_least,
            too_few=status == 422,
            safety=safety.sentences,
            marks=safety.open,
            seen_marks=safety.seen,
            token=signed(app, "page", *purpose_of(visit)),
            group_token=signed(app, PURPOSE, *purpose_of(visit)),
        ),
        status,
    )


def _chosen(app: AppServices, visit: Visit) -> tuple[str, ...]:
    return choice_of(
        app.vault_of(visit.tenant),
        visit.context.patient,
        by=visit.user_name,
        now=app.clock(),
    )


def _not_shown_before(forms: tuple[GroupForm, ...], before: ShownMeans) -> MadeOf:
    return {
        each.instrument.id: {
            on: people
            for on, people in each.made_of.items()
            if people not in before.get(each.instrument.id, {}).get(on, ())
        }
        for each in forms
    }


def _one_is_away() -> str:
    return render(
        "message.html",
        heading=gettext("One of the group's records cannot be read now"),
        text=gettext("Nothing of any is shown rather than part of it."),
        next_step=gettext(
            "Please try again in a minute; if this stays, open the members' charts"
            " again, start the app in each, and choose “With the group” once more."
        ),
        status=503,
        event_id="",
        crisis="",
    )


def _to(page: str, visit: Visit) -> Response:
    return make_response(
        redirect(
            url_for(
                f"smart_app.{page}",
                tenant_id=visit.tenant.id,
                context_id=visit.context.id,
            ),
            code=303,
        )
    )
