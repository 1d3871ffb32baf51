"""Numbers, days, moments and names of forms as the reader's language writes them."""

from datetime import date, datetime
from decimal import Decimal

from flask_babel import (
    format_date,
    format_datetime,
    format_decimal,
    get_locale,
    pgettext,
)

from questionnaires.instrument import Instrument


def number(value: Decimal) -> str:
    """A score as people write it, without trailing zeros."""
    return str(format_decimal(value.normalize() + 0))


def day(on: date) -> str:
    return str(format_date(on, pgettext("date pattern (CLDR), no words", "d MMM y")))


def form_title(instrument: Instrument) -> str:
    """The form's name, in the reader's language where it has one there."""
    return instrument.title_in(str(get_locale()).replace("_", "-"))


def moment(at: datetime, *, like: datetime) -> str:
    """Day and time in the site's own zone, which `like` is in."""
    pattern = pgettext("date pattern (CLDR), no words", "d MMM y, HH:mm")
    return str(format_datetime(at.astimezone(like.tzinfo), pattern, rebase=False))
