"""The authorization server's pages and endpoints."""

import secrets
import threading
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from sandbox_ehr.authorization.authorize import (
    Asked,
    approved,
    asked,
    redirect_back,
    return_address,
)
from sandbox_ehr.authorization.grants import Grants, Launch
from sandbox_ehr.authorization.keys import SigningKeys
from sandbox_ehr.authorization.tokens import TokenEndpoint
from sandbox_ehr.config import SandboxConfig, origin_of
from sandbox_ehr.errors import OAuthRefusal
from sandbox_ehr.people import people
from sandbox_ehr.store.interface import Backend

CAPABILITIES = [
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
]
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
PENDING_LIFE = timedelta(minutes=10)


class Pending:
    """Standalone launches in which somebody is still choosing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Asked, datetime]] = {}

    def put(self, wanted: Asked, *, now: datetime) -> str:
        """An id for this request while its page is open."""
        with self._lock:
            for key in [k for k, (_, until) in self._kept.items() if until < now]:
                del self._kept[key]
            key = secrets.token_urlsafe(24)
            self._kept[key] = (wanted, now + PENDING_LIFE)
            return key

    def get(self, key: str) -> Asked | None:
        """The request, while it waits."""
        with self._lock:
            found = self._kept.get(key)
        return found[0] if found else None

    def drop(self, key: str) -> None:
        """Forget it: it was answered."""
        with self._lock:
            self._kept.pop(key, None)


def create_blueprint(
    config: SandboxConfig, grants: Grants, *, keys: SigningKeys, backend: Backend
) -> Blueprint:
    """Everything below /authorize, /token, /revoke, /jwks and the two discoveries."""
    blueprint = Blueprint("authorization", __name__)
    tokens = TokenEndpoint(config, grants, keys=keys)
    pending = Pending()
    base = config.base_url

    @blueprint.get("/fhir/.well-known/smart-configuration")
    def smart_configuration() -> Response:
        return jsonify({**_metadata(config), "capabilities": CAPABILITIES})

    @blueprint.get("/fhir/.well-known/openid-configuration")
    def openid_configuration() -> Response:
        return jsonify(
            {
                **_metadata(config),
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [config.id_token_alg],
                "claims_supported": ["iss", "sub", "aud", "exp", "iat", "fhirUser"],
            }
        )

    @blueprint.get("/jwks")
    def jwks() -> Response:
        answer = jsonify(keys.jwks())
        answer.headers["Cache-Control"] = "public, max-age=300"
        return answer

    @blueprint.route("/authorize", methods=["GET", "POST"])
    def authorize() -> BaseResponse | tuple[str, int]:
        query = request.args if request.method == "GET" else request.form
        address = return_address(query, config)
        try:
            wanted = asked(query, address, fhir_base=config.fhir_base)
            if wanted.launch is None:
                key = pending.put(wanted, now=config.clock())
                return _choose_user(key)
            launch = grants.take_launch(wanted.launch)
            return _back(wanted, launch, standalone=False)
        except OAuthRefusal as refusal:
            return redirect(
                redirect_back(
                    address.redirect_uri,
                    issuer=config.fhir_base,
                    state=address.state,
                    error=refusal.error,
                    error_description=refusal.description,
                ),
                302,
            )

    @blueprint.post("/authorize/choose")
    def choose() -> BaseResponse | tuple[str, int]:
        key = request.form.get("request", "")
        wanted = pending.get(key)
        if wanted is None:
            raise OAuthRefusal("invalid_request", "this choice is over; launch again")
        user = request.form.get("user", "")
        users = {f"{p.kind}/{p.identity}" for p in people(backend, "Practitioner")}
        if user not in users:
            return _choose_user(key)
        patients = people(backend, "Patient")
        patient = request.form.get("patient")
        if wanted.wants_patient and patient not in {p.identity for p in patients}:
            return _page("choose_patient.html", wanted, key, people=patients, user=user)
        pending.drop(key)
        launch = Launch(user, patient=patient if wanted.wants_patient else None)
        try:
            return _back(wanted, launch, standalone=True)
        except OAuthRefusal as refusal:
            return redirect(
                redirect_back(
                    wanted.redirect_uri,
                    issuer=config.fhir_base,
                    state=wanted.state,
                    error=refusal.error,
                    error_description=refusal.description,
                ),
                302,
            )

    @blueprint.post("/token")
    def token() -> Response:
        form = _form()
        answer = jsonify(
            tokens.answer(form, authorization=request.headers.get("Authorization"))
        )
        answer.headers.update(NO_STORE)
        return answer

    @blueprint.post("/revoke")
    def revoke() -> Response:
        form = _form()
        client = tokens.clients.client(
            form, authorization=request.headers.get("Authorization")
        )
        if "token" not in form:
            raise OAuthRefusal("invalid_request", "token is missing")
        # RFC 7009: an unknown token is answered like a known one.
        grants.revoke(form["token"], client_id=client.client_id)
        return Response(status=200, headers=NO_STORE)

    @blueprint.errorhandler(OAuthRefusal)
    def refused(refusal: OAuthRefusal) -> Response | tuple[str, int]:
        if request.path.startswith("/authorize"):
            page = render_template("refused.html", reason=refusal.description)
            return page, refusal.status
        answer = jsonify(
            {"error": refusal.error, "error_description": refusal.description}
        )
        answer.status_code = refusal.status
        answer.headers.update(NO_STORE)
        if refusal.status == 401:
            answer.headers["WWW-Authenticate"] = f'Basic realm="{base}/token"'
        return answer

    def _back(wanted: Asked, launch: Launch, *, standalone: bool) -> BaseResponse:
        code = approved(wanted, launch, grants, standalone=standalone)
        url = redirect_back(
            wanted.redirect_uri, issuer=config.fhir_base, state=wanted.state, code=code
        )
        answer = redirect(url, 302)
        answer.headers.update(NO_STORE)
        return answer

    def _choose_user(key: str) -> tuple[str, int] | BaseResponse:
        wanted = pending.get(key)
        assert wanted is not None
        return _page(
            "choose_user.html", wanted, key, people=people(backend, "Practitioner")
        )

    def _page(name: str, wanted: Asked, key: str, **values: Any) -> Response:
        page = render_template(name, key=key, client=wanted.client, **values)
        answer = Response(page, mimetype="text/html", headers=NO_STORE)
        # The form's answer is a redirect to the app, so form-action must name it.
        answer.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; base-uri 'none';"
            f" frame-ancestors 'none'; form-action 'self' {_origin(wanted)}"
        )
        return answer

    return blueprint


def _origin(wanted: Asked) -> str:
    parts = urlsplit(wanted.redirect_uri)
    return origin_of(wanted.redirect_uri) if parts.netloc else "'self'"


def _form() -> dict[str, str]:
    if request.mimetype != "application/x-www-form-urlencoded":
        raise OAuthRefusal("invalid_request", "not a form")
    form: dict[str, str] = {}
    for name, values in request.form.lists():
        if len(values) != 1:
            raise OAuthRefusal("invalid_request", f"{name} more than once")
        form[name] = values[0]
    return form


def _metadata(config: SandboxConfig) -> dict[str, Any]:
    base = config.base_url
    return {
        "issuer": config.fhir_base,
        "jwks_uri": f"{base}/jwks",
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "revocation_endpoint": f"{base}/revoke",
        "revocation_endpoint_auth_methods_supported": _AUTH,
        "token_endpoint_auth_methods_supported": _AUTH,
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "client_credentials",
        ],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "scopes_supported": [
            "openid",
            "fhirUser",
            "launch",
            "launch/patient",
            "online_access",
            "offline_access",
            "patient/*.rs",
            "user/*.cruds",
            "system/*.cruds",
        ],
    }


_AUTH = ["client_secret_basic", "private_key_jwt", "none"]
