"""Who is it that launched the app?

The signature and claims are judged in `ehr.wire.verify_jwt`; here their meaning in
FHIR: which kind of person, and that it is a person of this EHR.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from ehr.errors import TokenAnswerRefused, TokenRefused
from ehr.smart.discovery import Endpoints, id_token_keys_url
from ehr.tenants import Tenant
from ehr.wire.jwks import KeyCaches
from ehr.wire.verify_jwt import verify_id_token

PEOPLE = ("Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Person")

_REFERENCE = re.compile(rf"(?:{'|'.join(PEOPLE)})/[A-Za-z0-9.-]{{1,64}}")


@dataclass(frozen=True, slots=True)
class User:
    """One person at one EHR: `issuer` and `subject` together identify them.

    Args:
        fhir_user: `Practitioner/17`, relative to the tenant's FHIR base; None if the
            EHR names nobody, or somebody outside its own base.
    """

    issuer: str
    subject: str
    fhir_user: str | None


def user_from_id_token(
    id_token: str | None,
    *,
    tenant: Tenant,
    endpoints: Endpoints,
    nonce: str,
    keys: KeyCaches,
    now: datetime,
) -> User:
    """The person an ID token speaks of.

    Raises:
        TokenAnswerRefused: there is no ID token, or it proves nothing.
        KeysUnavailable: the issuer's keys cannot be had now.
        EndpointsMoved, MetadataRefused: nor may we ask where they are.
    """
    if id_token is None:
        raise TokenAnswerRefused("no id_token")
    url = id_token_keys_url(tenant, endpoints)
    try:
        claims = verify_id_token(
            id_token,
            issuer=tenant.id_token_issuer,
            client_id=tenant.client_id,
            nonce=nonce,
            keys=keys.at(url, tenant),
            now=now,
        )
    except TokenRefused as error:
        raise TokenAnswerRefused(f"id_token: {error.cause}") from None
    return User(
        issuer=claims.issuer,
        subject=claims.subject,
        fhir_user=_relative(claims.fhir_user, tenant.issuer),
    )


def _relative(fhir_user: str | None, base: str) -> str | None:
    if fhir_user is None:
        return None
    reference = fhir_user.removeprefix(f"{base}/")
    return reference if _REFERENCE.fullmatch(reference) else None
