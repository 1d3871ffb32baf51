"""A card made again from what was recorded with it, and where it differs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cds_hooks.card_record import SAID, CardRecord
from cds_hooks.cards import card
from clinical.interruptions import Interruption
from clinical.norms.pack import NormPack
from clinical.plan import MeasurementPlan
from clinical.recorded.inputs import Inputs, raised_again
from clinical.recorded.numbers import Changed, changed_numbers
from vault.card_log import CardRow

TodaySays = Literal["same", "changed", "nothing"]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What the rules say again of the recorded inputs.

    Attributes:
        interruption: None if nothing with the card's cause is raised again.
        differences: between what was logged and what was made again; none is "the
            same, byte for byte".
    """

    interruption: Interruption | None
    differences: tuple[Changed, ...]


def rebuilt_card(
    row: CardRow,
    record: CardRecord,
    *,
    inputs: Inputs,
    plan: MeasurementPlan,
    packs: Sequence[NormPack],
) -> Rebuilt:
    """The card again, in the language that is spoken now; the caller chooses it.

    Args:
        inputs: what was recorded.
        plan: that of then.
        packs: those at hand; the ones that were used then must be among them.
    """
    at_hand = {each.hash for each in packs}
    missing = tuple(
        Changed(f"norm:{each.name}", each.sha256, None)
        for each in inputs.norms
        if each.sha256 not in at_hand
    )
    if missing:
        return Rebuilt(None, missing)
    again = raised_again(inputs, plan, cause=row.cause, packs=packs)
    if again is None:
        return Rebuilt(None, (Changed("cause", row.cause, None),))
    instrument = plan.instrument(again.signal.instrument_id)
    assert instrument is not None  # else it would not have been raised
    said = card(again, instrument, uuid=row.uuid, plan=plan, place=record.place)
    pairs = [
        ("data_hash", row.data_hash, again.data_hash),
        ("level", row.level, str(again.level)),
        *((name, record.said[name], str(said[name])) for name in SAID),
    ]
    return Rebuilt(
        again,
        tuple(Changed(name, then, now) for name, then, now in pairs if then != now),
    )


def changed_since(
    again: Interruption,
    inputs: Inputs,
    *,
    then: MeasurementPlan,
    today: MeasurementPlan,
    packs: Sequence[NormPack],
) -> tuple[Changed, ...]:
    """What decided then and is another thing today: numbers, forms, norms.

    Args:
        packs: those that today's plan names.
    """
    named = {each.hash for each in packs}
    forms = dict.fromkeys(each.instrument_id for each in inputs.sittings)
    return (
        *changed_numbers(again.signal, then, today),
        *(
            Changed(f"definition:{name}", before, now)
            for name in forms
            if (before := _digest(then, name)) != (now := _digest(today, name))
        ),
        *(
            Changed(f"norm:{each.name}", each.sha256, None)
            for each in inputs.norms
            if each.sha256 not in named
        ),
    )


def today_says(
    again: Interruption,
    inputs: Inputs,
    *,
    today: MeasurementPlan,
    packs: Sequence[NormPack],
) -> TodaySays:
    """What today's plan and norms would say of the same inputs."""
    found = raised_again(inputs, today, cause=again.cause, packs=packs)
    if found is None:
        return "nothing"
    same = (found.data_hash, found.level) == (again.data_hash, again.level)
    return "same" if same else "changed"


def _digest(plan: MeasurementPlan, instrument_id: str) -> str | None:
    """SHA-256 (hex) of the file of this form."""
    instrument = plan.instrument(instrument_id)
    return None if instrument is None else instrument.digest
