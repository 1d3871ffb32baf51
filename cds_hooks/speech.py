"""The words and numbers of a card in its reader's language, looked up once per card.

Flask-Babel asks the request for it at each message: a twentieth of a short call's CPU.
Outside `one_card` the same is done here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from gettext import NullTranslations

from flask_babel import format_decimal, get_locale, get_translations


@dataclass(frozen=True, slots=True)
class _Speech:
    """`language` is the locale as CLDR writes it (`de_CH`)."""

    words: NullTranslations
    language: str


_SPEECH: ContextVar[_Speech | None] = ContextVar("speech", default=None)


@contextmanager
def one_card() -> Iterator[None]:
    """In here the language does not change."""
    token = _SPEECH.set(_asked_for())
    try:
        yield
    finally:
        _SPEECH.reset(token)


def language() -> str:
    """The reader's, as BCP 47."""
    return _speech().language.replace("_", "-")


def gettext(message: str, **values: object) -> str:
    said = _speech().words.gettext(message)
    return said % values if values else said


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    return _speech().words.ngettext(one, many, num) % {"num": num, **values}


def pgettext(context: str, message: str) -> str:
    return _speech().words.pgettext(context, message)


def number(value: Decimal) -> str:
    """Without idle zeros; 17.5 in English, 17,5 in German."""
    return _number(value.normalize() + 0, _speech().language)


# Of an instrument there are some dozens of scores, and to spell one costs more than to
# compare it with its threshold.
@lru_cache(maxsize=1024)
def _number(value: Decimal, _language: str) -> str:
    return str(format_decimal(value))


def _speech() -> _Speech:
    return _SPEECH.get() or _asked_for()


def _asked_for() -> _Speech:
    return _Speech(get_translations(), str(get_locale()))
