"""`rom questionnaires publish`: forms into an EHR; see `rom questionnaires`."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import NoReturn

import click

from ehr.errors import UnknownIssuer
from ehr.tenants import Tenant
from fhir_mapping.publication import LeftOut, PublishedForm, ids_of, published_form
from questionnaires.errors import UnknownInstrument
from questionnaires.library import Library
from server.clock import wall_clock
from server.commands.serve import NO_START, installation_or_exit
from server.publishing.run import PublishRun, Wish
from server.wsgi import Installation
from vault.audit import Audit
from vault.database import open_vault


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which forms, as the command line says."""

    chosen: tuple[str, ...]
    language: str | None
    skeletons: bool


@click.command("publish")
@click.option(
    "--ehr",
    "--tenant",
    "tenant_id",
    required=True,
    metavar="NAME",
    help="The EHR, by its name in tenants.toml.",
)
@click.option(
    "--instrument",
    "chosen",
    multiple=True,
    metavar="ID",
    help="Only this instrument; may be repeated.",
)
@click.option("--language", help="Main language of the words, as in export.")
@click.option(
    "--skeletons", is_flag=True, help="Also what is structure only, as drafts."
)
@click.option(
    "--replace",
    is_flag=True,
    help="Let ours take the place of other content under the same version.",
)
@click.option("--dry-run", is_flag=True, help="Look and compare; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for machines.")
def publish(
    *,
    tenant_id: str,
    chosen: tuple[str, ...],
    language: str | None,
    skeletons: bool,
    replace: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Publish the forms to an EHR; safe to repeat, what is the same stays as it is.

    Exit code 0: all there. 2: unusable input. 3: other content under the same version.
    4: not reachable, run it again. 5: refused by the EHR.
    """
    found = installation_or_exit("rom questionnaires publish")
    tenant = _tenant(found, tenant_id)
    clock = wall_clock(found.settings.time_zone)
    wanted = Wanted(chosen, language, skeletons)
    forms = _forms(found.library, wanted, today=clock().date())
    with _audit(found, tenant, wanted=not dry_run) as audit:
        run = PublishRun(
            tenant,
            Wish(write=not dry_run, replace=replace),
            clock=clock,
            audit=audit,
            quiet=as_json,
        )
        run.publish(forms)
    if as_json:
        click.echo(json.dumps(run.report(), ensure_ascii=False))
    sys.exit(run.code)


def _tenant(found: Installation, tenant_id: str) -> Tenant:
    try:
        tenant = found.tenants.by_id(tenant_id)
    except UnknownIssuer:
        known = ", ".join(each.id for each in found.tenants)
        _refuse(f"no EHR {tenant_id!r} in tenants.toml; there are: {known}")
    if tenant.auth != "private_key_jwt":
        _refuse(
            f"{tenant.id} has auth = {tenant.auth!r}: publishing is done by our own"
            ' service, which needs auth = "private_key_jwt", and at the EHR the scope'
            f" {tenant.scopes.publish} for client credentials"
        )
    return tenant


def _forms(library: Library, wanted: Wanted, *, today: date) -> list[PublishedForm]:
    try:
        ids = ids_of(library, wanted.chosen)
    except UnknownInstrument as refusal:
        known = ", ".join(sorted(library.instruments))
        _refuse(f"no instrument {refusal.name!r}; there are: {known}")
    forms: list[PublishedForm] = []
    for each in ids:
        form = published_form(library, each, language=wanted.language)
        problem = _problem(form, wanted, today)
        if problem and wanted.chosen:
            _refuse(f"{each} {problem}")
        if problem:
            click.echo(f"rom questionnaires: left out: {each} {problem}", err=True)
        elif isinstance(form, PublishedForm):
            forms.append(form)
    if not forms:
        _refuse("there is no form to publish; look at `rom questionnaires export`")
    return forms


def _problem(form: PublishedForm | LeftOut, wanted: Wanted, today: date) -> str:
    """Why this form is not published, "" if it is."""
    if isinstance(form, LeftOut):
        there = ", ".join(form.languages) or "none"
        return f"has no wording in {wanted.language!r}, only in {there}"
    if form.words == "none" and not wanted.skeletons:
        return "is structure only; complete it, or ask for --skeletons"
    last = form.instrument.licence.valid_until
    if form.words != "none" and last is not None and last < today:
        return f"may not be offered any more: its licence ended on {last}"
    return ""


@contextmanager
def _audit(
    found: Installation, tenant: Tenant, *, wanted: bool
) -> Iterator[Audit | None]:
    if not wanted:
        yield None
        return
    try:
        vault = open_vault(found.settings.data_folder, found.keys)
    except NO_START as refusal:
        _refuse(f"the audit cannot be opened, so nothing is written: {refusal}")
    try:
        yield vault.for_tenant(tenant.id).audit
    finally:
        vault.close()


def _refuse(problem: str) -> NoReturn:
    click.echo(f"rom questionnaires: {problem}", err=True)
    sys.exit(2)
