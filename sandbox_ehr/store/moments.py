"""FHIR dates as stretches of time, and how a search compares two of them."""

import calendar
from datetime import UTC, date, datetime, timedelta

from sandbox_ehr.errors import FhirRefusal
from sandbox_ehr.store.primitives import is_primitive

Stretch = tuple[datetime, datetime]  # from, up to but without; both UTC

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
ALWAYS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def stretch(text: str) -> Stretch | None:
    """What a date, dateTime or instant covers; None if it is none of these.

    A date without a zone is taken as UTC.
    """
    if not is_primitive("dateTime", text):
        return None
    try:
        return _moment(text) if "T" in text else _days(text)
    except (ValueError, OverflowError):
        return None  # the year 0, or an hour beyond the end of the calendar


def _moment(text: str) -> Stretch:
    moment = datetime.fromisoformat(text.replace(":60", ":59")).astimezone(UTC)
    width = timedelta(microseconds=1) if "." in text else timedelta(seconds=1)
    return moment, moment + width


def _days(text: str) -> Stretch:
    parts = [int(part) for part in text.split("-")]
    first = date(*([*parts, 1, 1][:3]))
    match len(parts):
        case 3:
            days = 1
        case 2:
            days = calendar.monthrange(first.year, first.month)[1]
        case _:
            days = 365 + calendar.isleap(first.year)
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return begin, begin + timedelta(days=days)


def value_stretch(value: object) -> Stretch | None:
    """The stretch of a dateTime or a Period found in a resource."""
    if isinstance(value, str):
        return stretch(value)
    if isinstance(value, dict):
        start, end = value.get("start"), value.get("end")
        low = stretch(start) if isinstance(start, str) else None
        high = stretch(end) if isinstance(end, str) else None
        if low or high:
            return (low or ALWAYS)[0], (high or ALWAYS)[1]
    return None


def matches(value: Stretch, search: str) -> bool:
    """Whether a stretch satisfies one search value such as `ge2026-03-01`.

    Raises:
        FhirRefusal: 400 for a value that is no date.
    """
    prefix, text = ("eq", search)
    if search[:2] in PREFIXES:
        prefix, text = search[:2], search[2:]
    wanted = stretch(text.replace(" ", "+"))
    if wanted is None:
        raise FhirRefusal(400, "value", "a search value is not a date")
    inside = wanted[0] <= value[0] and value[1] <= wanted[1]
    match prefix:
        case "eq":
            return inside
        case "ne":
            return not inside
        case "gt":
            return value[1] > wanted[1]
        case "lt":
            return value[0] < wanted[0]
        case "ge":
            return inside or value[1] > wanted[1]
        case "le":
            return inside or value[0] < wanted[0]
        case "sa":
            return value[0] >= wanted[1]
        case "eb":
            return value[1] <= wanted[0]
        case _:
            return value[0] < wanted[1] and wanted[0] < value[1]
