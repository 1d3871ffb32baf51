"""What of an export could not be used: how much of what, and where it stands."""

from collections import Counter
from collections.abc import Iterator, Mapping

from ehr.bulk.charts import Charts

Unread = Counter[tuple[str, str, str]]  # type, place, reason


def unread_json(unread: Unread, charts: Charts) -> Mapping[str, object]:
    """Two members of a report for machines."""
    return {
        "unread": [
            {"type": kind, "place": place, "reason": reason, "count": count}
            for (kind, place, reason), count in sorted(unread.items())
        ],
        "unread_at": [*_places(charts)],
    }


def unread_lines(unread: Unread, charts: Charts) -> Iterator[str]:
    """The same for people; nothing where all was read."""
    for (kind, place, reason), count in sorted(unread.items()):
        yield f"unread: {count} {kind} {place or 'as a whole'}: {reason}"
    for line in _places(charts):
        yield f"  {line}"


def _places(charts: Charts) -> Iterator[str]:
    for each in charts.nobodys_at:
        place = f" at {each.place}" if each.place else ""
        yield f"{each.file}:{each.line}: {each.reason}{place}"
