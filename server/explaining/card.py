"""One logged card explained: made again by the rules, compared, and told in full."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version
from typing import Any

from cds_hooks.card_record import CardRecord, record_from_bytes
from cds_hooks.rebuilt import (
    Rebuilt,
    TodaySays,
    changed_since,
    rebuilt_card,
    today_says,
)
from cds_hooks.shown_cards import Before, before
from clinical.measurement import Measurement
from clinical.norms.library import NormLibrary
from clinical.norms.pack import NormPack
from clinical.plan import MeasurementPlan
from clinical.recorded.inputs import Inputs
from clinical.recorded.numbers import Changed, Number, numbers_of
from clinical.recorded.plan_record import PlanRecord, plan_from_record
from clinical.signals.evidence import decision_support_of
from clinical.trajectory import followed_score
from vault.card_log import CardAcknowledgement, CardHistory, ExplainedCard

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Explained:
    """Everything about one card; the renderers choose what a reader is shown.

    Attributes:
        plan: that of then.
        numbers: those that decided, with their sources; none if it was not rebuilt.
        since: what is another thing today.
        today: what today's plan says of the same inputs; None if it was not rebuilt.
        before: what was known of its cause when it was first made.
    """

    kept: ExplainedCard
    record: CardRecord
    inputs: Inputs
    plan: MeasurementPlan
    rebuilt: Rebuilt
    numbers: tuple[Number, ...]
    since: tuple[Changed, ...]
    today: TodaySays | None
    before: Before

    @property
    def is_same(self) -> bool:
        """Made again byte for byte, and by numbers that hold today."""
        return not self.rebuilt.differences and not self.since


def explained_card(
    kept: ExplainedCard,
    *,
    history: CardHistory,
    today: MeasurementPlan,
    norms: NormLibrary,
    more_packs: Sequence[NormPack],
    speak: Callable[[str], AbstractContextManager[None]],
) -> Explained:
    """The card, rebuilt from its recorded inputs by the rules of production.

    Args:
        kept: with an explanation.
        history: all cards of the same patient.
        today: today's plan, and the `norms` that it names.
        more_packs: packs that are no longer in use.
        speak: inside it all is said in this language (BCP 47).

    Raises:
        NotThisPlan: what was recorded was written by a program that knew other
            numbers.
    """
    assert kept.explanation is not None  # proved by the caller
    grounds = kept.explanation.grounds
    record = record_from_bytes(kept.explanation.inputs)
    plan = plan_from_record(PlanRecord(grounds.digest, grounds.content))
    inputs = record.inputs(plan)
    with speak(record.language):
        rebuilt = rebuilt_card(
            kept.logged.row,
            record,
            inputs=inputs,
            plan=plan,
            packs=(*norms.packs, *more_packs),
        )
    again = rebuilt.interruption
    known = before(kept.logged, history)
    if again is None:
        return Explained(kept, record, inputs, plan, rebuilt, (), (), None, known)
    return Explained(
        kept,
        record,
        inputs,
        plan,
        rebuilt,
        numbers=numbers_of(again.signal, plan),
        since=changed_since(again, inputs, then=plan, today=today, packs=norms.packs),
        today=today_says(again, inputs, today=today, packs=norms.packs),
        before=known,
    )


def for_machines(found: Explained, *, reader: str) -> Json:
    """One object; a clinician's has no hashes and nothing about the machinery."""
    row, logged = found.kept.logged.row, found.kept.logged
    told: dict[str, Any] = {
        "card": row.uuid,
        "for": reader,
        "verdict": "same" if found.is_same else "differs",
        "rebuilt": "same" if not found.rebuilt.differences else "differs",
        "differences": [_changed(each) for each in found.rebuilt.differences],
        "changed_since": [_changed(each) for each in found.since],
        "today": found.today,
        "rule": row.rule,
        "said": dict(found.record.said),
        "language": found.record.language,
        "shown": row.served,
        "times": logged.times,
        "first_at": _instant(logged.first_at),
        "last_at": _instant(logged.last_at),
        "readings": [reading_of(each, found.plan) for each in found.inputs.sittings],
        "numbers": [
            {
                "name": each.name,
                "value": each.value,
                "source": each.source.text,
                "evidence": each.source.evidence,
            }
            for each in found.numbers
        ],
    }
    return told if reader == "clinician" else told | _in_full(found)


