"""Whatever order things happen in, the outbox does what a page of Python says."""

import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from vault.audit import AuditRow
from vault.cipher import KeyRing
from vault.database import open_vault
from vault.errors import LeaseLost, NonceConflict, NotFound
from vault.outbox_lease import Leased
from vault.safety_marks import SafetyMark

START = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEASE = 5 * MINUTE
KEEP = timedelta(days=1)
PATIENTS = ("anna", "bert")
OPEN = ("sealed", "unknown", "accepted")


@dataclass
class Row:
    """One submission, as the guide describes it."""

    name: str
    patient: str
    form: str
    body: str
    due: datetime
    state: str = "sealed"
    sends: int = 0
    fencing: int = 0
    until: datetime | None = None  # of the lease that lies on it
    sending: bool = False
    progress: bytes = b""
    done_at: datetime | None = None

    def shown(self) -> str:
        return "unknown" if self.sending else self.state


@dataclass
class Model:
    rows: list[Row] = field(default_factory=list)

    def next_due(self, now: datetime) -> Row | None:
        for place, row in enumerate(self.rows):
            if row.state not in OPEN or row.due > now or self.leased(row, now):
                continue
            family = [each for each in self.rows if each.patient == row.patient]
            earlier = [
                each
                for each in self.rows[:place]
                if each.patient == row.patient and each.state in OPEN
            ]
            if not earlier and not any(self.leased(each, now) for each in family):
                return row
        return None

    def leased(self, row: Row, now: datetime) -> bool:
        return row.until is not None and row.until > now


