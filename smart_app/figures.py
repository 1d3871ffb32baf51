"""Numbers, days and moments as the reader's language writes them."""

from datetime import date, datetime
from decimal import Decimal

from flask_babel import format_date, format_datetime, format_decimal, pgettext


def number(value: Decimal) -> str:
    """A score as people write it, without trailing zeros."""
    return str(format_decimal(value.normalize() + 0))


def day(on: date) -> str:
    return str(format_date(on, pgettext("date pattern (CLDR), no words", "d MMM y")))


def moment(at: datetime, *, like: datetime) -> str:
    """Day and time in the site's own zone, which `like` is in."""
    pattern = pgettext("date pattern (CLDR), no words", "d MMM y, HH:mm")
    return str(format_datetime(at.astimezone(like.tzinfo), pattern, rebase=False))
