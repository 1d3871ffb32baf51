"""FHIR dates: year, month, day or an instant with its offset; never a guess.

FHIR lets a dateTime stop after the year, the month or the day. Only an instant has a
time, and it must then state its offset: without one the day itself is uncertain, so
such a text is not read. A whole day has no offset; we place it at its first moment in
UTC, so that its calendar date (`.date()`) is the day that was written.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date that is less exact than a moment; month and day may be unknown."""

    year: int
    month: int | None
    day: int | None

    @property
    def start(self) -> datetime | None:
        """First moment of the day in UTC; None if the day is not known."""
        if self.month is None or self.day is None:
            return None
        return datetime(self.year, self.month, self.day, tzinfo=UTC)


def moment_from_text(text: str) -> datetime | PartialDate | None:
    """A FHIR date, dateTime or instant; None if it is none of them.

    The offset is kept as written. Digits beyond microseconds are cut off. A leap
    second (":60") becomes the first moment of the next minute.
    """
    try:
        if len(text) > 10:
            return _instant(text)
        return _partial(text)
    except (ValueError, OverflowError):
        return None


def to_the_day(text: str | None) -> datetime | None:
    """The moment of a text that is exact to the day at least, else None."""
    if not text:
        return None
    found = moment_from_text(text)
    return found.start if isinstance(found, PartialDate) else found


def day_from_text(text: str | None) -> date | None:
    """A date of birth; None if it is not exact to the day."""
    found = moment_from_text(text) if text and len(text) <= 10 else None
    start = found.start if isinstance(found, PartialDate) else None
    return None if start is None else start.date()


def text_from_moment(moment: datetime) -> str:
    """Whole seconds with offset: valid as dateTime and as instant.

    Raises:
        ValueError: the moment has no offset.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without offset cannot be written")
    return moment.isoformat(timespec="seconds")


def whole_seconds(moment: datetime) -> datetime:
    """The moment as it stands in the record after `text_from_moment`."""
    return moment.replace(microsecond=0)


def _instant(text: str) -> datetime | None:
    # `fromisoformat` also knows week dates and separators that FHIR does not.
    if text[4] != "-" or text[7] != "-" or text[10] != "T" or text[13:14] != ":":
        return None
    if text[16:19] == ":60":
        earlier = _instant(text[:16] + ":59" + text[19:])
        return (
            None
            if earlier is None
            else (earlier.replace(microsecond=0) + timedelta(seconds=1))
        )
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return None
    # Years 1 and 9999 overflow when they are compared in another offset.
    return moment if 1 < moment.year < 9999 else None


def _partial(text: str) -> PartialDate | None:
    parts = text.split("-")
    widths = [len(part) for part in parts]
    if widths not in ([4], [4, 2], [4, 2, 2]) or not text.isascii():
        return None
    if not all(part.isdigit() for part in parts):
        return None
    numbers = [int(part) for part in parts]
    year, month, day = (*numbers, None, None)[:3]
    assert year is not None
    datetime(year, month or 1, day or 1, tzinfo=UTC)  # refuses a day that never was
    if month == 0 or day == 0 or not 1 < year < 9999:
        return None
    return PartialDate(year, month, day)
