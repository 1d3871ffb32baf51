"""The worker: leases what is due, carries it to the EHR, puts it down. One per tenant.

It alone repeats anything. What it cannot decide is held for a person.
"""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Literal, assert_never

from ehr.capabilities import Capabilities
from ehr.delivery.attempt import Attempt
from ehr.delivery.finding import Finder
from ehr.delivery.ladder import HeldShape, Probed, Shape, choose_shape
from ehr.delivery.progress import (
    Progress,
    progress_from_bytes,
    progress_to_bytes,
)
from ehr.delivery.reconcile import Reconciler
from ehr.delivery.retry import Hold, Later, Unknown, backoff
from ehr.delivery.rights import Right, Rights
from ehr.delivery.seal import SealedSubmission, sealed_submission
from ehr.delivery.terms import Stopped, Terms
from ehr.errors import AccessExpired, EhrRefused, EhrUnreachable, UnsafeAnswer
from ehr.server import FhirServer
from ehr.smart.access import AccessTokens
from ehr.tenants import Tenant
from ehr.wire.egress import GuardedSession
from fhir_mapping.dialect import Dialect
from fhir_mapping.errors import NotValidR4, UnmappedCode
from fhir_mapping.submission import SubmissionResources, resources_from_submission
from questionnaires.errors import AnswerNotOffered, UnknownInstrument
from questionnaires.library import Library
from vault.database import TenantVault
from vault.errors import LeaseLost
from vault.outbox_lease import Leased

WorkerStep = Literal["idle", "paused", "verified", "later", "unknown", "held", "lost"]