def reading_of(sitting: Measurement, plan: MeasurementPlan) -> Json:
    """One sitting as it was used; `score` is null where it had none."""
    instrument = plan.instrument(sitting.instrument_id)
    assert instrument is not None  # it was written with this plan
    score = followed_score(sitting, instrument)
    return {
        "instrument": sitting.instrument_id,
        "version": sitting.instrument_version,
        "language": sitting.language,
        "mode": sitting.mode,
        "by": sitting.respondent,
        "at": sitting.authored.isoformat(),
        "score": None if score is None else str(score.value),
        "prorated": score is not None and score.prorated,
        "source": sitting.source,
        "in_record": sitting.in_record,
        "answers": None
        if sitting.answers is None
        else {
            link_id: str(getattr(each, "points", ""))
            for link_id, each in sitting.answers.given.items()
        },
    }


def _in_full(found: Explained) -> dict[str, Any]:
    """What only an auditor is shown."""
    row, inputs, plan = found.kept.logged.row, found.inputs, found.plan
    kept = found.kept.explanation
    assert kept is not None  # proved by the caller
    place, again = found.record.place, found.rebuilt.interruption
    return {
        "patient": found.record.patient,
        "encounter": row.encounter,
        "cause": row.cause,
        "data_hash": row.data_hash,
        "level": row.level,
        "decision_support": None
        if again is None
        else decision_support_of(again.signal),
        "program": {"then": found.record.program, "now": version("rom-on-fhir")},
        "inputs_sha256": sha256(kept.inputs).hexdigest(),
        "plan_sha256": kept.grounds.digest,
        "plan": {
            "site": plan.site,
            "speaking": plan.speaking,
            "repeat": plan.repeat,
            "control_chart": plan.control_chart,
        },
        "instruments": [
            {
                "id": each.id,
                "version": each.version,
                "sha256": each.digest,
                "accepted": None
                if each.id not in plan.acceptances
                else {
                    "by": plan.acceptances[each.id].by,
                    "on": plan.acceptances[each.id].on,
                },
            }
            for name in dict.fromkeys(each.instrument_id for each in inputs.sittings)
            if (each := plan.instrument(name)) is not None
        ],
        "norms": [{"pack": each.name, "sha256": each.sha256} for each in inputs.norms],
        "opened_on": inputs.today.isoformat(),
        "unread": inputs.unread,
        "partial": place.partial,
        "waiting": place.waiting,
        "plan_reviews": [each.isoformat() for each in inputs.plan_reviews],
        "false_alarms": _share(plan),
        "heading": found.record.heading,
        "answered_before": [_answer(each) for each in found.before.answers],
        "logged_before": [
            {
                "card": each.row.uuid,
                "occasion": each.row.encounter,
                "same_evidence": each.row.data_hash == row.data_hash,
                "level": each.row.level,
                "shown": each.row.served,
                "times": each.times,
                "first_at": _instant(each.first_at),
                "last_at": _instant(each.last_at),
            }
            for each in found.before.cards
        ],
        "answers_to_it": [_answer(each) for each in found.kept.acknowledgements],
    }


def _answer(each: CardAcknowledgement) -> Json:
    return {
        "outcome": each.outcome,
        "reason": each.reason,
        "level": each.level,
        "at": _instant(each.at),
    }


def _share(plan: MeasurementPlan) -> str | None:
    """The share of false alarms that the plan allows."""
    found = plan.norms.false_alarms
    return None if found is None else str(found)


def _changed(each: Changed) -> Json:
    return {"what": each.name, "then": each.then, "now": each.now}


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
