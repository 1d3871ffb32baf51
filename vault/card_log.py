"""Cards served or withheld, what explains each of them, and what came back.

EHRs never report an ignored card, so this log is the denominator. What a card said
is sealed: rule and cause of a card are clinical facts about its patient. What explains
it is written once, when the card is new, and read by nobody who shows cards.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, literal_column, select
from sqlalchemy.dialects.sqlite import insert

from vault.card_inputs import CardInputs, Explanation, write_explanations
from vault.cipher import TenantCipher
from vault.connections import Store, plain_sql, translated
from vault.errors import NotFound
from vault.seen_tokens import use_token
from vault.tables import card_feedback, cards, instant_from, microseconds


@dataclass(frozen=True, slots=True)
class CardRow:
    """One card of one call.

    Attributes:
        uuid: under which the EHR will report back.
        cause: stable key of what raised it.
        data_hash: of the evidence; the same data give the same hash.
        encounter: id, or empty.
        level: gain of the latest reading, a decimal as text.
        served: False if it was withheld (silent mode).
    """

    uuid: str
    patient_index: str
    cause: str
    data_hash: str
    encounter: str
    rule: str
    level: str
    served: bool


@dataclass(frozen=True, slots=True)
class LoggedCard:
    """A card in the log: served or withheld `times` times, in that span.

    `times` is 0 where somebody answered on the app's page before any card was made.
    """

    row: CardRow
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class CardAcknowledgement:
    """What somebody answered to a card."""

    card: str
    cause: str
    level: str
    outcome: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ExplainedCard:
    """One card with everything that is kept about it.

    `explanation` is None for a card that was logged before explanations were kept.
    """

    logged: LoggedCard
    explanation: Explanation | None
    acknowledgements: tuple[CardAcknowledgement, ...]


@dataclass(frozen=True, slots=True)
class CardHistory:
    """A patient's cards, oldest first, and the answers to them in order of time."""

    rows: tuple[LoggedCard, ...]
    acknowledgements: tuple[CardAcknowledgement, ...]

    @property
    def made(self) -> frozenset[str]:
        """The uuids of the cards that were served or withheld."""
        return frozenset(each.row.uuid for each in self.rows if each.times)

    def uuid_of(self, *, cause: str, data_hash: str, encounter: str) -> str | None:
        """The uuid a card for this already has; it keeps it."""
        same = (cause, data_hash, encounter)
        for logged in self.rows:
            row = logged.row
            if (row.cause, row.data_hash, row.encounter) == same:
                return row.uuid
        return None


NOTHING_NEW: Mapping[str, Explanation] = MappingProxyType({})

# Compiled once: these run on every call from an EHR.
_NEW = insert(cards)
NOTE = plain_sql(_NEW.on_conflict_do_nothing())
INSERT = plain_sql(
    _NEW.on_conflict_do_update(
        index_elements=[cards.c.tenant, cards.c.patient_index, cards.c.same_hash],
        set_={
            "served": cards.c.served | _NEW.excluded.served,
            "times": cards.c.times + _NEW.excluded.times,
            "first_at": case(
                (cards.c.times == literal_column("0"), _NEW.excluded.first_at),
                else_=cards.c.first_at,
            ),
            "last_at": _NEW.excluded.last_at,
        },
    ).returning(cards.c.card)
)
_CARD = select(
    cards.c.patient_index,
    cards.c.card,
    cards.c.body,
    cards.c.served,
    cards.c.times,
    cards.c.first_at,
    cards.c.last_at,
).where(cards.c.tenant == bindparam("tenant"))
_ANSWER = (
    select(
        card_feedback.c.card,
        card_feedback.c.outcome,
        card_feedback.c.at,
        card_feedback.c.reason,
    )
    .join(cards)
    .where(cards.c.tenant == bindparam("tenant"))
    .order_by(card_feedback.c.at, card_feedback.c.card)
)
_OF_PATIENT = cards.c.patient_index == bindparam("patient_index")
_ITSELF = cards.c.card == bindparam("card")
CARDS_OF = plain_sql(_CARD.where(_OF_PATIENT).order_by(cards.c.first_at, cards.c.card))
CARD_ITSELF = plain_sql(_CARD.where(_ITSELF))
ANSWERS_OF = plain_sql(_ANSWER.where(_OF_PATIENT))
ANSWERS_TO = plain_sql(_ANSWER.where(_ITSELF))


