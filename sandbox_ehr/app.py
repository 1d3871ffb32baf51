"""The sandbox EHR as one Flask application."""

from pathlib import Path

from flask import Flask, Response, request

from sandbox_ehr import admin, bulk_export, chart_page, fhir_api
from sandbox_ehr.authorization import endpoints
from sandbox_ehr.authorization.grants import Grants
from sandbox_ehr.authorization.keys import SigningKeys
from sandbox_ehr.config import SandboxConfig, checked_config
from sandbox_ehr.hook_client import HookClient
from sandbox_ehr.seeding import seed
from sandbox_ehr.store.database import Database
from sandbox_ehr.store.interface import Backend
from sandbox_ehr.store.local import LocalStore
from sandbox_ehr.store.proxy import ForeignServer

LARGEST_BODY = 8 * 1024 * 1024  # bytes


def create_app(config: SandboxConfig) -> Flask:
    """A sandbox EHR, with its patients in it.

    Raises:
        SandboxConfigError: the configuration cannot work.
    """
    checked_config(config)
    app = Flask(__name__, root_path=str(Path(__file__).parent))
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    backend = _backend(config)
    keys = SigningKeys.of(config)
    grants = Grants(clock=config.clock, access_life=config.access_life)
    hooks = HookClient(config, keys, grants=grants, backend=backend)
    left_out = seed(backend, config) if config.seed else []
    api = fhir_api.FhirApi(config, grants, backend=backend)
    ledger = admin.Ledger(left_out)
    app.before_request(lambda: ledger.note(request.method, request.full_path))
    app.register_blueprint(
        endpoints.create_blueprint(config, grants, keys=keys, backend=backend)
    )
    app.register_blueprint(bulk_export.create_blueprint(config, api, backend))
    app.register_blueprint(fhir_api.create_blueprint(config, api, backend))
    app.register_blueprint(
        chart_page.create_blueprint(config, grants, backend=backend, hooks=hooks)
    )
    if config.admin:
        app.register_blueprint(
            admin.create_blueprint(config, grants, backend=backend, ledger=ledger)
        )

    @app.after_request
    def guarded(response: Response) -> Response:
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'self'; form-action 'self';"
            " frame-ancestors 'self'; base-uri 'none'",
        )
        return response

    return app


def _backend(config: SandboxConfig) -> Backend:
    if config.fhir_backend is not None:
        return ForeignServer(config.fhir_backend, base_url=config.fhir_base)
    return LocalStore(
        Database(config.database), base_url=config.fhir_base, clock=config.clock
    )
