"""Between the rules and the card log: what was shown, answered, and is to be kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from clinical.interruptions import Interruption, Shown
from vault.card_log import CardAcknowledgement, CardHistory, CardRow, LoggedCard


def shown_in(history: CardHistory) -> list[Shown]:
    """What people have seen; a withheld card was not shown."""
    return [
        Shown(
            cause=each.row.cause,
            data_hash=each.row.data_hash,
            encounter=each.row.encounter,
        )
        for each in history.rows
        if each.row.served
    ]


@dataclass(frozen=True, slots=True)
class Before:
    """What the log held of a card's cause when the card was first made.

    Attributes:
        answers: to cards of this cause, in order of time; with them it stays silent
            until it has cleared and come back, or is worse.
        cards: of this cause, oldest first, shown or withheld.
    """

    answers: tuple[CardAcknowledgement, ...]
    cards: tuple[LoggedCard, ...]


def before(logged: LoggedCard, history: CardHistory) -> Before:
    """Of the same cause, and earlier than this card's first time."""
    cause, first = logged.row.cause, logged.first_at
    return Before(
        answers=tuple(
            each
            for each in history.acknowledgements
            if each.cause == cause and each.at < first
        ),
        cards=tuple(
            each
            for each in history.rows
            if each.row.cause == cause and each.times and each.first_at < first
        ),
    )


def rows_for(
    through: Sequence[Interruption],
    history: CardHistory,
    *,
    patient_index: str,
    occasion: str,
    speaking: bool,
) -> tuple[CardRow, ...]:
    """The card log's rows, one per card; the same card keeps the uuid it has."""
    return tuple(
        CardRow(
            uuid=history.uuid_of(
                cause=each.cause, data_hash=each.data_hash, encounter=occasion
            )
            or str(uuid4()),
            patient_index=patient_index,
            cause=each.cause,
            data_hash=each.data_hash,
            encounter=occasion,
            rule=each.cause.partition("|")[0],
            level=str(each.level),
            served=speaking,
        )
        for each in through
    )
