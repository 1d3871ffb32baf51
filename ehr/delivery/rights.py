"""Whose right carries a submission: our own service's, or its launch's; nobody else's.

The clinician's token has often expired when the EHR comes back. Then the submission
waits for the same person's next launch with the same patient (security guide, 8.4).
"""

from dataclasses import dataclass
from datetime import datetime

from ehr.delivery.seal import SealedSubmission, user_key
from ehr.errors import AccessExpired
from ehr.smart.access import AccessTokens
from ehr.smart.context import LaunchContext, context_from_bytes
from ehr.smart.scopes import allows
from ehr.tenants import Tenant
from vault.database import TenantVault

LEVELS = ("user", "patient", "system")


@dataclass(frozen=True, slots=True)
class Right:
    """A token that is good now.

    Attributes:
        may_update: its scopes allow `update` of what we write.
        renewable: asking again after a 401 can give another token.
    """

    token: str
    may_update: bool
    renewable: bool


class Rights:
    """The rights of one tenant's submissions."""

    def __init__(
        self, tenant: Tenant, vault: TenantVault, access: AccessTokens
    ) -> None:
        self._tenant = tenant
        self._vault = vault
        self._access = access

    def right_for(self, sealed: SealedSubmission, *, now: datetime) -> Right:
        """The right this submission is carried by.

        Raises:
            AccessExpired: there is none now; wait for the next launch.
            EhrUnreachable, UnsafeAnswer: the authorization server does not answer.
        """
        if self._tenant.delivery == "backend":
            token = self._access.backend_token(now)
            may_update = _may_update(self._tenant.scopes.backend)
            return Right(token, may_update, renewable=True)
        try:
            return self._right_of(sealed.context_id, now=now)
        except AccessExpired:
            later = self._next_launch(sealed, now=now)
            if later is None:
                raise
            return self._right_of(later, now=now)

    def refused(self, right: Right) -> None:
        """A 401: do not use this token again."""
        if right.renewable:
            self._access.forget_backend_token(right.token)

    def _right_of(self, context_id: str, *, now: datetime) -> Right:
        token = self._access.token(context_id, now)
        context = self._context(context_id)
        if context is None:
            raise AccessExpired("launch closed")
        return Right(token, _may_update(context.scopes), renewable=False)

    def _next_launch(self, sealed: SealedSubmission, *, now: datetime) -> str | None:
        """A later launch of the same person with the same patient."""
        patient = sealed.submission.patient
        found = self._vault.launches.latest_for_patient(patient, now)
        if found is None or found.context_id == sealed.context_id:
            return None
        context = context_from_bytes(found.body)
        # The blind index is a hash: compare the patient itself as well.
        if context.patient != patient or sealed.user != user_key(context):
            return None
        return found.context_id

    def _context(self, context_id: str) -> LaunchContext | None:
        stored = self._vault.launches.for_delivery(context_id)
        return None if stored is None else context_from_bytes(stored.body)


def _may_update(scopes: str) -> bool:
    return any(
        allows(scopes, f"{level}/QuestionnaireResponse.u {level}/Observation.u")
        for level in LEVELS
    )
