"""The routes of the CDS service, and one table from errors to HTTP."""

import json
import logging

from flask import Blueprint, Response, current_app, request

from cds_hooks.card_feedback import feedback_from_bytes, keep
from cds_hooks.discovery import SERVICE, discovery
from cds_hooks.errors import MalformedRequest, NotEnoughData
from cds_hooks.services import HookServices, progress
from ehr.errors import (
    AccessExpired,
    EhrRefused,
    EhrUnreachable,
    JsonRefused,
    KeysUnavailable,
    TokenRefused,
    UnknownIssuer,
    UnsafeAnswer,
)
from vault.errors import AlreadyUsed, VaultUnavailable

EXTENSION = "rom.cds_hooks"
BODY_LIMIT = 4_000_000  # bytes; about 4,000 plain Observations
log = logging.getLogger("rom.cds_hooks")

# Error -> (status, what the caller hears). One sentence per status: a refused token
# must not learn why.
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    UnknownIssuer: (404, "No such service."),
    MalformedRequest: (400, "The request is malformed at {}."),
    JsonRefused: (400, "The request is malformed at {}."),
    TokenRefused: (401, "A valid signed token of a registered caller is needed."),
    AlreadyUsed: (401, "A valid signed token of a registered caller is needed."),
    NotEnoughData: (412, "Data are missing: prefetch {} was not sent."),
    EhrUnreachable: (412, "The chart could not be read in time."),
    EhrRefused: (412, "The chart could not be read."),
    AccessExpired: (412, "The chart could not be read."),
    UnsafeAnswer: (412, "The chart could not be read."),
    KeysUnavailable: (503, "The caller's keys cannot be had now. Try again."),
    VaultUnavailable: (503, "Not available now. Try again."),
}


def create_blueprint(services: HookServices) -> Blueprint:
    """Discovery, service and feedback for every tenant."""
    blueprint = Blueprint("cds_hooks", __name__)
    blueprint.record_once(
        lambda state: state.app.extensions.__setitem__(EXTENSION, services)
    )
    blueprint.get("/<tenant_id>/cds-services")(_discovery)
    blueprint.post(f"/<tenant_id>/cds-services/{SERVICE}")(_progress)
    blueprint.post(f"/<tenant_id>/cds-services/{SERVICE}/feedback")(_feedback)
    for error in REFUSALS:
        blueprint.register_error_handler(error, _refusal)
    blueprint.before_request(_allow_large_bodies)
    blueprint.after_request(_cors)
    return blueprint


def _services() -> HookServices:
    found: HookServices = current_app.extensions[EXTENSION]
    return found


def _discovery(tenant_id: str) -> Response:
    services = _services()
    tenant = services.tenants.by_id(tenant_id)
    return _json(discovery(services.dialects[tenant.id]))


def _progress(tenant_id: str) -> Response:
    services = _services()
    tenant = services.tenants.by_id(tenant_id)
    return _json(
        progress(
            services,
            tenant,
            authorization=request.headers.get("Authorization", ""),
            body=_body(),
        )
    )


def _feedback(tenant_id: str) -> Response:
    services = _services()
    tenant = services.tenants.by_id(tenant_id)
    now = services.clock()
    claims = services.trust.claims(
        request.headers.get("Authorization", ""), tenant, now=now
    )
    entries = feedback_from_bytes(_body())
    vault = services.vault.for_tenant(tenant.id)
    vault.cards.record_call(
        issuer=claims.issuer,
        jti=claims.jti,
        expires_at=claims.expires_at,
        cards=(),
        now=now,
    )
    keep(vault, entries, now=now)
    return _json({})


def _body() -> bytes:
    if request.mimetype != "application/json":
        raise MalformedRequest("Content-Type", "must be application/json")
    return request.get_data(cache=False)


def _allow_large_bodies() -> None:
    request.max_content_length = BODY_LIMIT


def _json(table: dict[str, object], status: int = 200) -> Response:
    return Response(
        json.dumps(table, ensure_ascii=False), status, mimetype="application/json"
    )


def _refusal(error: Exception) -> Response:
    """An OperationOutcome without patient data; the cause goes to the log."""
    kind = next(each for each in REFUSALS if isinstance(error, each))
    status, text = REFUSALS[kind]
    place = getattr(error, "path", None) or getattr(error, "place", None)
    place = place or getattr(error, "key", "")
    log.warning(
        "refused",
        extra={
            "fields": {
                "event": "hook refused",
                "status": status,
                "cause": getattr(error, "cause", None) or kind.__name__,
                "route": request.endpoint,
            }
        },
    )
    outcome: dict[str, object] = {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": {401: "login", 404: "not-found", 503: "transient"}.get(
                    status, "processing"
                ),
                "diagnostics": text.format(place),
            }
        ],
    }
    response = _json(outcome, status)
    response.mimetype = "application/fhir+json"
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _cors(response: Response) -> Response:
    """Browser-based CDS clients: registered origins only, no credentials."""
    origin = request.headers.get("Origin")
    tenant_id = (request.view_args or {}).get("tenant_id", "")
    if origin is None or not tenant_id:
        return response
    response.headers["Vary"] = "Origin"
    try:
        allowed = _services().tenants.by_id(tenant_id).cors_origins
    except UnknownIssuer:
        return response
    if origin in allowed:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
    return response
