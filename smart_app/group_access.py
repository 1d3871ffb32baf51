"""The live launches of a group's members: of one clinician, in one browser.

As with a pair, each launch keeps its own cookie, its own token and its own patient.
"""

from collections.abc import Collection

from smart_app.access import Visit, needs_clinician
from smart_app.errors import MemberOver, NoBrowserCookie, NoGroups
from smart_app.pair_access import other_launches
from smart_app.services import AppServices
from vault.errors import NotFound


def needs_groups(services: AppServices, tenant_id: str, context_id: str) -> Visit:
    """A clinician's launch, at a site that shows groups.

    Raises:
        NoGroups: the plan names no form for them. Else as `needs_clinician`.
    """
    visit = needs_clinician(services, tenant_id, context_id)
    if not services.plan.groups:
        raise NoGroups
    return visit


def needs_members(
    services: AppServices, own: Visit, patients: Collection[str]
) -> tuple[Visit, ...]:
    """The newest launch of each of these other patients; to come here is use of it.

    Raises:
        MemberOver: one of them is not open here for this user; which is not told.
    """
    here = {each.context.patient: each for each in other_launches(services, own)}
    try:
        return tuple(
            needs_clinician(services, own.tenant.id, here[each].context.id)
            for each in patients
        )
    except (KeyError, NoBrowserCookie, NotFound):
        raise MemberOver from None
