"""A safety finding as the bytes that a mark keeps, and the way back."""

import json
from decimal import Decimal

from clinical.safety import SafetyAnswer, SafetyBlank

FORMAT = 1
Finding = SafetyAnswer | SafetyBlank


def bytes_from_finding(finding: Finding) -> bytes:
    """Our own versioned JSON; points as text so that no digit is lost."""
    told: dict[str, object] = {
        "format": FORMAT,
        "instrument": finding.instrument_id,
        "link_id": finding.link_id,
        "authored_on": finding.authored_on,
        "source": finding.source,
    }
    if isinstance(finding, SafetyAnswer):
        told |= {"points": str(finding.points), "urgency": finding.urgency}
    return json.dumps(told).encode()


def finding_from_bytes(body: bytes) -> Finding:
    """The finding that `bytes_from_finding` wrote; the reading is not kept."""
    told = json.loads(body)
    if "points" not in told:
        return SafetyBlank(
            instrument_id=told["instrument"],
            link_id=told["link_id"],
            authored_on=told["authored_on"],
            source=told["source"],
        )
    return SafetyAnswer(
        instrument_id=told["instrument"],
        link_id=told["link_id"],
        points=Decimal(told["points"]),
        urgency=told["urgency"],
        reading=None,
        authored_on=told["authored_on"],
        source=told["source"],
    )
