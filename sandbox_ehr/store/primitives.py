"""The primitive types of R4: is this JSON value one of them?"""

import re
from datetime import date
from decimal import Decimal

_DATE = r"([0-9]{4})(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE = r"(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")

TEXTS = {
    "code": re.compile(r"[^\s]+(\s[^\s]+)*"),
    "id": ID,
    "uri": re.compile(r"\S+"),
    "url": re.compile(r"\S+"),
    "canonical": re.compile(r"\S+"),
    "oid": re.compile(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+"),
    "uuid": re.compile(
        r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    ),
    "base64Binary": re.compile(r"(\s*([0-9a-zA-Z+/=]){4}\s*)+"),
    "date": re.compile(_DATE),
    "dateTime": re.compile(f"{_DATE}|{_DAY}T{_TIME}{_ZONE}"),
    "instant": re.compile(f"{_DAY}T{_TIME}{_ZONE}"),
    "time": re.compile(_TIME),
    # A string may hold line breaks but is never only white space.
    "string": re.compile(r"[\s\S]*\S[\s\S]*"),
    "markdown": re.compile(r"[\s\S]*\S[\s\S]*"),
    "xhtml": re.compile(
        r'\s*<div[^>]*xmlns="http://www\.w3\.org/1999/xhtml"[^>]*>[\s\S]*</div>\s*'
    ),
}
NUMBERS = {
    "integer": (-(2**31), 2**31 - 1),
    "unsignedInt": (0, 2**31 - 1),
    "positiveInt": (1, 2**31 - 1),
}
PRIMITIVES = frozenset(TEXTS) | frozenset(NUMBERS) | {"boolean", "decimal"}
DATED = frozenset({"date", "dateTime", "instant"})
ACTIVE = re.compile(r"<\s*(script|iframe|object|form|style|link)|\son[a-z]+\s*=", re.I)


def is_primitive(kind: str, value: object) -> bool:
    """Whether `value` is a JSON value of the primitive type `kind`."""
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "decimal":
        return isinstance(value, int | Decimal) and not isinstance(value, bool)
    if kind in NUMBERS:
        low, high = NUMBERS[kind]
        return (
            isinstance(value, int)
            and not isinstance(value, bool)
            and low <= value <= high
        )
    if not isinstance(value, str) or TEXTS[kind].fullmatch(value) is None:
        return False
    if kind == "xhtml":
        return ACTIVE.search(value) is None
    return kind not in DATED or _is_a_day(value[:10])


def _is_a_day(text: str) -> bool:
    if len(text) < 10:
        return True  # a year or a month: the pattern has said enough
    try:
        date.fromisoformat(text)
    except ValueError:
        return False  # 30 February
    return True