class CardLog:
    """`tenant_vault.cards`."""

    def __init__(self, store: Store, cipher: TenantCipher) -> None:
        self._store = store
        self._cipher = cipher
        self._tenant = cipher.tenant
        self._inputs = CardInputs(cipher)

    def record_call(
        self,
        *,
        issuer: str,
        jti: str,
        expires_at: datetime,
        cards: Sequence[CardRow],
        now: datetime,
        explanations: Mapping[str, Explanation] = NOTHING_NEW,
    ) -> tuple[str, ...]:
        """Use the call's token up and log its cards, in one transaction.

        Args:
            expires_at: from then on the token's age refuses it.
            explanations: of the new cards, by uuid.

        Returns:
            The uuid in force for each card: the older one where the same card (by
            patient, cause, data and encounter) was logged before.

        Raises:
            AlreadyUsed: the token was seen before; no card is logged.
            VaultUnavailable: nothing is stored; answer 503.
        """
        expires = microseconds(expires_at)
        parameters = [self._parameters(card, microseconds(now)) for card in cards]
        sealed = self._inputs.sealed(explanations)

        def log(driver: sqlite3.Connection) -> tuple[str, ...]:
            use_token(driver, self._tenant, issuer=issuer, jti=jti, expires_at=expires)
            uuids = tuple(
                [driver.execute(INSERT, row).fetchone()[0] for row in parameters]
            )
            write_explanations(driver, sealed, cards=uuids)
            return uuids

        uuids = self._store.write_quickly(log)
        self._inputs.kept(explanations.values())
        return uuids

    def explained(self, card: str) -> ExplainedCard:
        """One card with all that explains it.

        Raises:
            NotFound: no such card of this tenant.
            Tampered: something about it is not what was written in its place.
        """
        named = (self._tenant, card)
        with translated():
            driver: sqlite3.Connection = self._store.driver()
            found = driver.execute(CARD_ITSELF, named).fetchone()
            if found is None:
                raise NotFound("card")
            answers = driver.execute(ANSWERS_TO, named).fetchall()
            explanation = self._inputs.of(driver, card)
        logged = self._logged(found)
        return ExplainedCard(
            logged,
            explanation,
            tuple(self._acknowledged(each, logged.row) for each in answers),
        )

    def known(self, patient: str) -> CardHistory:
        """What the log holds about this patient."""
        patient_index = self._cipher.blind_index(patient)
        with translated():
            driver: sqlite3.Connection = self._store.driver()
            found = driver.execute(CARDS_OF, (self._tenant, patient_index)).fetchall()
            if not found:
                return CardHistory((), ())
            answers = driver.execute(
                ANSWERS_OF, (self._tenant, patient_index)
            ).fetchall()
        rows = tuple(self._logged(row) for row in found)
        by_uuid = {logged.row.uuid: logged.row for logged in rows}
        return CardHistory(
            rows,
            tuple(
                self._acknowledged(answer, by_uuid[answer[0]])
                for answer in answers
                if answer[0] in by_uuid
            ),
        )

    def acknowledgements(self, patient: str) -> tuple[CardAcknowledgement, ...]:
        """The answers to this patient's cards, in order of time."""
        return self.known(patient).acknowledgements

    def feedback(
        self,
        *,
        card: str,
        outcome: str,
        reason: str | None,
        at: datetime,
        now: datetime,
    ) -> bool:
        """Note what the EHR reports; the same report twice is one.

        Returns:
            False if no such card of this tenant is known; nothing is stored then.
        """
        with self._store.write() as connection:
            known = connection.execute(
                select(cards.c.card).where(
                    cards.c.tenant == self._tenant, cards.c.card == card
                )
            ).first()
            if known is None:
                return False
            self._keep(connection, card, outcome, reason or "", at=at, now=now)
        return True

    def answer(
        self, card: CardRow, *, outcome: str, reason: str, now: datetime
    ) -> bool:
        """Note what somebody says of the signal of this card, whoever made the card.

        It is an answer to the card that the log holds for the same patient, cause, data
        and encounter. Where there is none yet, its place is kept, with `times` 0.

        Returns:
            False if that card has an answer already; nothing is stored then.
        """
        row = self._parameters(card, microseconds(now), times=0)
        mine = (cards.c.tenant == self._tenant) & (
            cards.c.patient_index == card.patient_index
        )
        with self._store.write() as connection:
            connection.exec_driver_sql(NOTE, row)
            uuid = connection.execute(
                select(cards.c.card).where(mine, cards.c.same_hash == row[2])
            ).scalar_one()
            answers = select(card_feedback.c.card).where(
                card_feedback.c.tenant == self._tenant, card_feedback.c.card == uuid
            )
            if connection.execute(answers).first() is not None:
                return False
            self._keep(connection, uuid, outcome, reason, at=now, now=now)
        return True

    def take_back(self, answer: CardAcknowledgement) -> None:
        """Forget this answer; its card speaks again as if nobody had given it."""
        with self._store.write() as connection:
            connection.execute(
                delete(card_feedback).where(
                    card_feedback.c.tenant == self._tenant,
                    card_feedback.c.card == answer.card,
                    card_feedback.c.outcome == answer.outcome,
                    card_feedback.c.at == answer.at,
                )
            )

    def _keep(
        self,
        connection: Connection,
        card: str,
        outcome: str,
        reason: str,
        *,
        at: datetime,
        now: datetime,
    ) -> None:
        place = f"{card}|{outcome}|{microseconds(at)}"
        connection.execute(
            insert(card_feedback)
            .values(
                tenant=self._tenant,
                card=card,
                outcome=outcome,
                at=at,
                reason=self._cipher.seal("feedback", place, reason.encode()),
                received_at=now,
            )
            .on_conflict_do_nothing()
        )

    def _parameters(
        self, card: CardRow, now: int, *, times: int = 1
    ) -> tuple[object, ...]:
        same = self._cipher.digest(
            "card", card.patient_index, card.cause, card.data_hash, card.encounter
        )
        told = [card.cause, card.data_hash, card.encounter, card.rule, card.level]
        body = self._cipher.seal("card", card.uuid, json.dumps(told).encode())
        return (
            self._tenant,
            card.patient_index,
            same,
            card.uuid,
            body,
            card.served,
            times,
            now,
            now,
        )

    def _logged(self, row: Any) -> LoggedCard:
        patient_index, uuid, body, served, times, first_at, last_at = row
        told = json.loads(self._cipher.open("card", uuid, body))
        cause, data_hash, encounter, rule, level = told[:5]
        return LoggedCard(
            CardRow(
                uuid=uuid,
                patient_index=patient_index,
                cause=cause,
                data_hash=data_hash,
                encounter=encounter,
                rule=rule,
                level=level,
                served=bool(served),
            ),
            times=times,
            first_at=instant_from(first_at),
            last_at=instant_from(last_at),
        )

    def _acknowledged(self, answer: Any, row: CardRow) -> CardAcknowledgement:
        card, outcome, at, reason = answer
        place = f"{card}|{outcome}|{at}"
        return CardAcknowledgement(
            card=card,
            cause=row.cause,
            level=row.level,
            outcome=outcome,
            reason=self._cipher.open("feedback", place, reason).decode(),
            at=instant_from(at),
        )