class OutboxMachine(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.keys = KeyRing(secrets.token_bytes(32))
        self.vault = open_vault(self.folder, self.keys)
        self.part = self.vault.for_tenant("clinic")
        self.now = START
        self.model = Model()
        self.hands: list[tuple[Leased, Row]] = []
        self.forms = 0

    def teardown(self) -> None:
        if hasattr(self, "vault"):
            assert self.vault.damage() == ()
            assert self.part.audit.verify().rows >= len(self.model.rows)
            self.vault.close()
            shutil.rmtree(self.folder)

    def _seal(self, form: str, name: str, *, patient: str, body: str):
        return self.part.outbox.seal(
            nonce=form,
            owner="context",
            submission_id=name,
            body_hash=body,
            patient=patient,
            payload=f"{patient} {body}".encode(),
            safety=(SafetyMark(b"item"),),
            audit=AuditRow("submission.sealed", "x", patient, b""),
            now=self.now,
        )

    @rule(patient=st.sampled_from(PATIENTS))
    def seal(self, patient: str) -> None:
        self.forms += 1
        form = f"form {self.forms}"
        self.part.outbox.issue_nonce(
            form,
            owner="context",
            body=b"",
            now=self.now,
            expires_at=self.now + timedelta(days=9000),
        )
        stored = self._seal(form, f"s{self.forms}", patient=patient, body="first")
        assert not stored.repeated
        self.model.rows.append(
            Row(f"s{self.forms}", patient, form, "first", due=self.now)
        )

    @precondition(lambda self: self.model.rows)
    @rule(data=st.data(), body=st.sampled_from(["first", "second"]))
    def post_again(self, data: st.DataObject, body: str) -> None:
        row = data.draw(st.sampled_from(self.model.rows))
        family = [each for each in self.model.rows if each.form == row.form]
        self.forms += 1
        name = f"again{self.forms}"
        try:
            stored = self._seal(row.form, name, patient=row.patient, body=body)
        except NonceConflict as conflict:
            assert body == "second"
            kept = [each.name for each in family if each.body == body] or [name]
            kept_under = conflict.submission_id
            assert kept == [kept_under]
            if kept == [name]:
                self.model.rows.append(
                    Row(name, row.patient, row.form, body, due=self.now, state="held")
                )
        else:
            assert body == "first"
            assert stored.repeated
            assert stored.submission_id == family[0].name

    @rule()
    def lease(self) -> None:
        expected = self.model.next_due(self.now)
        leased = self.part.outbox.lease(
            worker="w", now=self.now, until=self.now + LEASE
        )
        if expected is None:
            assert leased is None
            return
        assert leased is not None
        expected.state = expected.shown()
        expected.sending = False
        expected.fencing += 1
        expected.until = self.now + LEASE
        assert leased.submission_id == expected.name
        assert leased.state == expected.state
        assert leased.sends == expected.sends
        assert leased.progress == expected.progress
        assert leased.payload == f"{expected.patient} {expected.body}".encode()
        self.hands.append((leased, expected))

    @precondition(lambda self: self.hands)
    @rule(
        data=st.data(),
        what=st.sampled_from(
            ["sending", "accepted", "verified", "unknown", "later", "hold"]
        ),
        minutes=st.integers(0, 30),
    )
    def work(self, data: st.DataObject, what: str, minutes: int) -> None:
        leased, row = data.draw(st.sampled_from(self.hands[-4:]))
        outbox, now = self.part.outbox, self.now
        retry = now + minutes * MINUTE
        mine = row.until is not None and row.fencing == leased.fencing
        if what == "sending":
            mine = mine and self.model.leased(row, now)
        try:
            match what:
                case "sending":
                    outbox.sending(leased, now)
                case "accepted":
                    outbox.accepted(leased, progress=b"id", now=now)
                case "verified":
                    outbox.verified(leased, progress=b"done", now=now)
                case "unknown":
                    outbox.unknown(leased, retry_at=retry, cause="c", now=now)
                case "later":
                    outbox.later(leased, retry_at=retry, cause="c", now=now)
                case "hold":
                    outbox.hold(leased, cause="c", now=now)
        except LeaseLost:
            assert not mine
            return
        assert mine
        if what == "sending":
            row.sending = True
            row.sends += 1
            return
        row.sending = False
        match what:
            case "accepted":
                row.state, row.progress = "accepted", b"id"
                return
            case "verified":
                row.state, row.done_at = "verified", now
            case "unknown":
                row.state, row.due = "unknown", retry
            case "later":
                row.due = retry
            case "hold":
                row.state = "held"
        row.until = None

    @precondition(lambda self: self.model.rows)
    @rule(data=st.data(), absent=st.booleans(), dismiss=st.booleans())
    def staff(self, data: st.DataObject, absent: bool, dismiss: bool) -> None:
        held = [each for each in self.model.rows if each.state == "held"]
        row = data.draw(st.sampled_from(held or self.model.rows))
        try:
            if dismiss:
                self.part.outbox.dismiss(row.name, by="x", reason="r", now=self.now)
            else:
                self.part.outbox.retry(row.name, by="x", now=self.now, absent=absent)
        except NotFound:
            assert row.state != "held"
            return
        assert row.state == "held"
        if dismiss:
            row.state, row.done_at = "dismissed", self.now
        else:
            row.state = "sealed" if absent or not row.sends else "unknown"
            row.due = self.now

    @rule(minutes=st.sampled_from([1, 3, 5, 6, 30, 60 * 25]))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule()
    def purge(self) -> None:
        gone = 0
        for row in self.model.rows:
            if row.done_at and row.done_at + KEEP <= self.now and row.state != "purged":
                row.state = "purged"
                gone += 1
        assert self.part.outbox.purge(self.now, KEEP) == gone

    @rule()
    def restart(self) -> None:
        self.vault.close()
        self.vault = open_vault(self.folder, self.keys)
        self.part = self.vault.for_tenant("clinic")

    @invariant()
    def everything_not_verified_is_there(self) -> None:
        if not hasattr(self, "vault"):
            return
        for patient in PATIENTS:
            found = [
                (row.submission_id, row.state, row.sends, row.payload)
                for row in self.part.outbox.waiting(patient)
            ]
            assert found == [
                (
                    row.name,
                    row.shown(),
                    row.sends,
                    f"{row.patient} {row.body}".encode(),
                )
                for row in self.model.rows
                if row.patient == patient and row.state in (*OPEN, "held")
            ]
        marked = sum(len(self.part.safety.open_marks(each)) for each in PATIENTS)
        assert marked == len(self.model.rows)

    @invariant()
    def one_writer_per_patient(self) -> None:
        if not hasattr(self, "vault"):
            return
        busy = [
            row.patient for row in self.model.rows if self.model.leased(row, self.now)
        ]
        assert len(busy) == len(set(busy))


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(
    max_examples=45,
    stateful_step_count=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