CAPABILITIES_KEPT = timedelta(hours=1)
LOGIN_LOOKED_FOR = timedelta(seconds=30)
FAILURES_BEFORE_PAUSE = 3
LONGEST_PAUSE = timedelta(seconds=60)
BY = "delivery"  # the actor in the audit

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things may take.

    Attributes:
        lease: longer than one whole attempt (a dozen requests of at most 10 seconds)
            and the grace; after a crash a row waits this long.
        grace: longest time the EHR may still work on a request we gave up.
        poll: seconds between two looks at the outbox when nobody wakes us.
    """

    lease: timedelta = timedelta(minutes=5)
    grace: timedelta = timedelta(seconds=60)
    poll: float = 1.0


USUAL_PACE = Pace()
NOT_PROBED = Probed()
_CHANCE = SystemRandom()


class Worker:
    """Carries one tenant's submissions. `wake` may be called from any thread."""

    def __init__(
        self,
        tenant: Tenant,
        vault: TenantVault,
        *,
        access: AccessTokens,
        library: Library,
        dialect: Dialect,
        name: str,
        pace: Pace = USUAL_PACE,
        probed: Probed = NOT_PROBED,
        session: GuardedSession | None = None,
        chance: Callable[[], float] = _CHANCE.random,
    ) -> None:
        self._tenant = tenant
        self._vault = vault
        self._rights = Rights(tenant, vault, access)
        self._library = library
        self._dialect = dialect
        self._name = name
        self._pace = pace
        self._probed = probed
        self._session = session or GuardedSession(fence=tenant.fhir_fence)
        self._chance = chance
        self._woken = threading.Event()
        self._capabilities: tuple[Capabilities, datetime] | None = None
        self._failures = 0
        self._paused_until: datetime | None = None

    def wake(self) -> None:
        """Something was sealed: look now."""
        self._woken.set()

    def run_forever(self, stop: threading.Event, clock: Callable[[], datetime]) -> None:
        """Deliver until stopped; ends at most one poll and one attempt later."""
        while not stop.is_set():
            step: WorkerStep = "paused"
            try:
                step = self.run_once(clock())
            except Exception as error:  # noqa: BLE001 -- the loop's last line: it must go on
                # The class only: a message or traceback may hold patient data.
                _log.error("delivery: %s", type(error).__name__)
            if step in ("idle", "paused"):
                self._woken.wait(self._pace.poll)
                self._woken.clear()

    def run_once(self, now: datetime) -> WorkerStep:
        """Lease the oldest row that is due and take it as far as it goes now."""
        if self._paused_until is not None and now < self._paused_until:
            return "paused"
        leased = self._vault.outbox.lease(
            worker=self._name, now=now, until=now + self._pace.lease
        )
        if leased is None:
            return "idle"
        try:
            return self._deliver(leased, now)
        except LeaseLost:
            return "lost"

    def _deliver(self, leased: Leased, now: datetime) -> WorkerStep:
        progress = progress_from_bytes(leased.progress)
        if leased.attempts == 1:
            # A person let it go on: what was counted before does not count any more.
            progress = replace(progress, misses={}, repeats={})
        try:
            sealed = sealed_submission(leased.payload, self._library)
            resources = resources_from_submission(
                sealed.submission, self._library, self._dialect
            )
        except (
            AnswerNotOffered, NotValidR4, UnknownInstrument, UnmappedCode, ValueError
        ):  # fmt: skip
            return self._put_down(leased, Hold("not_valid"), now=now)
        try:
            progress = self._carried(
                leased, resources, sealed=sealed, progress=progress, now=now
            )
        except Stopped as stopped:
            return self._put_down(leased, stopped.step, now=now)
        self._failures = 0
        self._vault.outbox.verified(
            leased, progress=progress_to_bytes(progress), now=now
        )
        self._tell(leased, "submission.verified", now=now, places=progress.places)
        return "verified"

    def _carried(
        self,
        leased: Leased,
        resources: SubmissionResources,
        *,
        sealed: SealedSubmission,
        progress: Progress,
        now: datetime,
    ) -> Progress:
        """The progress once the EHR holds a verified copy."""
        for renewed in (False, True):
            right = self._right(sealed, leased, now=now)
            server = self._server(right)
            capabilities = self._stated(leased, now=now)
            shape = choose_shape(
                capabilities, self._probed, may_update=right.may_update
            )
            if isinstance(shape, HeldShape):
                raise Stopped(Hold("not_storable"))
            attempt = Attempt(
                leased,
                _for_shape(resources, shape),
                outbox=self._vault.outbox,
                server=server,
                finder=Finder(server, capabilities, self._library, self._dialect),
                reconciler=Reconciler(
                    server, self._library, self._dialect, right.may_update
                ),
                progress=progress,
                terms=Terms(shape, self._pace.grace, now, self._chance),
            )
            try:
                attempt.carry()
                return attempt.progress
            except AccessExpired:
                progress = attempt.progress
                self._rights.refused(right)
                if not right.renewable:
                    raise Stopped(Later(LOGIN_LOOKED_FOR, "login_needed")) from None
                if renewed:
                    raise Stopped(Hold("login_needed")) from None
        raise AssertionError("the second round returns or stops")

    def _right(
        self, sealed: SealedSubmission, leased: Leased, *, now: datetime
    ) -> Right:
        try:
            return self._rights.right_for(sealed, now=now)
        except AccessExpired:
            raise Stopped(Later(LOGIN_LOOKED_FOR, "login_needed")) from None
        except (EhrUnreachable, UnsafeAnswer):
            raise Stopped(self._unreachable(leased)) from None

    def _stated(self, leased: Leased, *, now: datetime) -> Capabilities:
        held = self._capabilities
        if held is not None and now < held[1]:
            return held[0]
        server = FhirServer(self._tenant, self._session, _no_token)
        try:
            found = server.capabilities()
        except (EhrRefused, EhrUnreachable, UnsafeAnswer):
            raise Stopped(self._unreachable(leased)) from None
        self._capabilities = (found, now + CAPABILITIES_KEPT)
        self._lift_held(found, now)
        return found

    def _lift_held(self, capabilities: Capabilities, now: datetime) -> None:
        """Rung 5 moves up by itself as soon as the EHR offers what was missing."""
        shape = choose_shape(capabilities, self._probed, may_update=False)
        if isinstance(shape, HeldShape):
            return
        for row in self._vault.outbox.held():
            if row.cause == "not_storable":
                self._vault.outbox.retry(row.submission_id, by=BY, now=now)

    def _server(self, right: Right) -> FhirServer:
        return FhirServer(self._tenant, self._session, lambda: right.token)

    def _unreachable(self, leased: Leased) -> Later:
        return Later(backoff(leased.attempts - 1, self._chance), "unreachable")

    def _put_down(
        self, leased: Leased, step: Later | Unknown | Hold, *, now: datetime
    ) -> WorkerStep:
        outbox = self._vault.outbox
        match step:
            case Later(delay=delay, cause=cause):
                if cause == "unreachable":
                    delay = min(delay, LONGEST_PAUSE)
                    self._failed(now)
                outbox.later(leased, retry_at=now + delay, cause=cause, now=now)
                return "later"
            case Unknown(delay=delay, cause=cause):
                outbox.unknown(leased, retry_at=now + delay, cause=cause, now=now)
                return "unknown"
            case Hold(cause=cause):
                if cause in ("not_offered", "not_storable"):
                    self._capabilities = None  # asked again before the next row
                outbox.hold(leased, cause=cause, now=now)
                self._tell(leased, "submission.held", now=now, cause=cause)
                return "held"
            case _:
                assert_never(step)

    def _tell(
        self, leased: Leased, kind: str, *, now: datetime, **details: object
    ) -> None:
        """Into the audit: where it stands or why it does not, and the attempts."""
        told = {"submission": leased.submission_id, "attempts": leased.attempts}
        self._vault.audit.append(
            kind,
            BY,
            patient=None,
            details=json.dumps(told | details, default=dict).encode(),
            now=now,
        )

    def _failed(self, now: datetime) -> None:
        """After some failures in a row the whole tenant rests, not each row alone.

        So a queue that grew while the EHR was away drains as soon as it is back.
        """
        self._failures += 1
        if self._failures >= FAILURES_BEFORE_PAUSE:
            pause = backoff(self._failures - FAILURES_BEFORE_PAUSE, self._chance)
            self._paused_until = now + min(pause, LONGEST_PAUSE)


def _for_shape(resources: SubmissionResources, shape: Shape) -> SubmissionResources:
    return resources if shape.scores else replace(resources, observations=())


def _no_token() -> str:
    raise AccessExpired("asked without a right")
