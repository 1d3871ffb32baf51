"""The app's routes, on two hosts: the staff's and the tablet's."""

from urllib.parse import urlsplit

from flask import Blueprint, abort, g, request

from smart_app import (
    clinician,
    couple,
    group,
    handoff,
    kiosk,
    launch,
    patient_home,
    session_notes,
    set_aside,
    support,
)
from smart_app.access import refuse_foreign
from smart_app.kiosk import speak_on_tablet
from smart_app.languages import PARAMETER, asked
from smart_app.page import on_tablet, patients
from smart_app.refusals import add_refusals
from smart_app.services import EXTENSION, AppServices, services

BODY_LIMIT = 256_000  # bytes


def create_blueprint(app_services: AppServices) -> Blueprint:
    """All pages, with what they need."""
    blueprint = Blueprint(
        "smart_app",
        __name__,
        static_folder="static",
        static_url_path="/static",
        template_folder="templates",
    )
    blueprint.record_once(
        lambda state: state.app.extensions.__setitem__(EXTENSION, app_services)
    )
    for pages in (
        *(launch, clinician, couple, group, session_notes, set_aside, support),
        *(handoff, patient_home, kiosk),
    ):
        pages.add_routes(blueprint)
    blueprint.before_request(_on_its_own_host)
    blueprint.before_request(_only_our_own_forms)
    blueprint.url_defaults(_keep_the_language)
    add_refusals(blueprint)
    return blueprint


def _on_its_own_host() -> None:
    """Tablet pages on the tablet's host, all others on the staff's; 404 elsewhere.

    A tablet's browser so never holds a cookie that opens a clinician's page.
    """
    if request.endpoint == "smart_app.static":
        return
    if request.host != urlsplit(_own_origin()).netloc:
        abort(404)
    if on_tablet():
        speak_on_tablet(services())
    else:  # the tablet's pages are never framed
        g.tenant_id = (request.view_args or {}).get("tenant_id", "")


def _keep_the_language(endpoint: str, values: dict[str, str]) -> None:
    """What the person has chosen goes along from page to page."""
    chosen = asked(services().plan.languages)
    if chosen is not None and patients(endpoint):
        values.setdefault(PARAMETER, chosen)


def _only_our_own_forms() -> None:
    """What changes something comes from a form on a page of the same host."""
    request.max_content_length = BODY_LIMIT
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    refuse_foreign(_own_origin())
    if request.mimetype != "application/x-www-form-urlencoded":
        abort(415)


def _own_origin() -> str:
    return services().kiosk_url if on_tablet() else services().public_url
