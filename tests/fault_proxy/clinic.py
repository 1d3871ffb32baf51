"""A clinic for delivery tests: vault, submissions, worker, and an EHR behind faults.

Time is simulated: `Clinic.clock` moves only when a run moves it, so a grace of a
minute costs nothing.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from ehr.delivery.ladder import Probed
from ehr.delivery.seal import Sealed, seal
from ehr.delivery.worker import Pace, Worker, WorkerStep
from ehr.fence import Fence
from ehr.smart.access import AccessTokens
from ehr.smart.context import LaunchContext, store_context
from ehr.smart.id_token import User
from ehr.tenants import Scopes, Tenant
from ehr.wire.egress import GuardedSession
from fhir_mapping.dialect import load_dialect
from fhir_mapping.r4.codes import SUBMISSION_SYSTEM
from fhir_mapping.submission import (
    Submission,
    identifier_of,
    resources_from_submission,
)
from questionnaires.answers import answers_from_offered
from questionnaires.instrument import ChoiceItem, Instrument
from questionnaires.library import Library, load_library
from tests.fault_proxy.ledger_ehr import EPOCH, Ledger
from vault.cipher import KeyRing
from vault.database import Vault, open_vault

DIALECT = load_dialect("plain-r4")
SCOPES = "user/QuestionnaireResponse.crus user/Observation.crus"
STEP = timedelta(seconds=20)
INSTRUMENTS = ("phq-9", "gad-7", "session-outcome", "session-alliance")


@dataclass(slots=True)
class Clock:
    """The time of a run; only `pass_` moves it."""

    now: datetime = EPOCH

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, time: timedelta) -> None:
        self.now += time


def tenant_at(base: str, *, scopes: str = SCOPES) -> Tenant:
    """A tenant whose FHIR base this is, on the loopback."""
    return Tenant(
        id="clinic",
        issuer=base,
        client_id="rom",
        auth="none",
        secret=None,
        private_keys=None,
        redirect_uri="https://rom.example/callback/clinic",
        endpoint_origins=(base.removesuffix("/fhir"),),
        id_token_issuer=base,
        id_token_jwks_uri=None,
        dialect="plain-r4",
        scopes=Scopes(scopes, scopes, scopes),
        delivery="launch",
        signing_algorithm=None,
        assertion_audience="token_url",
        send_client_id=False,
        s256_unadvertised=None,
        frame_ancestors=(),
        cors_origins=(),
        hook_callers=(),
        extra_bases=(),
        private_addresses=False,
        ca_file=None,
        language=None,
        dev=True,
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the ledger says about the acknowledged submissions.

    Attributes:
        lost: no valid response, or a score missing.
        doubled: more than one valid response, or score, for one submission.
        misfiled: something of ours with another patient or other content.
    """

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    misfiled: tuple[str, ...]

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.misfiled)


