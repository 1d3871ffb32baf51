"""The plan's table for couples: which forms, and how long an agreement is good."""

from dataclasses import dataclass

from questionnaires.instrument import Instrument, TextItem
from questionnaires.table import Table


@dataclass(frozen=True, slots=True)
class PlanCouples:
    """What two partners may see beside each other, once each of them has agreed.

    Attributes:
        instruments: followed forms without any safety item; none: the site shows no
            couple.
        agreement_days: after so many days a partner is asked again.
    """

    instruments: tuple[Instrument, ...]
    agreement_days: int


NO_COUPLES = PlanCouples((), 0)


def plan_couples_from(plan: Table, followed: tuple[Instrument, ...]) -> PlanCouples:
    """The table `[couples]`; a plan without it shows no couple.

    Raises:
        InstrumentFileError: names the key.
    """
    if not plan.has("couples"):
        return NO_COUPLES
    table = plan.table("couples")
    forms = forms_for_others(table, followed, lacking="is no outcome of this plan")
    days = table.table("agreement_days")
    found = PlanCouples(forms, days.whole("value"))
    if found.agreement_days < 1:
        raise days.refuse("value", "must be at least 1")
    days.source()
    days.finish()
    table.finish()
    return found


def forms_for_others(
    table: Table, followed: tuple[Instrument, ...], *, lacking: str
) -> tuple[Instrument, ...]:
    """The key `instruments`: forms of which somebody else may see something.

    Args:
        lacking: what is wrong with a form that is not among the followed ones.

    Raises:
        InstrumentFileError: names the key.
    """
    by_id = {each.id: each for each in followed}
    names = table.texts("instruments")
    if not names or len(set(names)) < len(names):
        raise table.refuse("instruments", "must name one or more, each once")
    for name in names:
        if name not in by_id:
            raise table.refuse("instruments", f"names {name!r}, which {lacking}")
        # A total can tell an answer: the highest is the highest answer to each item.
        if has_safety_item(by_id[name]):
            raise table.refuse(
                "instruments",
                f"names {name!r}, which has a safety item: what somebody answers there"
                " is never for another patient",
            )
    return tuple(by_id[name] for name in names)


def has_safety_item(instrument: Instrument) -> bool:
    """Whether a person must see some answer to this form now."""
    return any(
        each.safety is not None
        for each in instrument.items
        if not isinstance(each, TextItem)
    )
