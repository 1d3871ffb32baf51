"""`rom bulk`: exports of many charts from an EHR (FHIR Bulk Data Access).

Exit codes: 0 all here · 1 here, but not as the EHR stated it · 2 unusable input ·
4 the EHR cannot be reached, run it again · 5 the EHR refused.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click

from ehr.bulk.door import Door, Surroundings
from ehr.bulk.errors import ExportFailed, FolderUnusable
from ehr.bulk.export import Export, Summary
from ehr.bulk.job import Job, Request, begun_job, opened_job
from ehr.errors import (
    AccessExpired,
    EhrRefused,
    EhrUnreachable,
    LaunchRefused,
    UnknownIssuer,
    UnsafeAnswer,
)
from ehr.smart.backend import BackendTokens
from ehr.smart.discovery import discover
from ehr.smart.scopes import allows
from ehr.tenants import Tenant
from server.clock import wall_clock
from server.commands.serve import NO_START, installation_or_exit
from server.wsgi import Installation
from vault.database import open_vault

TYPES = ("Observation", "QuestionnaireResponse")
# Only where the site's scopes name it: an EHR may refuse an export for one type.
ALSO = ("Appointment", "Encounter")


@click.group("bulk")
def command() -> None:
    """Exports of many charts, for who may use them: rom bulk export."""


@command.command("export")
@click.option("--tenant", required=True, metavar="NAME", help="As in tenants.toml.")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="A new folder, or that of an export that was interrupted.",
)
@click.option("--group", metavar="ID", help="Everybody in this Group (the usual way).")
@click.option("--patients", is_flag=True, help="Every patient of the EHR.")
@click.option("--system", is_flag=True, help="Everything in the EHR.")
@click.option(
    "--type",
    "types",
    multiple=True,
    help="A type of resource; may be repeated. Usually Observation,"
    " QuestionnaireResponse, and Appointment and Encounter where the scopes `bulk` hold"
    " them.",
)
@click.option(
    "--type-filter",
    "filters",
    multiple=True,
    metavar="QUERY",
    help="Such as 'Observation?category=survey'; an EHR may ignore it.",
)
@click.option(
    "--since", metavar="INSTANT", help="Only what changed since, with its offset."
)
@click.option(
    "--post", is_flag=True, help="Ask by POST, where the EHR takes no GET any more."
)
@click.option(
    "--legal-basis",
    required=True,
    metavar="TEXT",
    help="On what basis the site fetches these data; kept with them and in the audit.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for machines.")
def export(
    *,
    tenant: str,
    out: Path,
    group: str | None,
    patients: bool,
    system: bool,
    types: tuple[str, ...],
    filters: tuple[str, ...],
    since: str | None,
    post: bool,
    legal_basis: str,
    as_json: bool,
) -> None:
    """Fetch every file of an export; the same command goes on after an interruption."""
    if (group is not None) + patients + system != 1:
        _refuse("say whose data: --group ID, --patients or --system")
    if not legal_basis.strip():
        _refuse("--legal-basis is empty; without one these data may not be fetched")
    with _troubles():
        found, registered = _installation(tenant)
        request = Request(
            tenant,
            _path(group, patients),
            parameters=_parameters(
                types or _usual_types(registered), filters, since, post=post
            ),
            post=post,
            legal_basis=legal_basis.strip(),
        )
        job = opened_job(out, request)
        _note(found, registered, "bulk.begun", job)
        summary = _export(found, registered, job).run()
        _note(found, registered, "bulk.done", job)
    _print(summary, out, as_json=as_json)
    sys.exit(1 if summary.differing else 0)


@command.command("cancel")
@click.option(
    "--out",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder of the export.",
)
def cancel(*, out: Path) -> None:
    """End an export at the EHR. What has been fetched stays in the folder."""
    with _troubles():
        job = begun_job(out)
        if job is None:
            _refuse(f"{out} holds no export")
        found, registered = _installation(job.request.tenant)
        known = _export(found, registered, job).cancel()
    click.echo("ended" if known else "the EHR has no such job (any more)")


def _usual_types(tenant: Tenant) -> tuple[str, ...]:
    allowed = tenant.scopes.bulk
    return (*TYPES, *(each for each in ALSO if allows(allowed, f"system/{each}.r")))


def _path(group: str | None, patients: bool) -> str:
    if group is None:
        return "Patient/$export" if patients else "$export"
    plain = group.replace("-", "").replace(".", "")
    if not (plain.isascii() and plain.isalnum() and len(group) <= 64):
        _refuse("--group is no id of a FHIR resource")
    return f"Group/{group}/$export"


def _parameters(
    types: tuple[str, ...], filters: tuple[str, ...], since: str | None, *, post: bool
) -> tuple[tuple[str, str], ...]:
    for each in types:
        if not (each.isascii() and each.isalpha()):
            _refuse("--type is no FHIR type")
    found = [("_type", each) for each in types] if post else []
    if types and not post:
        found.append(("_type", ",".join(types)))
    found += [("_typeFilter", each) for each in filters]
    if since is not None:
        try:
            aware = datetime.fromisoformat(since).tzinfo is not None
        except ValueError:
            aware = False
        if not aware:
            _refuse("--since is no instant with an offset (2026-01-31T00:00:00Z)")
        found.append(("_since", since))
    return tuple(found)


def _installation(name: str) -> tuple[Installation, Tenant]:
    found = installation_or_exit("rom bulk")
    try:
        tenant = found.tenants.by_id(name)
    except UnknownIssuer:
        known = ", ".join(each.id for each in found.tenants)
        _refuse(f"no EHR {name!r} in tenants.toml; there are: {known}")
    if tenant.auth != "private_key_jwt":
        _refuse(
            f"{tenant.id} has auth = {tenant.auth!r}: an export is done by our own"
            ' service, which needs auth = "private_key_jwt", and at the EHR the scopes'
            f" {tenant.scopes.bulk}"
        )
    return found, tenant


def _export(found: Installation, tenant: Tenant, job: Job) -> Export:
    tokens = BackendTokens(
        tenant, tenant.scopes.bulk, endpoints=lambda _now: discover(tenant)
    )
    clock = wall_clock(found.settings.time_zone)
    around = Surroundings(clock, told=lambda text: click.echo(text, err=True))
    return Export(job, Door(tenant, tokens, around), base=tenant.issuer)


def _note(found: Installation, tenant: Tenant, what: str, job: Job) -> None:
    """Into the audit: what was fetched, from where, on what basis."""
    request = job.request
    details = {
        "export": request.path,
        "parameters": list(request.parameters),
        "legal_basis": request.legal_basis,
        "lines": sum(each.lines or 0 for each in job.files),
    }
    try:
        vault = open_vault(found.settings.data_folder, found.keys)
    except NO_START as refusal:
        _refuse(f"the audit cannot be opened, so nothing is fetched: {refusal}")
    try:
        vault.for_tenant(tenant.id).audit.append(
            what,
            "rom bulk export",
            patient=None,
            details=json.dumps(details).encode(),
            now=wall_clock(found.settings.time_zone)(),
        )
    finally:
        vault.close()


@contextmanager
def _troubles() -> Iterator[None]:
    again = "what is here stays; the same command goes on"
    try:
        yield
    except FolderUnusable as error:
        _refuse(str(error))
    except EhrUnreachable as error:
        _end(f"{error}; {again}", code=4)
    except EhrRefused as error:
        _end(f"{error}; does it offer this export to our client?", code=5)
    except (ExportFailed, AccessExpired, LaunchRefused, UnsafeAnswer) as error:
        _end(str(error), code=5)
    except OSError as error:
        _end(f"{error.filename or 'disk'}: {error.strerror}; {again}", code=2)


def _print(summary: Summary, out: Path, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(summary)))
        return
    click.echo(f"{summary.files} files, {summary.lines} lines, in {out}")
    click.echo(f"next export: --since {summary.transaction_time}")
    if summary.errors:
        click.echo(f"the EHR reports {summary.errors} problems: see errors/")
    if summary.deleted:
        click.echo(f"the EHR lists {summary.deleted} Bundles of deletions: deleted/")
    for name in summary.differing:
        click.echo(
            f"{name}: not as many lines as the EHR states; kept as {name}.differs"
        )


def _refuse(problem: str) -> NoReturn:
    _end(problem, code=2)


def _end(problem: str, *, code: int) -> NoReturn:
    click.echo(f"rom bulk: {problem}", err=True)
    sys.exit(code)