@dataclass(slots=True)
class Clinic:
    """Seals submissions for its patients and delivers them to `base`."""

    folder: Path
    base: str
    clock: Clock = field(default_factory=Clock)
    scopes: str = SCOPES
    seed: int = 1
    library: Library = field(default_factory=load_library)
    acknowledged: list[Submission] = field(default_factory=list)
    steps: dict[WorkerStep, int] = field(default_factory=dict)
    vault: Vault = field(init=False)
    tenant: Tenant = field(init=False)
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.vault = open_vault(self.folder, KeyRing(b"k" * 32))
        self.tenant = tenant_at(self.base, scopes=self.scopes)
        self.random = Random(self.seed)

    @property
    def part(self) -> Any:
        return self.vault.for_tenant("clinic")

    def launch(
        self, patient: str, *, user: str = "17", lasts: timedelta = timedelta(days=30)
    ) -> str:
        """A completed launch; its id."""
        name = f"context-{patient}-{user}-{self.random.getrandbits(64):x}"
        context = LaunchContext(
            id=name,
            tenant="clinic",
            patient=patient,
            encounter=None,
            user=User(self.base, user, f"Practitioner/{user}"),
            scopes=self.scopes,
            need_banner=True,
            intent=None,
            access_token=f"token-{user}",
            refresh_token=None,
            expires_at=self.clock.now + lasts,
        )
        store_context(
            self.part,
            context,
            browser="b",
            now=self.clock.now,
            absolute=timedelta(days=60),
        )
        return name

    def answer(self, instrument_id: str, *, patient: str) -> Submission:
        """A whole form, filled in by chance."""
        instrument = self.library.instrument(instrument_id)
        return Submission(
            id=UUID(int=self.random.getrandbits(128), version=4),
            tenant="clinic",
            patient=patient,
            encounter=None,
            author="Practitioner/17",
            source=f"Patient/{patient}",
            mode="kiosk",
            answers=answers_from_offered(
                instrument, _by_chance(instrument, self.random), language="en"
            ),
            authored=self.clock.now,
        )

    def seal(self, submission: Submission, *, context_id: str) -> Sealed:
        """Issue the form's nonce and seal; what returns is acknowledged."""
        nonce = f"nonce-{submission.id}"
        expires_at = self.clock.now + timedelta(hours=1)
        self.part.outbox.issue_nonce(
            nonce, owner=context_id, body=b"", now=self.clock.now, expires_at=expires_at
        )
        sealed = seal(
            self.part,
            submission,
            nonce=nonce,
            owner=context_id,
            body_hash=str(submission.id),
            library=self.library,
            context_id=context_id,
            now=self.clock.now,
        )
        self.acknowledged.append(submission)
        return sealed

    def seal_many(self, count: int, *, patients: int = 7) -> None:
        """Forms of several patients, in turn."""
        contexts = {f"p-{each}": self.launch(f"p-{each}") for each in range(patients)}
        names = list(contexts)
        for number in range(count):
            patient = names[number % patients]
            form = self.answer(INSTRUMENTS[number % len(INSTRUMENTS)], patient=patient)
            self.seal(form, context_id=contexts[patient])
            self.clock.pass_(timedelta(seconds=1))

    def worker(
        self,
        *,
        name: str = "worker",
        probed: Probed = Probed(),  # noqa: B008 -- frozen
        pace: Pace = Pace(),  # noqa: B008 -- frozen
        read_seconds: float = 1.0,
    ) -> Worker:
        """A worker of this clinic, impatient so that hanging costs little."""
        fence = Fence(
            bases=(self.tenant.issuer,),
            dev=True,
            read_seconds=read_seconds,
            total_seconds=2.0,
        )
        return Worker(
            self.tenant,
            self.part,
            access=AccessTokens(self.tenant, self.part),
            library=self.library,
            dialect=DIALECT,
            name=name,
            pace=pace,
            probed=probed,
            session=GuardedSession(fence=fence),
            chance=Random(self.seed).random,
        )

    def drain(
        self,
        worker: Worker,
        *,
        settle: Callable[[], object] = lambda: None,
        lasts: timedelta = timedelta(days=2),
    ) -> None:
        """Run until nothing is open, moving the clock on whenever nothing is due."""
        end = self.clock.now + lasts
        while self.clock.now < end:
            step = worker.run_once(self.clock.now)
            self.steps[step] = self.steps.get(step, 0) + 1
            if step in ("idle", "paused"):
                if not self.open_rows():
                    return
                self.clock.pass_(STEP)
                settle()

    def open_rows(self) -> int:
        counts = self.part.outbox.counts()
        return sum(
            counts.get(each, 0) for each in ("sealed", "unknown", "accepted", "leased")
        )

    def held(self) -> dict[str, str]:
        """Held submissions and why."""
        return {row.submission_id: row.cause for row in self.part.outbox.held()}

    def let_held_go_on(self) -> int:
        """What staff does once the EHR is well again."""
        held = self.held()
        for each in held:
            self.part.outbox.retry(each, by="staff", now=self.clock.now)
        return len(held)

    def verdict(
        self,
        ledger: Ledger,
        *,
        scores: bool = True,
        unacknowledged: Sequence[Submission] = (),
    ) -> Verdict:
        """The oracle: the ledger against what was acknowledged, raw JSON.

        Args:
            ledger: of the EHR.
            scores: whether score Observations are expected.
            unacknowledged: sealed or not, nobody was told "Saved": may be there, once.
        """
        lost, doubled, misfiled = set(), set(), set()
        stored = _by_identifier(ledger)
        for submission in (*self.acknowledged, *unacknowledged):
            name = str(submission.id)
            built = resources_from_submission(submission, self.library, DIALECT)
            responses = stored.pop(identifier_of(built.response), [])
            for sent in (built.response, *(built.observations if scores else ())):
                found = (
                    responses
                    if sent is built.response
                    else stored.pop(identifier_of(sent), [])
                )
                if not found and submission not in unacknowledged:
                    lost.add(name)
                if len(found) > 1:
                    doubled.add(name)
                if any(_content(each) != _content(sent) for each in found):
                    misfiled.add(name)
                if sent is not built.response and any(
                    not _derives_from(each, responses) for each in found
                ):
                    misfiled.add(name)
        misfiled.update(stored)  # ours by identifier, and nobody's submission
        return Verdict(*(tuple(sorted(each)) for each in (lost, doubled, misfiled)))

    def close(self) -> None:
        self.vault.close()


def run_in_thread(worker: Worker, clock: Callable[[], datetime]) -> Callable[[], None]:
    """Start a worker as the server does; what is returned stops it."""
    stop = threading.Event()
    thread = threading.Thread(target=worker.run_forever, args=(stop, clock))
    thread.start()

    def end() -> None:
        stop.set()
        worker.wake()
        thread.join()

    return end


def _by_chance(instrument: Instrument, random: Random) -> dict[str, object]:
    return {
        item.link_id: random.choice(item.options).points
        for item in instrument.items
        if isinstance(item, ChoiceItem)
    }


def _by_identifier(ledger: Ledger) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for kind in ("QuestionnaireResponse", "Observation"):
        for each in ledger.valid(kind):
            names = each.get("identifier", [])
            for name in names if isinstance(names, list) else [names]:
                if name["system"] == SUBMISSION_SYSTEM:
                    found.setdefault(name["value"], []).append(each)
    return found


def _content(resource: dict[str, Any]) -> dict[str, Any]:
    added = ("id", "meta", "derivedFrom")
    return {key: value for key, value in resource.items() if key not in added}


def _derives_from(score: dict[str, Any], responses: list[dict[str, Any]]) -> bool:
    wanted = [f"QuestionnaireResponse/{each['id']}" for each in responses]
    found = [each["reference"] for each in score.get("derivedFrom", [])]
    return any(each in wanted for each in found)
