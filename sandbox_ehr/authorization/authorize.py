"""The authorization request: is it one we may answer, and with what?"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from sandbox_ehr.authorization.grants import (
    Code,
    Grant,
    Grants,
    Launch,
    new_family,
)
from sandbox_ehr.authorization.scopes import granted_words
from sandbox_ehr.config import Client, SandboxConfig
from sandbox_ehr.errors import OAuthRefusal

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A valid authorization request."""

    client: Client
    redirect_uri: str
    state: str
    scope: str
    challenge: str
    nonce: str | None
    launch: str | None

    @property
    def wants_patient(self) -> bool:
        """Whether a patient has to be chosen in a standalone launch."""
        words = self.scope.split()
        return any(w.startswith(("launch/patient", "patient/")) for w in words)


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Where even an error may be sent: client and redirect_uri are known good."""

    client: Client
    redirect_uri: str
    state: str | None


def return_address(query: Mapping[str, str], config: SandboxConfig) -> ReturnAddress:
    """Where the browser may be sent back to.

    Raises:
        OAuthRefusal: unknown client or redirect_uri: shown to the person, because a
            redirect would make this server send browsers anywhere.
    """
    client = config.client(query.get("client_id", ""))
    if client is None:
        raise OAuthRefusal("invalid_request", "unknown client_id")
    redirect_uri = query.get("redirect_uri", "")
    if redirect_uri not in client.redirect_uris:
        raise OAuthRefusal("invalid_request", "redirect_uri is not registered")
    return ReturnAddress(client, redirect_uri, query.get("state"))


def asked(query: Mapping[str, str], address: ReturnAddress, *, fhir_base: str) -> Asked:
    """The request, when it is complete and exact.

    Raises:
        OAuthRefusal: sent back to the client with its state.
    """
    if query.get("response_type") != "code":
        raise OAuthRefusal("unsupported_response_type", "response_type is not code")
    if not address.state:
        raise OAuthRefusal("invalid_request", "state is missing")
    if query.get("aud") != fhir_base:
        raise OAuthRefusal("invalid_request", "aud is not this FHIR base")
    if query.get("code_challenge_method") != "S256":
        raise OAuthRefusal("invalid_request", "PKCE with S256 is required")
    challenge = query.get("code_challenge", "")
    if CHALLENGE.fullmatch(challenge) is None:
        raise OAuthRefusal("invalid_request", "code_challenge is not an S256 digest")
    scope = query.get("scope", "")
    launch = query.get("launch")
    if not scope.strip():
        raise OAuthRefusal("invalid_scope", "scope is missing")
    if (launch is not None) != ("launch" in scope.split()):
        raise OAuthRefusal(
            "invalid_scope", "an EHR launch has launch, and the scope launch"
        )
    return Asked(
        address.client,
        address.redirect_uri,
        address.state,
        scope,
        challenge,
        query.get("nonce"),
        launch,
    )


def approved(
    request: Asked, launch: Launch, grants: Grants, *, standalone: bool
) -> str:
    """A code for this request.

    Raises:
        OAuthRefusal: invalid_scope when nothing remains of what was asked.
    """
    levels = {"user"} | ({"patient"} if launch.patient else set())
    words = granted_words(
        request.scope, request.client.scopes, levels=frozenset(levels)
    )
    if not any("/" in word for word in words):
        raise OAuthRefusal("invalid_scope", "nothing of this is registered")
    grant = Grant(
        request.client.client_id, words, launch, new_family(), standalone=standalone
    )
    return grants.new_code(
        Code(grant, request.redirect_uri, request.challenge, request.nonce)
    )


def redirect_back(
    redirect_uri: str, *, issuer: str, state: str | None, **values: str
) -> str:
    """The URL that takes the browser back; `iss` as RFC 9207 asks."""
    query = {**values, **({"state": state} if state else {}), "iss": issuer}
    joint = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{joint}{urlencode(query)}"


def check_verifier(verifier: str | None, *, challenge: str) -> None:
    """PKCE, RFC 7636.

    Raises:
        OAuthRefusal: invalid_grant.
    """
    if verifier is None or VERIFIER.fullmatch(verifier) is None:
        raise OAuthRefusal("invalid_grant", "code_verifier has not 43-128 characters")
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    found = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if not hmac.compare_digest(found, challenge):
        raise OAuthRefusal("invalid_grant", "code_verifier does not fit")
