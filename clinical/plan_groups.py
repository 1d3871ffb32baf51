"""The plan's table for groups: of which forms a member may see the group's mean."""

from clinical.plan_couples import forms_for_others
from questionnaires.instrument import Instrument
from questionnaires.table import Table


def group_forms_from(
    plan: Table, followed: tuple[Instrument, ...]
) -> tuple[Instrument, ...]:
    """The table `[groups]`; a plan without it shows no group.

    Raises:
        InstrumentFileError: names the key.
    """
    if not plan.has("groups"):
        return ()
    table = plan.table("groups")
    forms = forms_for_others(table, followed, lacking="this plan does not follow")
    for each in forms:
        if not each.validated:
            raise table.refuse(
                "instruments",
                f"names {each.id!r}, which is not validated: it is compared with the"
                " same person's own earlier answers and with nobody else's",
            )
    table.finish()
    return forms
