"""What explains a card later: written once, when it is new, and read by an audit only.

The inputs are the card's own. The grounds are what many cards share, kept once under
their SHA-256; they hold nothing about a patient.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.sqlite import insert

from vault.cipher import TenantCipher
from vault.connections import plain_sql
from vault.tables import card_grounds, card_inputs


@dataclass(frozen=True, slots=True)
class Grounds:
    """`digest` is the SHA-256 (hex) of `content`."""

    digest: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is kept with a new card."""

    inputs: bytes
    grounds: Grounds


@dataclass(frozen=True, slots=True)
class SealedExplanations:
    """Rows to write: by the card's uuid, and those that cards share."""

    inputs: Mapping[str, tuple[object, ...]]
    grounds: tuple[tuple[object, ...], ...]


# Two processes may make the card of one uuid for the first time; one explanation holds.
_INSERT_INPUTS = plain_sql(insert(card_inputs).on_conflict_do_nothing())
_INSERT_GROUNDS = plain_sql(insert(card_grounds).on_conflict_do_nothing())
_EXPLANATION_OF = plain_sql(
    select(card_inputs.c.body, card_grounds.c.grounds, card_grounds.c.body)
    .join(
        card_grounds,
        (card_grounds.c.tenant == card_inputs.c.tenant)
        & (card_grounds.c.grounds == card_inputs.c.grounds),
    )
    .where(
        card_inputs.c.tenant == bindparam("tenant"),
        card_inputs.c.card == bindparam("card"),
    )
)


class CardInputs:
    """One tenant's explanations; a part of its card log."""

    def __init__(self, cipher: TenantCipher) -> None:
        self._cipher = cipher
        self._kept: frozenset[str] = frozenset()

    def sealed(self, explanations: Mapping[str, Explanation]) -> SealedExplanations:
        """Each in its envelope; grounds only if this process has not kept them yet."""
        return SealedExplanations(
            {uuid: self._inputs(uuid, each) for uuid, each in explanations.items()},
            tuple(
                self._grounds(each.grounds)
                for each in explanations.values()
                if each.grounds.digest not in self._kept
            ),
        )

    def kept(self, explanations: Iterable[Explanation]) -> None:
        """They are committed; from now on their grounds need no writing."""
        self._kept |= {each.grounds.digest for each in explanations}

    def of(self, driver: sqlite3.Connection, card: str) -> Explanation | None:
        """Raises Tampered: it is not what was written for this card."""
        found = driver.execute(_EXPLANATION_OF, (self._cipher.tenant, card)).fetchone()
        if found is None:
            return None
        inputs, digest, content = found
        return Explanation(
            self._cipher.open("card inputs", card, inputs),
            Grounds(digest, self._cipher.open("card grounds", digest, content)),
        )

    def _inputs(self, uuid: str, each: Explanation) -> tuple[object, ...]:
        body = self._cipher.seal("card inputs", uuid, each.inputs)
        return (self._cipher.tenant, uuid, each.grounds.digest, body)

    def _grounds(self, each: Grounds) -> tuple[object, ...]:
        body = self._cipher.seal("card grounds", each.digest, each.content)
        return (self._cipher.tenant, each.digest, body)


def write_explanations(
    driver: sqlite3.Connection, sealed: SealedExplanations, *, cards: Iterable[str]
) -> None:
    """Inside the transaction that logs the cards.

    Args:
        cards: uuids in force. Another process may have logged the same card since,
            with an explanation of its own; then ours is dropped.
    """
    new = [sealed.inputs[each] for each in cards if each in sealed.inputs]
    driver.executemany(_INSERT_INPUTS, new)
    driver.executemany(_INSERT_GROUNDS, sealed.grounds)
