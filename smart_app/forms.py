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
from werkzeug.datastructures import MultiDict

from clinical.safety import SafetyAnswer, safety_findings
from ehr.delivery.seal import Sealed, seal
from ehr.tenants import Tenant
from fhir_mapping.submission import Submission
from questionnaires.answers import Answers, answers_from_offered, answers_to_json
from questionnaires.instrument import Instrument, TextItem, Wording
from smart_app.access import opened_for, same_purpose, signed
from smart_app.errors import ForeignRequest, NotOffered, WrongPatient
from smart_app.offers import offered_wording, other_language_words, wording_of
from smart_app.page import render
from smart_app.patient_form import blank_numbers, form_view, given_answers
from smart_app.refusals import refusal_page
from smart_app.safety import needs_crisis_text
from smart_app.services import AppServices
from vault.errors import NonceConflict, NotFound

# Filling in has no time limit that a person would meet.
FORM_LIFE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Sitting:
    """One person with the forms of one sitting.

    Attributes:
        owner: id of the handoff or launch context that may send these forms.
        language: of the pages, as the person chose it. A form without words in it is
            given, and kept, in the plan's first language.
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
    wording = offered_wording(app, instrument, sitting.language)
    nonce = secrets.token_urlsafe(32)
    app.vault_of(sitting.tenant).outbox.issue_nonce(
        nonce,
        owner=sitting.owner,
        body=_fixed(sitting, instrument, wording.language),
        now=app.clock(),
        expires_at=app.clock() + FORM_LIFE,
    )
    return _form_page(app, sitting, _Shown(instrument, wording, action, nonce, {}, ()))


def sent_form(
    app: AppServices,
    sitting: Sitting,
    place: int,
    *,
    action: str,
    form: MultiDict[str, str],
) -> Sealed | Response:
    """Sealed, or a page: the form again with its blanks marked (once), or a 409.

    Raises:
        AnswerNotOffered: an answer the form does not offer; nothing is stored.
        WrongPatient: the form was opened for another patient, encounter or form.
        ForeignRequest: not a form of ours. NotFound: no such open form.
    """
    instrument = sitting.instrument(place)
    nonce = form.get("nonce", "")
    vault = app.vault_of(sitting.tenant)
    same_purpose(app, form.get("token", ""), "form", *_purpose(sitting, nonce))
    fixed = vault.outbox.draft(nonce, owner=sitting.owner, now=app.clock())
    language = _opened_in(fixed)
    if fixed != _fixed(sitting, instrument, language):
        raise WrongPatient
    given = given_answers(form)
    answers = answers_from_offered(instrument, given, language=language)
    blanks = blank_numbers(instrument, answers)
    # An answer that somebody must see now does not wait for the open questions: a
    # tablet given back at this point would take it along unseen.
    if blanks and form.get("confirmed") != "1" and not _is_urgent(instrument, answers):
        wording = wording_of(app, instrument, language)
        return _form_page(
            app, sitting, _Shown(instrument, wording, action, nonce, given, blanks)
        )
    try:
        return seal(
            vault,
            _submission(app, sitting, answers),
            nonce=nonce,
            owner=sitting.owner,
            body_hash=_body_hash(answers),
            library=app.library,
            context_id=sitting.context_id,
            now=app.clock(),
            wake=app.wake_delivery,
        )
    except NonceConflict as conflict:
        # The second answers are kept too, with their safety marks.
        crisis = crisis_text(app, sitting, conflict.submission_id)
        return refusal_page(conflict, crisis=crisis)


def receipt_of(app: AppServices, sitting: Sitting, sealed: Sealed) -> str:
    """What the address of a "Saved" page holds: only a sealed response has one."""
    return signed(app, "saved", sitting.tenant.id, sitting.owner, sealed.submission_id)


def submission_of(app: AppServices, sitting: Sitting, receipt: str) -> str:
    """The submission that this receipt was given for. Raises NotFound."""
    try:
        tenant_id, owner, submission_id = opened_for(app, receipt, "saved")
    except ForeignRequest:
        raise NotFound("saved response") from None
    if (tenant_id, owner) != (sitting.tenant.id, sitting.owner):
        raise NotFound("saved response")
    return submission_id


def crisis_text(app: AppServices, sitting: Sitting, submission_id: str) -> str:
    """The site's text in the person's language, if this response asks for it."""
    vault = app.vault_of(sitting.tenant)
    if not needs_crisis_text(vault, sitting.patient, submission_id):
        return ""
    return _sites_crisis_text(app, sitting)


def _sites_crisis_text(app: AppServices, sitting: Sitting) -> str:
    return app.plan.crisis.get(sitting.language, app.plan.crisis[app.plan.languages[0]])


def _is_urgent(instrument: Instrument, answers: Answers) -> bool:
    findings = safety_findings(instrument, answers, authored_on="", source="")
    return any(
        isinstance(each, SafetyAnswer) and each.urgency == "full" for each in findings
    )


def _may_be_urgent(instrument: Instrument) -> bool:
    return any(
        not isinstance(each, TextItem)
        and each.safety is not None
        and each.safety.urgency == "full"
        for each in instrument.items
    )


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


def _fixed(sitting: Sitting, instrument: Instrument, language: str) -> bytes:
    """What no browser can change once the form is open."""
    return json.dumps(
        [
            sitting.patient,
            sitting.encounter or "",
            instrument.id,
            instrument.digest,
            language,
        ]
    ).encode()


def _opened_in(fixed: bytes) -> str:
    """The language whose words the person saw, whatever the pages speak by now."""
    return str(json.loads(fixed)[-1])


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


@dataclass(frozen=True, slots=True)
class _Shown:
    """A form as a page shows it: empty, or again with what was given."""

    instrument: Instrument
    wording: Wording
    action: str
    nonce: str
    given: Mapping[str, str]
    blanks: tuple[int, ...]


def _form_page(app: AppServices, sitting: Sitting, shown: _Shown) -> Response:
    page = render(
        "form.html",
        other_language=other_language_words(
            shown.wording.title,
            wanted=sitting.language,
            given=shown.wording.language,
        )
        if shown.wording.language != sitting.language
        else "",
        form=form_view(shown.instrument, shown.wording, given=shown.given),
        action=shown.action,
        nonce=shown.nonce,
        token=signed(app, "form", *_purpose(sitting, shown.nonce)),
        blanks=shown.blanks,
        # Only we know what was answered, and we may be away when it is sent.
        crisis=_sites_crisis_text(app, sitting)
        if _may_be_urgent(shown.instrument)
        else "",
        idle_seconds=int(app.times.kiosk_idle.total_seconds())
        if sitting.mode == "kiosk"
        else 0,
    )
    return make_response(page, 422 if shown.blanks else 200)
