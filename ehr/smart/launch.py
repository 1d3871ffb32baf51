"""From "open this app" in the EHR to a launch context, or to a refusal.

Every check comes before the step it protects: the tenant before any packet, the state
before the code exchange, the ID token and the patient before anything is stored.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from ehr.errors import (
    AuthorizationDenied,
    LaunchRefused,
    StateRefused,
    WrongAuthorizationServer,
)
from ehr.smart.context import LaunchContext, context_from_answer
from ehr.smart.discovery import Endpoints, discover, endpoints_from_json
from ehr.smart.id_token import user_from_id_token
from ehr.smart.patient_check import check_patient
from ehr.smart.pkce import challenge, new_verifier
from ehr.smart.scopes import as_version_1
from ehr.smart.tokens import TokenEndpoint
from ehr.tenants import Tenant
from ehr.wire.jwks import KeyCaches
from vault.database import TenantVault
from vault.errors import AlreadyUsed, NotFound

LAUNCH_LIFE = timedelta(minutes=10)
LONGEST_LAUNCH = 4_096  # characters of `launch`; opaque, so the cap is ours
LONGEST_CODE = 4_096
KNOWN_DENIALS = (
    "access_denied",
    "invalid_request",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_response_type",
    "login_required",
    "interaction_required",
)

Query = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class BegunLaunch:
    """What we must remember between redirect and callback; it cannot read a chart."""

    tenant: str
    issuer: str
    endpoints: Endpoints
    scopes: str
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)

    def to_bytes(self) -> bytes:
        """For the vault."""
        return json.dumps(asdict(self)).encode("ascii")


def begin_launch(
    tenant: Tenant,
    vault: TenantVault,
    *,
    launch: str | None,
    browser: str,
    now: datetime,
) -> str:
    """The authorize URL for a new launch, which is stored before.

    Args:
        tenant: found by exact issuer; that check is the caller's first step.
        vault: of this tenant.
        launch: opaque, echoed unchanged; None when launched standalone.
        browser: id in the cookie; the callback must bring it back.
        now: aware.

    Raises:
        LaunchRefused: `launch` is empty, too long or no text for a URL.
        EndpointsMoved, MetadataRefused, EhrUnreachable, UnsafeAnswer: see `discover`.

    Source:
        SMART App Launch 2.2.0, app-launch, steps 1 to 4.
    """
    if launch is not None and not _is_opaque_value(launch, LONGEST_LAUNCH):
        raise LaunchRefused("launch")
    endpoints = discover(tenant)
    asked = tenant.scopes.standalone if launch is None else tenant.scopes.ehr_launch
    begun = BegunLaunch(
        tenant=tenant.id,
        issuer=tenant.issuer,
        endpoints=endpoints,
        scopes=as_version_1(asked) if endpoints.asks_for_version_1 else asked,
        verifier=new_verifier(),
        nonce=secrets.token_urlsafe(32),
    )
    state = secrets.token_urlsafe(32)
    vault.launches.begin(
        state,
        browser=browser,
        body=begun.to_bytes(),
        now=now,
        expires_at=now + LAUNCH_LIFE,
    )
    return _authorize_url(tenant, begun, state=state, launch=launch)


def complete_launch(
    tenant: Tenant,
    vault: TenantVault,
    *,
    query: Query,
    browser: str,
    now: datetime,
    keys: KeyCaches | None = None,
) -> LaunchContext:
    """Turn the callback into a launch context; the caller stores it.

    Args:
        tenant: the one whose redirect URI was called.
        vault: of this tenant.
        query: the callback's parameters. With lists as values (Flask:
            `request.args.to_dict(flat=False)`) a repeated parameter is refused.
        browser: id in the cookie that came with the callback.
        now: aware.
        keys: key sets kept between launches.

    Raises:
        StateRefused: before any other look at the query.
        WrongAuthorizationServer, AuthorizationDenied, LaunchRefused: no token request.
        TokenAnswerRefused, PatientRefused: nothing is stored.
        EhrUnreachable, UnsafeAnswer, KeysUnavailable: launch again later.

    Source:
        SMART App Launch 2.2.0, app-launch, step 5; RFC 9207; RFC 9700.
    """
    begun = _take(
        tenant, vault, state=_single(query, "state"), browser=browser, now=now
    )
    _check_server(query, tenant, begun.endpoints)
    error = _single(query, "error")
    if error is not None:
        # The text of the error is the sender's; only known words go into the log.
        raise AuthorizationDenied(error if error in KNOWN_DENIALS else "error")
    code = _single(query, "code")
    if code is None or not _is_opaque_value(code, LONGEST_CODE):
        raise LaunchRefused("code")
    token_endpoint = TokenEndpoint(tenant, begun.endpoints, now=now)
    answer = token_endpoint.exchange_code(code, verifier=begun.verifier)
    user = user_from_id_token(
        answer.id_token,
        tenant=tenant,
        endpoints=begun.endpoints,
        nonce=begun.nonce,
        keys=keys or KeyCaches(),
        now=now,
    )
    context = context_from_answer(
        answer, tenant=tenant, user=user, asked=begun.scopes, now=now
    )
    check_patient(tenant, patient=context.patient, access_token=context.access_token)
    return context


def _take(
    tenant: Tenant,
    vault: TenantVault,
    *,
    state: str | None,
    browser: str,
    now: datetime,
) -> BegunLaunch:
    if state is None or not browser:
        raise StateRefused("missing")
    try:
        body = vault.launches.take(state, browser=browser, now=now)
    except AlreadyUsed:
        raise StateRefused("used") from None
    except NotFound:
        raise StateRefused("unknown") from None
    members = json.loads(body)
    endpoints = endpoints_from_json(json.dumps(members.pop("endpoints")))
    begun = BegunLaunch(endpoints=endpoints, **members)
    # The file of tenants may have changed between redirect and callback.
    if begun.tenant != tenant.id or begun.issuer != tenant.issuer:
        raise StateRefused("another tenant")
    return begun


def _check_server(query: Query, tenant: Tenant, endpoints: Endpoints) -> None:
    # RFC 9207: against an EHR that passes on another EHR's code as its own.
    iss = _single(query, "iss")
    if iss is None and endpoints.names_itself:
        raise WrongAuthorizationServer("iss is missing")
    if iss is not None and iss != tenant.id_token_issuer:
        raise WrongAuthorizationServer("iss is another's")


def _single(query: Query, name: str) -> str | None:
    value = query.get(name)
    if value is None or isinstance(value, str):
        return value
    if len(value) > 1:
        refusal = WrongAuthorizationServer if name == "iss" else LaunchRefused
        raise refusal(f"{name} is repeated")
    return value[0] if value else None


def _is_opaque_value(value: str, longest: int) -> bool:
    return 0 < len(value) <= longest and value.isprintable()


def _authorize_url(
    tenant: Tenant, begun: BegunLaunch, *, state: str, launch: str | None
) -> str:
    ours = {
        "response_type": "code",
        "client_id": tenant.client_id,
        "redirect_uri": tenant.redirect_uri,
        "scope": begun.scopes,
        "state": state,
        "aud": tenant.issuer,
        "nonce": begun.nonce,
        "code_challenge": challenge(begun.verifier),
        "code_challenge_method": "S256",
    }
    if launch is not None:
        ours["launch"] = launch
    base, _, theirs = begun.endpoints.authorize.partition("?")
    # A parameter of the metadata must not stand beside ours under the same name.
    kept = [each for each in parse_qsl(theirs) if each[0] not in ours]
    return f"{base}?{urlencode([*kept, *ours.items()])}"
