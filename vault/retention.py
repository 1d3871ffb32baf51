"""What is forgotten, and when. Undelivered submissions and open marks never are."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, exists, or_, select, update

from vault.tables import (
    card_feedback,
    card_inputs,
    cards,
    contexts,
    drafts,
    handoffs,
    launches,
    outbox,
    safety_marks,
    seen_tokens,
)

# How long ids and times of a purged submission, and logged cards, are kept.
TOMBSTONES = timedelta(days=400)
DONE = ("verified", "dismissed")


def purge_submissions(
    connection: Connection,
    tenant: str,
    *,
    now: datetime,
    keep: timedelta,
    tombstones: timedelta,
) -> int:
    """Empty what is done for `keep`, delete tombstones. Returns the emptied rows."""
    mine = outbox.c.tenant == tenant
    emptied = connection.execute(
        update(outbox)
        .where(mine, outbox.c.state.in_(DONE), outbox.c.finished_at <= now - keep)
        .values(state="purged", payload=None, cause=None)
    )
    purged = (
        select(outbox.c.submission_id)
        .where(mine, outbox.c.state == "purged")
        .scalar_subquery()
    )
    connection.execute(
        update(safety_marks)
        .where(
            safety_marks.c.tenant == tenant,
            safety_marks.c.seen_at.is_not(None),
            safety_marks.c.submission_id.in_(purged),
        )
        .values(body=None)
    )
    old = (
        mine,
        outbox.c.state == "purged",
        outbox.c.finished_at <= now - keep - tombstones,
        ~exists().where(
            safety_marks.c.tenant == outbox.c.tenant,
            safety_marks.c.submission_id == outbox.c.submission_id,
            safety_marks.c.seen_at.is_(None),
        ),
    )
    gone = connection.execute(select(outbox.c.submission_id).where(*old)).scalars()
    for submission_id in gone.all():
        connection.execute(
            delete(safety_marks).where(
                safety_marks.c.tenant == tenant,
                safety_marks.c.submission_id == submission_id,
            )
        )
        connection.execute(
            delete(outbox).where(mine, outbox.c.submission_id == submission_id)
        )
    return emptied.rowcount


def purge_launches(
    connection: Connection, tenant: str, *, now: datetime, keep: timedelta
) -> None:
    """Delete launches, contexts, handoffs and drafts that nothing can open.

    A used nonce stays for `keep` after its form expired, so that a late repeat still
    gets the first result.
    """
    connection.execute(
        delete(launches).where(
            launches.c.tenant == tenant, launches.c.expires_at <= now
        )
    )
    connection.execute(
        delete(contexts).where(
            contexts.c.tenant == tenant, contexts.c.absolute_until <= now
        )
    )
    connection.execute(
        delete(handoffs).where(
            handoffs.c.tenant == tenant,
            handoffs.c.expires_at <= now - keep,
            or_(handoffs.c.touched_at.is_(None), handoffs.c.touched_at <= now - keep),
        )
    )
    connection.execute(
        delete(drafts).where(
            drafts.c.tenant == tenant, drafts.c.expires_at <= now - keep
        )
    )


def purge_calls(
    connection: Connection, tenant: str, *, now: datetime, tombstones: timedelta
) -> None:
    """Delete tokens that would be refused by their age, and old cards.

    What cards share holds nothing about a patient and stays.
    """
    connection.execute(
        delete(seen_tokens).where(
            seen_tokens.c.tenant == tenant, seen_tokens.c.expires_at <= now
        )
    )
    old = (
        select(cards.c.card)
        .where(cards.c.tenant == tenant, cards.c.last_at <= now - tombstones)
        .scalar_subquery()
    )
    for table in (card_feedback, card_inputs):
        connection.execute(
            delete(table).where(table.c.tenant == tenant, table.c.card.in_(old))
        )
    connection.execute(
        delete(cards).where(
            cards.c.tenant == tenant, cards.c.last_at <= now - tombstones
        )
    )
