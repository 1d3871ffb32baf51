"""EHR launch, standalone launch, callback: thin, for `ehr.smart` does the protocol.

/launch/<tenant>?iss&launch     302 to the EHR; 400 for an unknown issuer, unasked
/standalone/<tenant>            302 to the EHR
/callback/<tenant>              302 to the launch's own page; 400 with the reason
/jwks/<tenant>                  public keys only
"""

import json
from datetime import timedelta

from flask import Blueprint, Response, make_response, redirect, request, url_for

from ehr.errors import LaunchRefused, UnknownIssuer
from ehr.smart.client_keys import public_jwks
from ehr.smart.context import store_context
from ehr.smart.launch import LONGEST_LAUNCH, begin_launch, complete_launch
from ehr.tenants import Tenant
from smart_app.access import (
    browser_of,
    cookie_name,
    new_browser,
    set_cookie,
)
from smart_app.errors import NoBrowserCookie
from smart_app.services import AppServices, services

LAUNCH_LIFE = timedelta(minutes=10)


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/launch/<tenant_id>")(launch)
    blueprint.get("/standalone/<tenant_id>")(standalone)
    blueprint.get("/callback/<tenant_id>")(callback)
    blueprint.get("/jwks/<tenant_id>")(jwks)


def launch(tenant_id: str) -> Response:
    """The EHR opens us. The issuer is known exactly, or nothing is sent anywhere."""
    app = services()
    tenant = _tenant_of_issuer(app, tenant_id, _single("iss"))
    return _begin(app, tenant, launch_id=_single("launch"))


def standalone(tenant_id: str) -> Response:
    """Somebody opens us outside the EHR; the EHR asks for user and patient."""
    app = services()
    return _begin(app, app.tenants.by_id(tenant_id), launch_id=None)


def callback(tenant_id: str) -> Response:
    """The EHR sends the browser back; without its cookie nothing is completed."""
    app = services()
    tenant = app.tenants.by_id(tenant_id)
    context = complete_launch(
        tenant,
        app.vault_of(tenant),
        query=request.args.to_dict(flat=False),
        browser=browser_of(cookie_name(app, "l", tenant.id)),
        now=app.clock(),
        keys=app.id_token_keys,
    )
    browser = new_browser()
    store_context(
        app.vault_of(tenant),
        context,
        browser=browser,
        now=app.clock(),
        idle=app.times.context_idle,
        absolute=app.times.context_absolute,
    )
    app.wake_delivery()  # a response may have waited for this patient's next launch
    response = make_response(
        redirect(
            url_for(
                "smart_app.clinician_page",
                tenant_id=tenant.id,
                context_id=context.id,
            )
        )
    )
    set_cookie(
        response,
        cookie_name(app, "c", context.id),
        browser,
        life=app.times.context_absolute,
    )
    # The launch cookie stays until it is over: other charts, opened at the same moment,
    # still have to come back with it. Their states are good once each.
    return response


def jwks(tenant_id: str) -> Response:
    """Our public keys for this EHR."""
    app = services()
    response = make_response(json.dumps(public_jwks(app.tenants.by_id(tenant_id))))
    response.content_type = "application/json"
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _begin(app: AppServices, tenant: Tenant, *, launch_id: str | None) -> Response:
    cookie = cookie_name(app, "l", tenant.id)
    try:
        # Two launches at the same time (four charts open) share this short-lived id.
        browser = browser_of(cookie)
    except NoBrowserCookie:
        browser = new_browser()
    address = begin_launch(
        tenant,
        app.vault_of(tenant),
        launch=launch_id,
        browser=browser,
        now=app.clock(),
    )
    response = make_response(redirect(address))
    set_cookie(response, cookie, browser, life=LAUNCH_LIFE)
    return response


def _tenant_of_issuer(app: AppServices, tenant_id: str, iss: str) -> Tenant:
    tenant = app.tenants.by_issuer(iss)
    if tenant.id != tenant_id:
        raise UnknownIssuer
    return tenant


def _single(name: str) -> str:
    values = request.args.getlist(name)
    if len(values) != 1 or not 0 < len(values[0]) <= LONGEST_LAUNCH:
        raise LaunchRefused(f"parameter {name} is missing, doubled or too long")
    return values[0]
