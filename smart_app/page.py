"""Pages: a template with the language of the page in it."""

from flask import render_template, request, url_for
from flask_babel import get_locale

from smart_app.languages import direction_of, spoken


def render(template: str, **values: object) -> str:
    """The template, with `language` and `direction` set.

    `site_language` and `site_direction` are those of the site's own texts, which may
    be in a language that the interface does not speak.
    """
    locale = get_locale()
    language = str(locale).replace("_", "-") if locale else "en"
    site_language = spoken() or language
    return render_template(
        template,
        language=language,
        direction=locale.text_direction if locale else "ltr",
        site_language=site_language,
        site_direction=direction_of(site_language),
        **values,
    )


def patients(endpoint: str) -> bool:
    """Whether a patient sees this page: on a tablet, or in a launch of their own."""
    page = endpoint.removeprefix("smart_app.")
    return page.startswith(("kiosk_", "own_")) or page == "clinician_page"


def on_tablet() -> bool:
    """Whether this is a page for the tablet, on the tablet's own host."""
    return (request.endpoint or "").startswith("smart_app.kiosk_")


def same_address() -> str:
    """This page's own, with the language that was chosen."""
    return url_for(request.endpoint or "", **(request.view_args or {}))
