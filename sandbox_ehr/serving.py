"""Two ways to serve the sandbox: granian, or Flask's own server."""

from functools import partial

from flask import Flask
from granian import Granian
from granian.constants import Interfaces

from sandbox_ehr.app import create_app
from sandbox_ehr.config import SandboxConfig

THREADS = 8  # the chart waits for a service that asks the chart's FHIR API


def serve(config: SandboxConfig, *, host: str, port: int, plain: bool) -> None:
    """Serve until told to stop.

    One worker only: launches, codes and tokens live in its memory.
    """
    if plain:
        create_app(config).run(host=host, port=port, threaded=True)
        return
    server = Granian(
        "sandbox_ehr.app:create_app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
    )
    server.serve(target_loader=partial(_load, config), wrap_loader=False)


def _load(config: SandboxConfig) -> Flask:
    return create_app(config)
