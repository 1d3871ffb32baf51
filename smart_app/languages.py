"""Which language a patient's page speaks, and the others it could.

The person's choice travels in the address (`?language=es`): it holds nothing about
anybody, it needs no cookie, and going back undoes it. Only the plan's languages count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from babel.core import Locale, UnknownLocaleError, negotiate_locale
from flask import g, request
from flask_babel import get_locale, refresh

PARAMETER = "language"


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """A language that a person may change to.

    Attributes:
        name: as its own speakers write it.
    """

    tag: str
    name: str
    direction: str
    chosen: bool


def speak(language: str) -> None:
    """From here on this page speaks the form's language (BCP 47)."""
    g.spoken_language = language
    refresh()


def spoken() -> str | None:
    """The language of this page's form; None on a page for the staff."""
    found: str | None = g.get("spoken_language")
    return found


def asked(languages: Sequence[str]) -> str | None:
    """What the person chose on an earlier page, if it is one of these."""
    found = request.args.get(PARAMETER)
    return found if found in languages else None


def from_browser(languages: Sequence[str]) -> str:
    """The first of these that the browser asks for, else the first of all."""
    return request.accept_languages.best_match(languages) or languages[0]


def nearest(language: str, languages: Sequence[str]) -> str | None:
    """The one of these that a person of this language reads: `es` for `es-MX`."""
    return negotiate_locale([language], languages, sep="-") if language else None


def choices(languages: Sequence[str], *, chosen: str) -> tuple[LanguageChoice, ...]:
    """All of these, each by its own name; none to choose if there is one only."""
    if len(languages) == 1:
        return ()
    return tuple(
        LanguageChoice(each, own_name(each), direction_of(each), each == chosen)
        for each in languages
    )


def own_name(language: str) -> str:
    """`de` is "Deutsch"; the tag itself if nobody knows a name."""
    locale = _locale(language)
    found = locale.get_display_name(locale) if locale else None
    return f"{found[:1].upper()}{found[1:]}" if found else language


def name_of(language: str) -> str:
    """`de` is "German" on an English page, "Deutsch" on a German one."""
    locale = _locale(language)
    return (locale.get_display_name(get_locale()) if locale else None) or language


def direction_of(language: str) -> str:
    """`ltr` or `rtl`."""
    locale = _locale(language)
    return locale.text_direction if locale else "ltr"


def _locale(language: str) -> Locale | None:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return None
