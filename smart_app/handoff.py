"""Handing over: by a one-time code a tablet shows forms, without clinician's rights.

/c/<tenant>/<context>/handoff    POST: the page with address, code and QR picture
"""

import json
import secrets
from collections.abc import Sequence

import segno
from flask import Blueprint, Response, make_response, request

from smart_app.access import needs_clinician, purpose_of, same_purpose
from smart_app.chart import server_of
from smart_app.errors import NothingChosen, NotOffered
from smart_app.figures import moment
from smart_app.languages import name_of
from smart_app.offers import chosen_forms, in_another_language
from smart_app.page import render
from smart_app.person import person_from_bytes
from smart_app.services import AppServices, services
from vault.errors import AlreadyUsed

# Digits only: easy on any tablet's keyboard. One use, minutes of life, and wrong
# guesses are limited, so eight digits are enough.
CODE_DIGITS = 8


def add_routes(blueprint: Blueprint) -> None:
    blueprint.post("/c/<tenant_id>/<context_id>/handoff")(offer_handoff)


def offer_handoff(tenant_id: str, context_id: str) -> Response:
    """A code for this launch's patient and the chosen forms."""
    app = services()
    visit = needs_clinician(app, tenant_id, context_id)
    same_purpose(app, request.form.get("token", ""), "page", *purpose_of(visit))
    if not visit.may_write:
        raise NotOffered("in this launch")
    chosen = chosen_forms(app, request.form.getlist("instrument"))
    if not chosen:
        raise NothingChosen
    context = visit.context
    person = person_from_bytes(
        server_of(app, visit.tenant, context).read("Patient", context.patient),
        expected=context.patient,
    )
    language = _language(app, request.form.get("language", ""))
    expires = app.clock() + app.times.handoff
    body = json.dumps(
        {
            "patient": context.patient,
            "encounter": context.encounter,
            "greeting": person.greeting,
            "language": language,
            "instruments": [each.id for each in chosen],
        }
    ).encode()
    code = _offer(app, visit.tenant.id, context.id, context.patient, body)
    address = f"{app.kiosk_url}/kiosk/{visit.tenant.id}"
    picture = segno.make(address, error="m", micro=False)
    return make_response(
        render(
            "handoff.html",
            context_id=context.id,
            tenant_id=visit.tenant.id,
            patient_name=person.name,
            kiosk_address=address,
            code=f"{code[:4]} {code[4:]}",
            expires=moment(expires, like=expires),
            language_name=name_of(language),
            other_language=in_another_language(app, chosen, language),
            qr_path=_path(picture.matrix),
            qr_size=len(picture.matrix) + 8,
        )
    )


def _language(app: AppServices, asked: str) -> str:
    """The language in which the tablet greets; the person may change it there."""
    return asked if asked in app.plan.languages else app.plan.languages[0]


def _offer(
    app: AppServices, tenant_id: str, context_id: str, patient: str, body: bytes
) -> str:
    handoffs = app.vault.for_tenant(tenant_id).handoffs
    while True:
        code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
        try:
            handoffs.offer(
                code,
                context_id=context_id,
                patient=patient,
                body=body,
                now=app.clock(),
                expires_at=app.clock() + app.times.handoff,
            )
        except AlreadyUsed:
            continue  # the same eight digits are on offer at this moment
        return code


def _path(matrix: Sequence[Sequence[int]]) -> str:
    """The dark modules as one SVG path, with the quiet zone of four modules."""
    return "".join(
        f"M{x + 4} {y + 4}h1v1h-1z"
        for y, row in enumerate(matrix)
        for x, dark in enumerate(row)
        if dark
    )
