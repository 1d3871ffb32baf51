"""Where an EHR's authorization server is, as far as we let it decide that.

The metadata may name endpoints; whether secrets and codes are sent there depends on
the origins that the site registered. A change of origin is not followed: it stops the
tenant until a person has looked.
"""

import json
from dataclasses import asdict, dataclass
from urllib.parse import urljoin

from ehr.errors import (
    EhrUnreachable,
    EndpointsMoved,
    ForeignOrigin,
    JsonRefused,
    MetadataRefused,
)
from ehr.fence import place_of
from ehr.tenants import Tenant
from ehr.wire.egress import Answer, GuardedSession
from ehr.wire.safe_json import safe_json

WELL_KNOWN = "/.well-known/smart-configuration"
OPENID = "/.well-known/openid-configuration"
LATER = (408, 429)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What we use of a SMART configuration, each URL on a pinned origin."""

    authorize: str
    token: str
    revocation: str | None
    jwks: str | None
    names_itself: bool  # sends `iss` with each answer (RFC 9207)
    signing_algorithms: tuple[str, ...]  # empty: not said
    capabilities: tuple[str, ...]

    def to_json(self) -> str:
        """For the stored launch."""
        return json.dumps(asdict(self))

    @property
    def asks_for_version_1(self) -> bool:
        """Whether scopes must be asked for in the old form."""
        known = self.capabilities
        return "permission-v1" in known and "permission-v2" not in known


def endpoints_from_json(text: str) -> Endpoints:
    """The way back of `Endpoints.to_json`; our own text, from the vault."""
    found = json.loads(text)
    for name in ("signing_algorithms", "capabilities"):
        found[name] = tuple(found[name])
    return Endpoints(**found)


def discover(tenant: Tenant) -> Endpoints:
    """Ask the EHR for its SMART configuration and hold it against the tenant.

    Raises:
        EndpointsMoved: an endpoint or the issuer is not what was registered.
        MetadataRefused: not readable, incomplete, or without S256.
        EhrUnreachable, UnsafeAnswer: it could not be had.

    Source:
        SMART App Launch 2.2.0, conformance; RFC 8414.
    """
    url = f"{tenant.issuer}{WELL_KNOWN}"
    with GuardedSession(fence=tenant.fence_around(url)) as session:
        found = _metadata(session.exchange("GET", url, headers=_ACCEPT))
    _check_pkce(found, tenant)
    issuer = found.get("issuer")
    if issuer is not None and issuer != tenant.id_token_issuer:
        raise EndpointsMoved("issuer")
    token = _endpoint(found, "token_endpoint", tenant)
    authorize = _endpoint(found, "authorization_endpoint", tenant)
    if token is None or authorize is None:
        raise MetadataRefused("no token_endpoint or authorization_endpoint")
    return Endpoints(
        authorize=authorize,
        token=token,
        revocation=_endpoint(found, "revocation_endpoint", tenant),
        jwks=tenant.id_token_jwks_uri or _endpoint(found, "jwks_uri", tenant),
        names_itself=found.get("authorization_response_iss_parameter_supported")
        is True,
        signing_algorithms=_words(
            found, "token_endpoint_auth_signing_alg_values_supported"
        ),
        capabilities=_words(found, "capabilities"),
    )


def id_token_keys_url(tenant: Tenant, endpoints: Endpoints) -> str:
    """Where the issuer's keys are: pinned, in the configuration, or one step further.

    Raises:
        EndpointsMoved: on an origin that was not registered.
        MetadataRefused: nobody names them.
    """
    if endpoints.jwks is not None:
        return endpoints.jwks
    url = f"{tenant.id_token_issuer.removesuffix('/')}{OPENID}"
    _check_origin(url, "id_token_issuer", tenant)
    with GuardedSession(fence=tenant.fence_around(url)) as session:
        found = _metadata(session.exchange("GET", url, headers=_ACCEPT))
    if found.get("issuer") != tenant.id_token_issuer:
        raise EndpointsMoved("issuer")
    keys = _endpoint(found, "jwks_uri", tenant)
    if keys is None:
        raise MetadataRefused("no jwks_uri")
    return keys


_ACCEPT = {"Accept": "application/json"}


def _metadata(answer: Answer) -> dict[str, object]:
    if answer.status >= 500 or answer.status in LATER:
        raise EhrUnreachable(f"http-{answer.status}", status=answer.status)
    if answer.status != 200:
        raise MetadataRefused(f"http-{answer.status}")
    try:
        return safe_json(answer.body, profile="ehr")
    except JsonRefused as error:
        raise MetadataRefused(f"not readable: {error.place}") from None


def _check_pkce(found: dict[str, object], tenant: Tenant) -> None:
    methods = found.get("code_challenge_methods_supported")
    if methods is None and tenant.s256_unadvertised is not None:
        return  # S256 is sent all the same; only the advertisement is missing
    if not isinstance(methods, list) or "S256" not in methods:
        raise MetadataRefused("no S256")


def _endpoint(found: dict[str, object], name: str, tenant: Tenant) -> str | None:
    value = found.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise MetadataRefused(name)
    # Relative endpoints count from the FHIR base.
    url = urljoin(f"{tenant.issuer}/", value)
    _check_origin(url, name, tenant)
    return url


def _check_origin(url: str, name: str, tenant: Tenant) -> None:
    try:
        origin = place_of(url).origin
    except ForeignOrigin:
        raise EndpointsMoved(name) from None
    if origin not in tenant.endpoint_origins:
        raise EndpointsMoved(name)


def _words(found: dict[str, object], name: str) -> tuple[str, ...]:
    values = found.get(name)
    if not isinstance(values, list):
        return ()
    return tuple(each for each in values if isinstance(each, str))
