"""Pages: a template with the language of the page in it."""

from flask import render_template, request
from flask_babel import get_locale


def render(template: str, **values: object) -> str:
    """The template, with `language` and `direction` set."""
    locale = get_locale()
    return render_template(
        template,
        language=str(locale).replace("_", "-") if locale else "en",
        direction=locale.text_direction if locale else "ltr",
        **values,
    )


def on_tablet() -> bool:
    """Whether this is a page for the tablet, on the tablet's own host."""
    return (request.endpoint or "").startswith("smart_app.kiosk_")
