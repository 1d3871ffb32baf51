"""The control: a sender with every protection off. It must do harm, or a run proves
nothing.

It posts without a condition, never searches, and sends again whatever did not answer
with 2xx; or, told not to, it never sends again.
"""

from ehr.delivery.ladder import RESPONSE
from ehr.fence import Fence
from ehr.wire.egress import GuardedSession
from fhir_mapping.r4.json import json_bytes
from fhir_mapping.submission import resources_from_submission, with_response_reference
from tests.fault_proxy.clinic import DIALECT, Clinic

MOST_TRIES = 6


def send_blindly(clinic: Clinic, *, again: bool) -> None:
    """Send every acknowledged submission, straight from memory.

    Args:
        again: whether to repeat what was not answered well.
    """
    fence = Fence(bases=(clinic.base,), dev=True, read_seconds=0.25, total_seconds=1.0)
    session = GuardedSession(fence=fence)
    for submission in clinic.acknowledged:
        built = resources_from_submission(submission, clinic.library, DIALECT)
        place = _post(session, clinic.base, body=built.response, again=again)
        linked = with_response_reference(built, place or f"{RESPONSE}/lost")
        for each in linked.observations:
            _post(session, clinic.base, body=each, again=again)


def _post(
    session: GuardedSession, base: str, *, body: dict[str, object], again: bool
) -> str | None:
    for _ in range(MOST_TRIES if again else 1):
        try:
            answer = session.exchange(
                "POST",
                f"{base}/{body['resourceType']}",
                headers={
                    "Authorization": "Bearer naive",
                    "Content-Type": "application/fhir+json",
                },
                body=json_bytes(body),
            )
        except Exception:  # whatever it was: once more
            continue
        if answer.status < 300:
            location = answer.headers.get("location", "")
            return location.removeprefix(f"{base}/").partition("/_history")[0]
    return None
