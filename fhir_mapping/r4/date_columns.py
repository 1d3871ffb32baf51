"""Many dates at once: instants written alike, as one exporter writes them.

What they mean is said by `fhir_mapping.r4.dates`; this reads only texts of one of a few
forms, and only if every part is within its range. All else is read one by one.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

# d: a digit; s: a sign.
_DATE: Final = "dddd-dd-ddTdd:dd:dd"
_FORMS: Final = tuple(
    _DATE + fraction + offset
    for fraction in ("", ".ddd", ".dddddd")
    for offset in ("Z", "sdd:dd")
)
_DAYS_BEFORE: Final = np.cumsum([0, 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30])
_DAYS_IN: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_EPOCH: Final = 719_163  # 1970-01-01 as a proleptic Gregorian ordinal


def moments_of(
    texts: Sequence[str | None], one: Callable[[str | None], tuple[int, int] | None]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Instants and days of any texts.

    Args:
        one: reads a single text; None if it says no moment.

    Returns:
        (n,) whole seconds since 1970, (n,) days since 1970 of the date as written, and
        (n,) whether the text says a moment; where it does not, both numbers are 0.
    """
    alike = moments_from(texts)
    if alike is not None:
        return *alike, np.ones(len(texts), dtype=np.bool_)
    each = [one(text) for text in texts]
    found = np.array([moment or (0, 0) for moment in each], dtype=np.int64)
    found = found.reshape(-1, 2)
    known = np.array([moment is not None for moment in each], dtype=np.bool_)
    return found[:, 0], found[:, 1], known


def moments_from(
    texts: Sequence[str | None],
) -> tuple[np.ndarray, np.ndarray] | None:
    """Instants and days of texts that all have the same form; None if they have not.

    Returns:
        (n,) whole seconds since 1970, and (n,) days since 1970 of the date as written.
    """
    known = [each for each in texts if each]
    width = len(known[0]) if known else 0
    form = next((each for each in _FORMS if len(each) == width), None)
    text = "".join(known)
    if form is None or len(known) < len(texts) or set(map(len, known)) != {width}:
        return None
    if not text.isascii():
        return None
    signs = np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    # One row for each place in the text, so that what is read together lies together.
    places = np.ascontiguousarray(signs.reshape(-1, width).T)
    for place, sign in zip(places, form, strict=True):
        fits = (
            (place - 48 <= 9)  # wraps around below "0"
            if sign == "d"
            else (place == 43) | (place == 45)
            if sign == "s"
            else place == ord(sign)
        )
        if not fits.all():
            return None
    digits = places.astype(np.int32) - 48

    def number(start: int, stop: int) -> np.ndarray:
        found: np.ndarray = digits[start]
        for place in digits[start + 1 : stop]:
            found = 10 * found + place
        return found

    year, month, day = number(0, 4), number(5, 7), number(8, 10)
    hour, minute, second = number(11, 13), number(14, 16), number(17, 19)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    if not (
        _within(year, 2, 9998) and _within(month, 1, 12) and _within(day, 1, 31)
        and (day <= _DAYS_IN[month] + (leap & (month == 2))).all()
        and _within(hour, 0, 23) and _within(minute, 0, 59) and _within(second, 0, 59)
    ):  # fmt: skip
        return None
    years = year - 1
    days = (
        365 * years + years // 4 - years // 100 + years // 400
        + _DAYS_BEFORE[month] + (leap & (month > 2)) + day - _EPOCH
    )  # fmt: skip
    instants = 86_400 * days.astype(np.int64) + 3_600 * hour + 60 * minute + second
    if not form.endswith("Z"):
        hours, minutes = number(width - 5, width - 3), number(width - 2, width)
        if not (_within(hours, 0, 23) and _within(minutes, 0, 59)):
            return None
        east = np.where(places[width - 6] == 43, 1, -1)
        instants = instants - east * (3_600 * hours + 60 * minutes)
    return instants, days


def _within(numbers: np.ndarray, least: int, most: int) -> bool:
    return bool(((numbers >= least) & (numbers <= most)).all())
