"""The words of a card in its reader's language, which is looked up once per card.

Flask-Babel asks the request for it at each message: a twentieth of a short call's CPU.
Outside `one_card` the same is done here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import NullTranslations

from flask_babel import get_translations

_WORDS: ContextVar[NullTranslations | None] = ContextVar("words", default=None)


@contextmanager
def one_card() -> Iterator[None]:
    """In here the language does not change."""
    token = _WORDS.set(get_translations())
    try:
        yield
    finally:
        _WORDS.reset(token)


def gettext(message: str, **values: object) -> str:
    said = _words().gettext(message)
    return said % values if values else said


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    return _words().ngettext(one, many, num) % {"num": num, **values}


def pgettext(context: str, message: str) -> str:
    return _words().pgettext(context, message)


def _words() -> NullTranslations:
    return _WORDS.get() or get_translations()
