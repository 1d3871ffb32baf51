"""Pages: a template with the language of the page in it."""

from flask import render_template
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
