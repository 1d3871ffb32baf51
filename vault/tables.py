"""The tables. Clear: random ids, tenant, state, times, counts. The rest is sealed.

Columns called `…_hash` hold a keyed SHA-256 of the tenant, never the value. Every
key and index begins with the tenant. Times are whole microseconds since 1970, UTC.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

# 2: what explains a card. Version 1 lacks these two tables and nothing else.
SCHEMA_VERSION = 2

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds(instant: datetime) -> int:
    """Whole microseconds since 1970, UTC; a time without zone is refused."""
    if instant.tzinfo is None:
        raise ValueError("a time in the vault needs a time zone")
    return (instant - EPOCH) // MICROSECOND


def instant_from(microseconds_since_epoch: int) -> datetime:
    """The way back: an aware UTC time."""
    return EPOCH + microseconds_since_epoch * MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware UTC time, stored as whole microseconds so that it sorts exactly."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> int | None:
        return None if value is None else microseconds(value)

    def process_result_value(
        self, value: int | None, dialect: Dialect
    ) -> datetime | None:
        return None if value is None else instant_from(value)


MAIN = MetaData()
CALLS = MetaData()

# `purpose` is "data" (envelopes), "index" (keyed hashes) or "check" (tenant "").
tenant_keys = Table(
    "tenant_keys",
    MAIN,
    Column("tenant", String, primary_key=True),
    Column("purpose", String, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("master", String, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)

launches = Table(
    "launches",
    MAIN,
    Column("tenant", String, primary_key=True),
    Column("state_hash", String, primary_key=True),
    Column("browser_hash", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

contexts = Table(
    "contexts",
    MAIN,
    Column("tenant", String, primary_key=True),
    Column("context_id", String, primary_key=True),
    Column("browser_hash", String, nullable=False),
    Column("patient_index", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("touched_at", Instant, nullable=False),
    Column("idle_microseconds", BigInteger, nullable=False),
    Column("absolute_until", Instant, nullable=False),
    Column("refresh_until", Instant),
    Column("locked", Boolean, nullable=False),
    Index("contexts_by_patient", "tenant", "patient_index", "opened_at"),
)

handoffs = Table(
    "handoffs",
    MAIN,
    Column("tenant", String, primary_key=True),
    Column("handoff_id", String, primary_key=True),
    Column("code_hash", String),
    Column("context_id", String, nullable=False),
    Column("patient_index", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("offered_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("browser_hash", String),
    Column("touched_at", Instant),
    Column("finished", Boolean, nullable=False),
    UniqueConstraint("tenant", "code_hash"),
)

drafts = Table(
    "drafts",
    MAIN,
    Column("tenant", String, primary_key=True),
    Column("nonce_hash", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

# `worker` is set while the row is leased; `sending_at` while bytes may be leaving.
outbox = Table(
    "outbox",
    MAIN,
    Column("tenant", String, primary_key=True),
    Column("submission_id", String, primary_key=True),
    Column("place", Integer, nullable=False),  # order of sealing within the tenant
    Column("patient_index", String, nullable=False),
    Column("nonce_hash", String, nullable=False),
    Column("body_hash", String, nullable=False),
    Column("state", String, nullable=False),
    Column("payload", LargeBinary),
    Column("progress", LargeBinary),
    Column("cause", LargeBinary),
    Column("attempts", Integer, nullable=False),
    Column("sends", Integer, nullable=False),
    Column("fencing", Integer, nullable=False),
    Column("worker", String),
    Column("leased_until", Instant),
    Column("sending_at", Instant),
    Column("due_at", Instant, nullable=False),
    Column("sealed_at", Instant, nullable=False),
    Column("finished_at", Instant),  # verified, or dismissed
    UniqueConstraint("tenant", "nonce_hash", "body_hash"),
    UniqueConstraint("tenant", "place"),
    Index("outbox_by_state", "tenant", "state", "place"),
    Index("outbox_by_patient", "tenant", "patient_index", "place"),
)

safety_marks = Table(
    "safety_marks",
    MAIN,
    Column("tenant", String, primary_key=True),
    Column("mark_id", String, primary_key=True),
    Column("submission_id", String, nullable=False),
    Column("patient_index", String, nullable=False),
    Column("body", LargeBinary),
    Column("raised_at", Instant, nullable=False),
    Column("seen_by", LargeBinary),
    Column("seen_at", Instant),
    Column("told_at", Instant),
    # No cascade: a submission cannot go while a mark on it is open.
    ForeignKeyConstraint(
        ["tenant", "submission_id"], ["outbox.tenant", "outbox.submission_id"]
    ),
    Index("safety_marks_by_patient", "tenant", "patient_index", "raised_at"),
    Index("safety_marks_by_submission", "tenant", "submission_id"),
    Index("safety_marks_by_seen", "tenant", "seen_at", "raised_at"),
)

audit = Table(
    "audit",
    MAIN,
    Column("tenant", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("kind", String, nullable=False),
    Column("patient_index", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("link", String, nullable=False),
    Index("audit_by_patient", "tenant", "patient_index", "number"),
)

audit_heads = Table(
    "audit_heads",
    MAIN,
    Column("tenant", String, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("link", String, nullable=False),
    Column("proof", String, nullable=False),
)

seen_tokens = Table(
    "seen_tokens",
    CALLS,
    Column("tenant", String, primary_key=True),
    Column("token_hash", LargeBinary, primary_key=True),
    Column("expires_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

# Clustered by patient: a call touches two trees, and not one per index.
cards = Table(
    "cards",
    CALLS,
    Column("tenant", String, primary_key=True),
    Column("patient_index", String, primary_key=True),
    Column("same_hash", LargeBinary, primary_key=True),
    Column("card", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("served", Boolean, nullable=False),
    Column("times", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    UniqueConstraint("tenant", "card"),
    sqlite_with_rowid=False,
)

# Apart from the cards, which every call about their patient reads.
card_inputs = Table(
    "card_inputs",
    CALLS,
    Column("tenant", String, primary_key=True),
    Column("card", String, primary_key=True),
    Column("grounds", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# What many cards share, by its SHA-256: once for all of them.
card_grounds = Table(
    "card_grounds",
    CALLS,
    Column("tenant", String, primary_key=True),
    Column("grounds", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

card_feedback = Table(
    "card_feedback",
    CALLS,
    Column("tenant", String, primary_key=True),
    Column("card", String, primary_key=True),
    Column("outcome", String, primary_key=True),
    Column("at", Instant, primary_key=True, autoincrement=False),
    Column("reason", LargeBinary),
    Column("received_at", Instant, nullable=False),
    ForeignKeyConstraint(["tenant", "card"], ["cards.tenant", "cards.card"]),
)
