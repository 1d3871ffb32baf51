"""A form, opened and sent: the same steps on a tablet and in a patient's own launch.

What a form is for (patient, encounter, instrument, language) is fixed in the vault
when it opens. The browser sends back the form's nonce and the answers; nothing else
that it says is believed.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import uuid4

from flask import Response, make_response
from flask_babel import gettext

from ehr.delivery.seal import Sealed, seal
from ehr.tenants import Tenant
from fhir_mapping.submission import Submission
from questionnaires.answers import Answers, answers_from_offered, answers_to_json
from questionnaires.instrument import Instrument, Wording
from questionnaires.library import NoWording
from smart_app.access import same_purpose, signed
from smart_app.errors import NotOffered, WrongPatient
from smart_app.page import render
from smart_app.patient_form import blank_numbers, form_view, given_answers
from smart_app.services import AppServices

# Filling in has no time limit that a person would meet.
FORM_LIFE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Sitting:
    """One person with the forms of one sitting.

    Attributes:
        owner: id of the handoff or launch context that may send these forms.
        mode: how the answers come to us, kept with them.
    """

    tenant: Tenant
    owner: str
    context_id: str
    patient: str
    encounter: str | None
    language: str
    instruments: tuple[Instrument, ...]
    mode: Literal["kiosk", "app"]

    def instrument(self, place: int) -> Instrument:
        """The form at this place, 0 is the first. Raises NotOffered."""
        if not 0 <= place < len(self.instruments):
            raise NotOffered(str(place))
        return self.instruments[place]


def opened_form(
    app: AppServices, sitting: Sitting, place: int, *, action: str
) -> Response:
    """The empty form, with a nonce of its own."""
    instrument = sitting.instrument(place)
    nonce = secrets.token_urlsafe(32)
    app.vault_of(sitting.tenant).outbox.issue_nonce(
        nonce,
        owner=sitting.owner,
        body=_fixed(sitting, instrument),
        now=app.clock(),
        expires_at=app.clock() + FORM_LIFE,
    )
    return _form_page(
        app, sitting, instrument, action=action, nonce=nonce, given={}, blanks=()
    )


def sent_form(
    app: AppServices,
    sitting: Sitting,
    place: int,
    *,
    action: str,
    form: Mapping[str, str],
) -> Sealed | Response:
    """Sealed, or the same form again with its blanks marked (once).

    Raises:
        AnswerNotOffered: an answer the form does not offer; nothing is stored.
        WrongPatient: the form was opened for another patient, encounter or form.
        NotFound: no such open form. NonceConflict: sealed before with other answers.
    """
    instrument = sitting.instrument(place)
    nonce = form.get("nonce", "")
    vault = app.vault_of(sitting.tenant)
    same_purpose(app, form.get("token", ""), "form", *_purpose(sitting, nonce))
    opened_for = vault.outbox.draft(nonce, owner=sitting.owner, now=app.clock())
    if opened_for != _fixed(sitting, instrument):
        raise WrongPatient
    given = given_answers(form)
    answers = answers_from_offered(instrument, given, language=sitting.language)
    blanks = blank_numbers(instrument, answers)
    if blanks and form.get("confirmed") != "1":
        return _form_page(
            app,
            sitting,
            instrument,
            action=action,
            nonce=nonce,
            given=given,
            blanks=blanks,
        )
    sealed = seal(
        vault,
        _submission(app, sitting, answers),
        nonce=nonce,
        owner=sitting.owner,
        body_hash=_body_hash(answers),
        library=app.library,
        context_id=sitting.context_id,
        now=app.clock(),
    )
    app.wake_delivery()
    return sealed


def wording_of(app: AppServices, instrument: Instrument, language: str) -> Wording:
    """The form's words, in another of the site's languages if need be, visibly.

    Raises:
        NotOffered: no words at all; a skeleton whose licence the site has not brought.
    """
    for each in (language, *app.plan.languages):
        wording = app.library.wording(instrument.id, language=each)
        if not isinstance(wording, NoWording):
            return wording
    raise NotOffered(instrument.id)


def _submission(app: AppServices, sitting: Sitting, answers: Answers) -> Submission:
    person = f"Patient/{sitting.patient}"
    return Submission(
        id=uuid4(),
        tenant=sitting.tenant.id,
        patient=sitting.patient,
        encounter=sitting.encounter,
        author=person,
        source=person,
        mode=sitting.mode,
        answers=answers,
        authored=app.clock(),
    )


def _fixed(sitting: Sitting, instrument: Instrument) -> bytes:
    """What no browser can change once the form is open."""
    return json.dumps(
        [
            sitting.patient,
            sitting.encounter or "",
            instrument.id,
            instrument.digest,
            sitting.language,
        ]
    ).encode()


def _purpose(sitting: Sitting, nonce: str) -> tuple[str, ...]:
    return (
        sitting.tenant.id,
        sitting.owner,
        sitting.patient,
        sitting.encounter or "",
        nonce,
    )


def _body_hash(answers: Answers) -> str:
    canonical = json.dumps(answers_to_json(answers), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _form_page(
    app: AppServices,
    sitting: Sitting,
    instrument: Instrument,
    *,
    action: str,
    nonce: str,
    given: Mapping[str, str],
    blanks: tuple[int, ...],
) -> Response:
    wording = wording_of(app, instrument, sitting.language)
    fallback = ""
    if wording.language != sitting.language:
        fallback = gettext("This form is not available in your language yet.")
    page = render(
        "form.html",
        form=form_view(instrument, wording, given=given),
        fallback=fallback,
        action=action,
        nonce=nonce,
        token=signed(app, "form", *_purpose(sitting, nonce)),
        blanks=blanks,
        idle_seconds=int(app.times.kiosk_idle.total_seconds())
        if sitting.mode == "kiosk"
        else 0,
    )
    return make_response(page, 422 if blanks else 200)
