"""Which client is this? Secrets and signed assertions at the token endpoint."""

import base64
import binascii
import hmac
import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey

from sandbox_ehr.authorization.grants import Grants
from sandbox_ehr.config import Client, SandboxConfig
from sandbox_ehr.errors import OAuthRefusal

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_ASSERTION = timedelta(seconds=300)
SKEW = timedelta(seconds=5)
JWKS_LIFE = timedelta(seconds=60)
CURVES = {"ES384": "P-384"}


class ClientCheck:
    """Recognises clients; remembers key sets it fetched and assertions it saw."""

    def __init__(self, config: SandboxConfig, grants: Grants) -> None:
        self._config = config
        self._grants = grants
        self._lock = threading.Lock()
        self._fetched: dict[str, tuple[datetime, list[Any]]] = {}

    def client(self, form: Mapping[str, str], *, authorization: str | None) -> Client:
        """The client that proved itself in this token request.

        Raises:
            OAuthRefusal: invalid_client (401), or invalid_request for two proofs.
        """
        asserted = "client_assertion" in form or "client_assertion_type" in form
        if authorization is not None and asserted:
            raise OAuthRefusal("invalid_request", "two kinds of client authentication")
        if asserted:
            client = self._by_assertion(form)
        elif authorization is not None:
            client = self._by_secret(authorization)
        else:
            client = self._known(form.get("client_id", ""), method="none")
        if form.get("client_id", client.client_id) != client.client_id:
            raise _refused("client_id is another client's")
        return client

    def _known(self, client_id: str, *, method: str) -> Client:
        client = self._config.client(client_id)
        if client is None or client.auth != method:
            raise _refused("unknown client, or not its registered method")
        return client

    def _by_secret(self, authorization: str) -> Client:
        scheme, _, blob = authorization.partition(" ")
        try:
            text = base64.b64decode(blob.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise _refused("not Basic credentials") from None
        # RFC 6749 2.3.1: both halves are form-urlencoded before they are joined.
        name, colon, secret = text.partition(":")
        if scheme.lower() != "basic" or not colon:
            raise _refused("not Basic credentials")
        client = self._known(unquote_plus(name), method="client_secret_basic")
        expected = (client.secret or "").encode()
        if not hmac.compare_digest(unquote_plus(secret).encode(), expected):
            raise _refused("wrong secret")
        return client

    def _by_assertion(self, form: Mapping[str, str]) -> Client:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise _refused("client_assertion_type")
        token = form.get("client_assertion", "")
        header, claims = _unverified(token)
        client = self._known(str(claims.get("sub")), method="private_key_jwt")
        if header.get("alg") not in ("RS384", "ES384"):
            raise _refused("alg is neither RS384 nor ES384")
        if header.get("typ") != "JWT":
            raise _refused("typ is not JWT")
        if "jku" in header and header["jku"] != client.jwks_uri:
            raise _refused("jku is not the registered one")
        key = self._key(client, kid=header.get("kid"), alg=header["alg"])
        try:
            jwt.decode(token, key, algorithms=[header["alg"]])
        except (JoseError, ValueError):
            raise _refused("the signature does not fit") from None
        self._check_claims(client, claims)
        return client

    def _check_claims(self, client: Client, claims: Mapping[str, Any]) -> None:
        now = self._config.clock()
        if claims.get("iss") != client.client_id:
            raise _refused("iss and sub differ")
        audience = claims.get("aud")
        if audience not in (self.token_url, [self.token_url]):
            raise _refused("aud is not the token URL")
        expires = _moment(claims.get("exp"))
        if expires is None or expires <= now - SKEW:
            raise _refused("exp is missing or over")
        if expires > now + LONGEST_ASSERTION + SKEW:
            raise _refused("exp is more than 300 s away")
        for name in ("iat", "nbf"):
            if name in claims:
                moment = _moment(claims[name])
                if moment is None or moment > now + SKEW:
                    raise _refused(f"{name} lies in the future")
        jti = claims.get("jti")
        if not isinstance(jti, str) or not jti:
            raise _refused("jti is missing")
        if not self._grants.first_use(client.client_id, jti, expires=expires + SKEW):
            raise _refused("jti was used before")

    @property
    def token_url(self) -> str:
        """What an assertion must name as its audience."""
        return f"{self._config.base_url}/token"

    def _key(self, client: Client, *, kid: object, alg: str) -> Key:
        for fresh in (False, True):
            for each in self._keys(client, fresh=fresh):
                if isinstance(each, dict) and kid and each.get("kid") == kid:
                    return _imported(each, alg=alg)
        raise _refused("no registered key has this kid")

    def _keys(self, client: Client, *, fresh: bool) -> list[Any]:
        if client.jwks is not None:
            return list(client.jwks.get("keys", []))
        uri = client.jwks_uri
        if uri is None:
            return []
        now = self._config.clock()
        with self._lock:
            kept = self._fetched.get(uri)
        if kept is not None and not fresh and kept[0] > now:
            return kept[1]
        try:
            answer = requests.get(uri, timeout=5, allow_redirects=False)
            answer.raise_for_status()
            keys = answer.json()["keys"]
        except (requests.RequestException, ValueError, KeyError, TypeError):
            raise _refused("the registered jwks_uri gives no key set") from None
        with self._lock:
            self._fetched[uri] = (now + JWKS_LIFE, keys)
        return list(keys)


def _imported(found: dict[str, Any], *, alg: str) -> Key:
    fits = found.get("kty") == ("EC" if alg in CURVES else "RSA")
    if not fits or (alg in CURVES and found.get("crv") != CURVES[alg]):
        raise _refused("the key does not fit the algorithm")
    public: dict[str, str | list[str]] = {
        name: found[name]
        for name in ("kty", "n", "e", "crv", "x", "y")
        if name in found
    }
    try:
        return ECKey.import_key(public) if alg in CURVES else RSAKey.import_key(public)
    except (JoseError, ValueError):
        raise _refused("the registered key is broken") from None


def _unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        head, body, _ = token.split(".")
        parts = [
            json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            for part in (head, body)
        ]
    except (ValueError, binascii.Error):
        raise _refused("not a compact JWT") from None
    if not all(isinstance(part, dict) for part in parts):
        raise _refused("not a compact JWT")
    return parts[0], parts[1]


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _refused(description: str) -> OAuthRefusal:
    return OAuthRefusal("invalid_client", description, status=401)
