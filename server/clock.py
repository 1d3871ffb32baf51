"""The server's clock: the one place of the product that asks what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def wall_clock(time_zone: str) -> Callable[[], datetime]:
    """The server's clock, the only one that is believed, in the site's time zone."""
    zone = ZoneInfo(time_zone) if time_zone else None

    def now() -> datetime:
        # The edge: everybody below gets it as an argument.
        return datetime.now(UTC).astimezone(zone)  # noqa: TID251

    return now
