"""The routes of the CDS service.

GET  /<tenant>/cds-services                    200 · 404 unknown tenant
POST /<tenant>/cds-services/progress           200 · as listed in `refusals`
POST /<tenant>/cds-services/progress/feedback  200 · as listed in `refusals`
"""

import json
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, request

from cds_hooks.card_feedback import feedback_from_bytes, keep
from cds_hooks.discovery import SERVICE, discovery
from cds_hooks.errors import NotJson
from cds_hooks.refusals import add_refusals
from cds_hooks.services import Desk, HookServices, desk_of, progress
from ehr.errors import UnknownIssuer
from ehr.wire.verify_jwt import HookClaims

EXTENSION = "rom.cds_hooks"
BODY_LIMIT = 4_000_000  # bytes; about 4,000 plain Observations
JSON = "application/json"
NO_CARDS = b'{"cards": []}'


@dataclass(frozen=True, slots=True)
class _Face:
    services: HookServices
    desks: dict[str, Desk]
    discoveries: dict[str, bytes]


def create_blueprint(services: HookServices) -> Blueprint:
    """Discovery, service and feedback for every tenant."""
    desks = {each.id: desk_of(services, each) for each in services.tenants}
    face = _Face(
        services,
        desks,
        {
            name: _json(discovery(desk.dialect, beside=desk.beside))
            for name, desk in desks.items()
        },
    )
    blueprint = Blueprint("cds_hooks", __name__)
    blueprint.record_once(
        lambda state: state.app.extensions.__setitem__(EXTENSION, face)
    )
    blueprint.get("/<tenant_id>/cds-services")(_discovery)
    blueprint.post(f"/<tenant_id>/cds-services/{SERVICE}")(_progress)
    blueprint.post(f"/<tenant_id>/cds-services/{SERVICE}/feedback")(_feedback)
    blueprint.before_request(_allow_large_bodies)
    blueprint.after_request(_cors)
    add_refusals(blueprint)
    return blueprint


def _discovery(tenant_id: str) -> Response:
    desk = _desk(tenant_id)
    return Response(_face().discoveries[desk.tenant.id], mimetype=JSON)


def _progress(tenant_id: str) -> Response:
    desk, services = _desk(tenant_id), _face().services
    now = services.clock()
    # The caller first: nobody else's body is looked at.
    claims = _claims(desk)
    cards = progress(desk, claims, body=_body(), now=now)
    return Response(_json({"cards": cards}) if cards else NO_CARDS, mimetype=JSON)


def _feedback(tenant_id: str) -> Response:
    desk, services = _desk(tenant_id), _face().services
    now = services.clock()
    claims = _claims(desk)
    entries = feedback_from_bytes(_body())
    desk.vault.cards.record_call(
        issuer=claims.issuer,
        jti=claims.jti,
        expires_at=claims.expires_at,
        cards=(),
        now=now,
    )
    keep(desk.vault, entries, now=now)
    return Response(b"{}", mimetype=JSON)


def _face() -> _Face:
    found: _Face = current_app.extensions[EXTENSION]
    return found


def _desk(tenant_id: str) -> Desk:
    found = _face().desks.get(tenant_id)
    if found is None:
        raise UnknownIssuer
    return found


def _claims(desk: Desk) -> HookClaims:
    services = _face().services
    return services.trust.claims(
        request.headers.get("Authorization", ""), desk.tenant, now=services.clock()
    )


def _body() -> bytes:
    if request.mimetype != JSON:
        raise NotJson
    length = request.content_length
    if length is None or length > BODY_LIMIT:
        return request.get_data(cache=False)  # counted as it comes, or refused: 413
    # Werkzeug would take a body of known length in pieces, and copy each several times.
    body: bytes = request.environ["wsgi.input"].read(length)
    return body


def _allow_large_bodies() -> None:
    request.max_content_length = BODY_LIMIT


def _json(table: dict[str, object]) -> bytes:
    return json.dumps(table, ensure_ascii=False).encode()


def _cors(response: Response) -> Response:
    """Browser-based CDS clients: registered origins only, no credentials."""
    origin = request.headers.get("Origin")
    if origin is None:
        return response
    response.headers["Vary"] = "Origin"
    desk = _face().desks.get((request.view_args or {}).get("tenant_id", ""))
    if desk is not None and origin in desk.tenant.cors_origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
    return response
