"""One table from errors to pages: what happened, and what to do next."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, request
from flask_babel import gettext

from ehr.errors import (
    AccessExpired,
    AuthorizationDenied,
    EhrRefused,
    EhrUnreachable,
    JsonRefused,
    KeysUnavailable,
    LaunchRefused,
    NotStorable,
    PatientRefused,
    TokenRefused,
    UnknownIssuer,
    UnsafeAnswer,
)
from fhir_mapping.errors import UnreadableResource
from questionnaires.errors import AnswerNotOffered, UnknownInstrument
from smart_app.errors import (
    ForeignRequest,
    LicenceOver,
    MemberOver,
    NoBrowserCookie,
    NoCouples,
    NoGroups,
    NotForPatients,
    NothingChosen,
    NotOffered,
    PartnerOver,
    WrongPatient,
)
from smart_app.page import on_tablet, render
from smart_app.services import services
from vault.errors import (
    AlreadyUsed,
    NonceConflict,
    NotFound,
    Tampered,
    VaultUnavailable,
)

log = logging.getLogger("rom.smart_app")


@dataclass(frozen=True, slots=True)
class Refusal:
    """How an error is told: status, heading, what happened, what to do next."""

    status: int
    heading: Callable[[], str]
    text: Callable[[], str]
    next_step: Callable[[], str]


def _launch_again() -> str:
    return gettext("Please close this page and open the app again from the chart.")


def _tablet_step() -> str:
    return gettext("Please give the tablet to the staff.")


def _try_again() -> str:
    return gettext("Please try again in a minute.")


REFUSALS: dict[type[Exception], Refusal] = {
    UnknownIssuer: Refusal(
        400,
        lambda: gettext("This EHR is not registered here"),
        lambda: gettext("Nothing was sent to it."),
        lambda: gettext("Please ask the people who run this app to register it."),
    ),
    LaunchRefused: Refusal(
        400,
        lambda: gettext("The launch could not be completed"),
        lambda: gettext("What the EHR sent back does not belong to this launch."),
        _launch_again,
    ),
    AuthorizationDenied: Refusal(
        400,
        lambda: gettext("The EHR did not allow the launch"),
        lambda: gettext("Access was refused or cancelled there."),
        _launch_again,
    ),
    PatientRefused: Refusal(
        400,
        lambda: gettext("This patient's record cannot be used"),
        lambda: gettext(
            "The EHR names no patient, another one, or one whose record is inactive or"
            " was merged into another. Nothing may be filed there."
        ),
        lambda: gettext(
            "Please open the app from the chart that is in use for this person now."
        ),
    ),
    TokenRefused: Refusal(
        400,
        lambda: gettext("The launch could not be completed"),
        lambda: gettext("The EHR's sign-in could not be verified."),
        _launch_again,
    ),
    NoBrowserCookie: Refusal(
        400,
        lambda: gettext("This page is not open for this browser"),
        lambda: gettext(
            "The launch is over, or the browser keeps no cookie inside the EHR's frame."
        ),
        lambda: gettext(
            "Please open the app again from the chart; if this comes back, open it in"
            " its own window."
        ),
    ),
    NotFound: Refusal(
        404,
        lambda: gettext("This page is over"),
        lambda: gettext("It was closed, it expired, or it belongs to another browser."),
        _launch_again,
    ),
    AlreadyUsed: Refusal(
        409,
        lambda: gettext("This was already used"),
        lambda: gettext("It works once. Nothing was changed."),
        _launch_again,
    ),
    WrongPatient: Refusal(
        409,
        lambda: gettext("Another patient's page is open"),
        lambda: gettext("This form was opened for somebody else. Nothing was stored."),
        _launch_again,
    ),
    NonceConflict: Refusal(
        409,
        lambda: gettext("This form was already sent with other answers"),
        lambda: gettext("Both are kept for the staff; neither is lost."),
        lambda: gettext("Please give the tablet to the staff."),
    ),
    NotForPatients: Refusal(
        403,
        lambda: gettext("This page is for the clinic's staff"),
        lambda: gettext("Nothing was changed."),
        lambda: "",
    ),
    NoCouples: Refusal(
        404,
        lambda: gettext("Partners are not shown beside each other here"),
        lambda: gettext("This site's measurement plan names no form for couples."),
        lambda: "",
    ),
    PartnerOver: Refusal(
        404,
        lambda: gettext("The partner's page is not open here"),
        lambda: gettext(
            "It was closed, it expired, or it belongs to another person or browser."
            " Nothing of either record is shown."
        ),
        lambda: gettext(
            "Please start the app from each of the two charts, in this browser, then"
            " choose “Beside a partner” again."
        ),
    ),
    NoGroups: Refusal(
        404,
        lambda: gettext("Groups are not shown here"),
        lambda: gettext("This site's measurement plan names no form for groups."),
        lambda: "",
    ),
    MemberOver: Refusal(
        404,
        lambda: gettext("Not every member's page is open here"),
        lambda: gettext(
            "One was closed, it expired, or it belongs to another person or browser."
            " Nothing of any record is shown."
        ),
        lambda: gettext(
            "Please start the app from the chart of each member, in this browser, then"
            " choose “With the group” again."
        ),
    ),
    LicenceOver: Refusal(
        403,
        lambda: gettext("This form is not offered now"),
        lambda: gettext(
            "The clinic's licence of this form has ended. Earlier scores stay readable."
        ),
        lambda: gettext("Please tell the staff."),
    ),
    NothingChosen: Refusal(
        400,
        lambda: gettext("No form was chosen"),
        lambda: gettext("Nothing was handed over."),
        lambda: gettext("Please go back and choose at least one form."),
    ),
    Tampered: Refusal(
        503,
        lambda: gettext("Our store holds something that it should not"),
        lambda: gettext("It was not used, and nothing was changed."),
        lambda: gettext("Please tell the people who run this app at once."),
    ),
    ForeignRequest: Refusal(
        403,
        lambda: gettext("This request was not made by our own page"),
        lambda: gettext("Nothing was changed."),
        _launch_again,
    ),
    NotOffered: Refusal(
        404,
        lambda: gettext("This form is not offered here"),
        lambda: gettext("It is not in this site's plan, or its wording is missing."),
        lambda: "",
    ),
    UnknownInstrument: Refusal(
        404,
        lambda: gettext("This form is not here any more"),
        lambda: gettext("The site has taken it out since it was handed over."),
        lambda: gettext("Please give the tablet to the staff."),
    ),
    AnswerNotOffered: Refusal(
        400,
        lambda: gettext("An answer does not belong to this form"),
        lambda: gettext("Nothing was stored."),
        lambda: gettext("Please open the form again."),
    ),
    AccessExpired: Refusal(
        401,
        lambda: gettext("Access to the record is over"),
        lambda: gettext("The EHR gives access for a limited time."),
        _launch_again,
    ),
    EhrUnreachable: Refusal(
        503,
        lambda: gettext("The EHR cannot be reached"),
        lambda: gettext(
            "Nothing is shown rather than something old. What was saved is safe."
        ),
        _try_again,
    ),
    EhrRefused: Refusal(
        502,
        lambda: gettext("The EHR refused to show the record"),
        lambda: gettext("Nothing is shown rather than something incomplete."),
        _launch_again,
    ),
    UnsafeAnswer: Refusal(
        502,
        lambda: gettext("The EHR's answer could not be used"),
        lambda: gettext("Nothing is shown rather than something incomplete."),
        _try_again,
    ),
    UnreadableResource: Refusal(
        502,
        lambda: gettext("The EHR's answer could not be read"),
        lambda: gettext("Nothing is shown rather than something incomplete."),
        _try_again,
    ),
    JsonRefused: Refusal(
        502,
        lambda: gettext("The EHR's answer could not be read"),
        lambda: gettext("Nothing is shown rather than something incomplete."),
        _try_again,
    ),
    NotStorable: Refusal(
        502,
        lambda: gettext("The EHR does not store this"),
        lambda: gettext("The response stays here, safe and visible."),
        lambda: "",
    ),
    KeysUnavailable: Refusal(
        503,
        lambda: gettext("The EHR's sign-in cannot be verified now"),
        lambda: gettext("Its keys cannot be reached."),
        _try_again,
    ),
    VaultUnavailable: Refusal(
        503,
        lambda: gettext("Not saved"),
        lambda: gettext("Our store does not answer now. Nothing was changed."),
        lambda: gettext("Please keep this page open and try again."),
    ),
}


# The person at a tablet has no chart to open and must not be sent looking for one.
ON_TABLET: dict[type[Exception], Refusal] = {
    kind: Refusal(
        410,
        lambda: gettext("This form is closed"),
        lambda: gettext("It was sent, given back, or left alone for too long."),
        _tablet_step,
    )
    for kind in (NoBrowserCookie, NotFound)
}


def add_refusals(blueprint: Blueprint) -> None:
    for error in REFUSALS:
        blueprint.register_error_handler(error, refusal_page)


def refusal_page(error: Exception, *, crisis: str = "") -> Response:
    """The page of this error, with an event id that the log also has.

    Args:
        error: one of the table.
        crisis: the site's crisis text, if answers that asked for it were kept.
    """
    kind = next(each for each in type(error).__mro__ if each in REFUSALS)
    refusal = (ON_TABLET if on_tablet() else REFUSALS).get(kind, REFUSALS[kind])
    event_id = secrets.token_hex(4)
    log.warning(
        "refused",
        extra={
            "fields": {
                "event": "page refused",
                "event_id": event_id,
                "status": refusal.status,
                "cause": _cause(error),
                "route": request.endpoint,
            }
        },
    )
    return make_response(
        render(
            "message.html",
            heading=refusal.heading(),
            text=refusal.text(),
            next_step=_tablet_step() if on_tablet() else refusal.next_step(),
            status=refusal.status,
            event_id=event_id,
            crisis=crisis,
        ),
        refusal.status,
    )


def no_page_here() -> Response:
    """For a person at an address that is none: the same page, whichever address it is.

    It names no EHR, no route and no version, and repeats nothing of the address.
    """
    page = render(
        "message.html",
        heading=gettext("There is no page at this address"),
        text=gettext("This app is opened from a patient's chart in the EHR."),
        next_step=_tablet_step()
        if request.host == urlsplit(services().kiosk_url).netloc
        else gettext(
            "Please open it there. If the chart does not offer it, ask the people who"
            " connect this app with your EHR."
        ),
        status=404,
    )
    return make_response(page, 404)


def _cause(error: Exception) -> str:
    """Our own short words; never a message that could quote somebody's data."""
    found = getattr(error, "cause", None) or getattr(error, "reason", None)
    return f"{type(error).__name__}: {found}" if found else type(error).__name__
