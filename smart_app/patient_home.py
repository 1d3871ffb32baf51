"""A patient's own launch: the forms, and nothing of the clinician's page.

Each with `?language=`, from the first page on.

/c/<tenant>/<context>/form/<n>    the form; POST: 303 saved, 422 blanks once
/c/<tenant>/<context>/saved/<n>/<receipt>
"""

from flask import Blueprint, Response, make_response, redirect, request, url_for

from smart_app.access import Visit, needs_launch
from smart_app.errors import NotOffered
from smart_app.figures import form_title
from smart_app.forms import (
    Sitting,
    crisis_text,
    opened_form,
    receipt_of,
    sent_form,
    submission_of,
)
from smart_app.languages import asked, choices, from_browser, nearest, speak
from smart_app.offers import in_another_language, offers
from smart_app.page import render, same_address
from smart_app.person import Person
from smart_app.services import AppServices, services


def add_routes(blueprint: Blueprint) -> None:
    path = "/c/<tenant_id>/<context_id>"
    blueprint.get(f"{path}/form/<int:place>")(own_form)
    blueprint.post(f"{path}/form/<int:place>")(own_send)
    blueprint.get(f"{path}/saved/<int:place>/<receipt>")(own_saved)


def patient_home(app: AppServices, visit: Visit, person: Person) -> str:
    """What is asked of me now? In the language chosen, recorded, or of the browser."""
    plan = app.plan
    language = (
        asked(plan.languages)
        or nearest(person.language, plan.languages)
        or from_browser(plan.languages)
    )
    speak(language)
    forms = offers(app).forms
    return render(
        "patient_home.html",
        languages=choices(plan.languages, chosen=language),
        here=request.path,
        other_language=in_another_language(app, forms, language),
        greeting=person.greeting,
        may_write=visit.is_self and visit.may_write,
        forms=[
            {
                "title": form_title(each),
                "address": url_for(
                    "smart_app.own_form",
                    tenant_id=visit.tenant.id,
                    context_id=visit.context.id,
                    place=place,
                    language=language,
                ),
            }
            for place, each in enumerate(forms)
        ],
    )


def own_form(tenant_id: str, context_id: str, place: int) -> Response:
    app = services()
    sitting = _sitting(app, needs_launch(app, tenant_id, context_id))
    return opened_form(app, sitting, place, action=same_address())


def own_send(tenant_id: str, context_id: str, place: int) -> Response:
    app = services()
    sitting = _sitting(app, needs_launch(app, tenant_id, context_id))
    sent = sent_form(app, sitting, place, action=same_address(), form=request.form)
    if isinstance(sent, Response):
        return sent
    return make_response(
        redirect(
            url_for(
                "smart_app.own_saved",
                tenant_id=tenant_id,
                context_id=context_id,
                place=place,
                receipt=receipt_of(app, sitting, sent),
            ),
            code=303,
        )
    )


def own_saved(tenant_id: str, context_id: str, place: int, receipt: str) -> Response:
    app = services()
    sitting = _sitting(app, needs_launch(app, tenant_id, context_id))
    submission_id = submission_of(app, sitting, receipt)
    return make_response(
        render(
            "saved.html",
            submission=submission_id,
            crisis=crisis_text(app, sitting, submission_id),
            next_form="",
            kiosk=False,
            home=url_for(
                "smart_app.clinician_page", tenant_id=tenant_id, context_id=context_id
            ),
        )
    )


def _sitting(app: AppServices, visit: Visit) -> Sitting:
    """Only the patient in person fills in forms; a clinician hands them over.

    Raises:
        NotOffered: somebody else's launch, or one that may not write.
    """
    context, languages = visit.context, app.plan.languages
    language = asked(languages) or from_browser(languages)
    speak(language)
    if not (visit.is_self and visit.may_write):
        raise NotOffered("in this launch")
    return Sitting(
        tenant=visit.tenant,
        owner=context.id,
        context_id=context.id,
        patient=context.patient,
        encounter=context.encounter,
        language=language,
        instruments=offers(app).forms,
        mode="app",
    )
