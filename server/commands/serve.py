"""`rom serve`: the app, the CDS service and delivery, until told to stop."""

import gc
import threading
from functools import partial

import click
from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from pydantic import ValidationError

from clinical.errors import NormPackError, PlanFileError
from ehr.errors import TenantFileError
from fhir_mapping.errors import DialectFileError
from questionnaires.errors import InstrumentFileError
from server.errors import CatalogueFileError, UnsafeSettings
from server.logs import use_json_logs
from server.settings import Settings, safe
from server.wsgi import Installation, create_app, read_installation, run_beside
from vault.errors import UnknownSchema, VaultUnavailable, WrongKey

NO_START = (
    PlanFileError,
    NormPackError,
    TenantFileError,
    DialectFileError,
    InstrumentFileError,
    CatalogueFileError,
    WrongKey,
    UnknownSchema,
    VaultUnavailable,
)


@click.command("serve")
def command() -> None:
    """Serve until told to stop (SIGTERM or Ctrl-C). Refuses to start unsafely."""
    found = installation_or_exit("rom serve")
    settings = found.settings
    click.echo(f"rom serve: {settings.public_url} (tablet: {settings.kiosk_url})")
    server = Granian(
        "server.wsgi:create_app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=settings.threads,
        log_enabled=False,
    )
    server.serve(target_loader=partial(_load, found), wrap_loader=False)


def installation_or_exit(program: str) -> Installation:
    """The installation, or every problem on its own line and exit code 2."""
    try:
        found = read_installation(safe(Settings()))  # type: ignore[call-arg]  # from the environment
    except ValidationError as refusal:
        problems = [
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
            " (environment variable"
            f" ROM_{'_'.join(map(str, each['loc'])).upper()}, or the settings file)"
            for each in refusal.errors(include_input=False)
        ]
    except UnsafeSettings as refusal:
        problems = list(refusal.problems)
    except NO_START as refusal:
        problems = [str(refusal)]
    else:
        return found
    click.echo(f"{program}: not started. Please mend this first:", err=True)
    for problem in problems:
        click.echo(f"  - {problem}", err=True)
    raise SystemExit(2)


def _load(found: Installation) -> Flask:
    """In the worker process: open the vault, start what runs beside the pages."""
    use_json_logs()
    running = create_app(found)
    run_beside(running, threading.Event())
    gc.collect()
    gc.freeze()  # what was loaded at the start is never garbage
    return running.app
