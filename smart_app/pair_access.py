"""Two live launches of one clinician in one browser: who may see two people together.

Each launch keeps its own cookie, its own token and its own patient; a pair adds no
right to either. What is read of a person is read with that person's own launch.
"""

from dataclasses import dataclass

from flask import request

from ehr.smart.context import contexts_in
from smart_app.access import Visit, cookie_name, needs_clinician, purpose_of
from smart_app.errors import (
    NoBrowserCookie,
    NoCouples,
    NotForPatients,
    PartnerOver,
)
from smart_app.services import AppServices
from vault.errors import NotFound


@dataclass(frozen=True, slots=True)
class Pair:
    """The launch in whose page we are, and the partner's."""

    own: Visit
    partner: Visit

    @property
    def both(self) -> tuple[Visit, Visit]:
        return self.own, self.partner

    @property
    def purpose(self) -> tuple[str, ...]:
        """What a form on their page is for: both launches, both patients."""
        return (*purpose_of(self.own), *purpose_of(self.partner))


def needs_couples(services: AppServices, tenant_id: str, context_id: str) -> Visit:
    """A clinician's launch, at a site that shows couples.

    Raises:
        NoCouples: the plan names no form for them. Else as `needs_clinician`.
    """
    visit = needs_clinician(services, tenant_id, context_id)
    if not services.plan.couples.instruments:
        raise NoCouples
    return visit


def needs_pair(
    services: AppServices, tenant_id: str, context_id: str, *, partner_id: str
) -> Pair:
    """Both launches, each opened by its own cookie in this browser.

    Raises:
        PartnerOver: the other launch is not open here, is another user's or a
            patient's own, or is of the same patient; which of these is not told.
            Else as `needs_couples`.
    """
    own = needs_couples(services, tenant_id, context_id)
    try:
        partner = needs_clinician(services, tenant_id, partner_id)
    except (NoBrowserCookie, NotFound, NotForPatients):
        raise PartnerOver from None
    if not _may_stand_beside(own, partner):
        raise PartnerOver
    return Pair(own, partner)


def other_launches(services: AppServices, own: Visit) -> tuple[Visit, ...]:
    """The same user's other patients whose charts are open in this browser.

    One launch per patient, the newest. To look keeps none of them open for longer.
    """
    start = cookie_name(services, "c", "")[:-12]
    browsers = [
        value for name, value in request.cookies.items() if name.startswith(start)
    ]
    found: dict[str, Visit] = {}
    for context in contexts_in(
        services.vault_of(own.tenant), browsers, now=services.clock()
    ):
        visit = Visit(own.tenant, context)
        if _may_stand_beside(own, visit):
            found.setdefault(context.patient, visit)
    return tuple(found.values())


def _may_stand_beside(own: Visit, other: Visit) -> bool:
    """Of one tenant both are already: each was looked for in the vault of the same."""
    return (
        other.context.user == own.context.user
        and other.context.patient != own.context.patient
    )
