"""A small EHR that behaves, until a switch tells it not to.

It keeps a ledger of every request: what really arrived is the oracle of the tests. It
knows nothing of the program under test and imports nothing from it.
"""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.hostile_ehr.keys import Pair, ec_pair, jwt, rsa_pair
from tests.hostile_ehr.switches import ABSENT

CLIENT_ID = "rom-app"
CLIENT_SECRET = "s:cr t/ü+%"  # each character breaks one way of encoding it
Canned = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class Behaviour:
    """What is odd today; everything absent or empty is as it should be."""

    configuration: dict[str, Any] = field(default_factory=dict)
    token: dict[str, Any] = field(default_factory=dict)
    patient: dict[str, Any] = field(default_factory=dict)
    id_claims: dict[str, Any] = field(default_factory=dict)
    canned: dict[str, Canned] = field(default_factory=dict)  # by path
    id_token: Callable[[dict[str, Any]], str] | None = None
    jwks: list[dict[str, Any]] | None = None
    rotate_refresh_tokens: bool = True
    seconds_per_token: float = 0.0
    pieces: tuple[int, float] | None = None  # FHIR answers: bytes, seconds between


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_args: Any, **_kwargs: Any) -> None:
        """The ledger is the log."""


class HostileEhr:
    """Listens on the loopback from construction to `close`."""

    def __init__(self, *, path: str = "/apis/fhir") -> None:
        self.ledger: list[Seen] = []
        self.behaviour = Behaviour()
        self.resources: dict[str, dict[str, Any]] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self._refresh: dict[str, bool] = {}  # token -> still unused
        self._count = 0
        self._lock = threading.Lock()
        self.id_pair: Pair = rsa_pair("id-1")
        self.hook_pair: Pair = ec_pair("hook-1")
        self._server = make_server(
            "127.0.0.1",
            0,
            Request.application(self._answer),
            threaded=True,
            request_handler=_Quiet,
        )
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self.host = f"127.0.0.1:{self._server.port}"
        self.origin = f"http://{self.host}"
        self.base = f"{self.origin}{path}"
        self.issuer = f"{self.origin}/auth"
        self.evil = "http://127.0.0.1:1"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @contextmanager
    def odd(self, **changes: Any) -> Iterator[Behaviour]:
        """Behave so for a while, then well again."""
        self.behaviour = Behaviour(**changes)
        try:
            yield self.behaviour
        finally:
            self.behaviour = Behaviour()

    def seen(self, path: str) -> list[Seen]:
        """Requests to one path, in the order of arrival."""
        return [each for each in list(self.ledger) if each.path == path]

    @property
    def token_requests(self) -> list[Seen]:
        return self.seen("/token")

    # What a browser does: it follows our redirect to the authorize endpoint and
    # comes back with these parameters.
    def authorize(self, url: str, **more: str) -> dict[str, str]:
        asked = {
            name: values[0] for name, values in parse_qs(urlsplit(url).query).items()
        }
        with self._lock:
            self._count += 1
            code = f"code-{self._count}"
            self._codes[code] = asked
        return {"code": code, "state": asked["state"], **more}

    def asked(self, code: str) -> dict[str, str]:
        return self._codes[code]

    def _answer(self, request: Request) -> Response:
        seen = Seen(
            request.method,
            request.path,
            request.query_string.decode("latin-1"),
            dict(request.headers),
            request.get_data(),
        )
        self.ledger.append(seen)
        canned = self.behaviour.canned.get(request.path)
        if canned is not None:
            status, headers, body = canned
            filled = {k: v.replace("{evil}", self.evil) for k, v in headers.items()}
            return Response(body, status, filled)
        fhir = urlsplit(self.base).path
        match request.path.removeprefix(fhir):
            case "/.well-known/smart-configuration":
                return self._json(self._configuration())
            case "/auth/.well-known/openid-configuration":
                members = {"issuer": self.issuer, "jwks_uri": f"{self.origin}/jwks"}
                return self._json(members)
            case "/jwks":
                return self._json({"keys": self._keys()})
            case "/authorize":
                answer = self.authorize(request.url)
                target = f"{request.args['redirect_uri']}?{urlencode(answer)}"
                return Response(status=302, headers={"Location": target})
            case "/token":
                return self._token(seen)
            case path if path.startswith("/Patient/"):
                return self._fhir(self._patient(path.removeprefix("/Patient/")))
            case path:
                return self._fhir(self.resources.get(path))

    def _configuration(self) -> dict[str, Any]:
        members = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.origin}/authorize",
            "token_endpoint": f"{self.origin}/token",
            "jwks_uri": f"{self.origin}/jwks",
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "capabilities": ["launch-ehr", "permission-v2", "sso-openid-connect"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        }
        return self._changed(members, self.behaviour.configuration)

    def _keys(self) -> list[dict[str, Any]]:
        if self.behaviour.jwks is not None:
            return self.behaviour.jwks
        return [self.id_pair.jwk(use="sig"), self.hook_pair.jwk(use="sig")]

    def _token(self, seen: Seen) -> Response:
        time.sleep(self.behaviour.seconds_per_token)
        form = seen.form
        match form.get("grant_type"):
            case "authorization_code":
                with self._lock:
                    asked = self._codes.pop(form.get("code", ""), None)
                if asked is None or not _proves(form.get("code_verifier", ""), asked):
                    return self._json({"error": "invalid_grant"}, 400)
                return self._json(self._granted(asked))
            case "refresh_token":
                old = form.get("refresh_token", "")
                with self._lock:
                    good = self._refresh.get(old, False)
                    if self.behaviour.rotate_refresh_tokens:
                        self._refresh[old] = False
                if not good:
                    return self._json({"error": "invalid_grant"}, 400)
                granted = self._granted({})
                del granted["id_token"]
                return self._json(granted)
            case "client_credentials":
                return self._json(self._granted({"scope": form.get("scope", "")}))
            case _:
                return self._json({"error": "unsupported_grant_type"}, 400)

    def _granted(self, asked: dict[str, str]) -> dict[str, Any]:
        with self._lock:
            self._count += 1
            access, refresh = f"access-{self._count}", f"refresh-{self._count}"
            self._refresh[refresh] = True
        members = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": asked.get("scope", "openid fhirUser"),
            "refresh_token": refresh,
            "patient": "p1",
            "encounter": "e1",
            "id_token": self._id_token(asked.get("nonce", "")),
        }
        return self._changed(members, self.behaviour.token)

    def id_claims(self, nonce: str) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "user-17",
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": nonce,
            "fhirUser": f"{self.base}/Practitioner/17",
        }
        return self._changed(claims, self.behaviour.id_claims)

    def _id_token(self, nonce: str) -> str:
        claims = self.id_claims(nonce)
        if self.behaviour.id_token is not None:
            return self.behaviour.id_token(claims)
        header = {"alg": "RS256", "kid": self.id_pair.kid, "typ": "JWT"}
        return jwt(header, claims, pair=self.id_pair)

    def _patient(self, patient_id: str) -> dict[str, Any] | None:
        if patient_id not in ("p1", "p2"):
            return None
        members = {"resourceType": "Patient", "id": patient_id, "active": True}
        return self._changed(members, self.behaviour.patient)

    def _fhir(self, resource: dict[str, Any] | None) -> Response:
        if resource is None:
            return self._json({"resourceType": "OperationOutcome"}, 404)
        if self.behaviour.pieces is None:
            return self._json(resource)
        size, seconds = self.behaviour.pieces
        text = json.dumps(resource).encode()

        def slowly() -> Iterator[bytes]:
            for start in range(0, len(text), size):
                time.sleep(seconds)
                yield text[start : start + size]

        return Response(slowly(), content_type="application/fhir+json")

    def _changed(self, members: dict[str, Any], odd: dict[str, Any]) -> dict[str, Any]:
        changed = {**members, **odd}
        for name, value in changed.items():
            if isinstance(value, str):
                filled = value.replace("{evil}", self.evil).replace("{host}", self.host)
                changed[name] = filled
        return {name: value for name, value in changed.items() if value != ABSENT}

    @staticmethod
    def _json(members: dict[str, Any], status: int = 200) -> Response:
        return Response(json.dumps(members), status, content_type="application/json")


def _proves(verifier: str, asked: dict[str, str]) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return asked.get("code_challenge") == expected


def basic_credentials(seen: Seen) -> tuple[str, str]:
    """Client id and secret of a request, decoded as RFC 6749 2.3.1 says."""
    encoded = seen.headers["Authorization"].removeprefix("Basic ")
    client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
    return unquote_plus(client_id), unquote_plus(secret)
