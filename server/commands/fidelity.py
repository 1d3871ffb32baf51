"""`rom fidelity`: how often each team measures and talks about it, never who.

Exit codes: 0 · 1 something in the export could not be read (the report says what) ·
2 unusable input · 3 what is noted in the audit is not what was written.
"""

import json
import sys
from datetime import date, datetime
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

import click

from clinical.across_episodes.fidelity import FidelityReport, fidelity
from clinical.across_episodes.numbers import numbers
from ehr.bulk.errors import FolderUnusable
from ehr.session_events import events_of
from fhir_mapping.dialect import load_dialect
from fhir_mapping.errors import DialectFileError
from fhir_mapping.visits import OVER, VisitWish
from questionnaires.errors import InstrumentFileError
from questionnaires.library import load_library
from server.clock import wall_clock
from server.commands.encounter_types import Kinds, encounter_types
from server.commands.serve import installation_or_exit
from server.commands.tenant_part import part_of
from server.teams.export import TeamExport, TeamRules, sessions_of_export
from server.teams.sessions import SessionsUnusable, team_sessions
from server.teams.words import json_of, text_of
from vault.errors import Tampered


@click.command("fidelity")
@click.argument("source", metavar="FILE.csv|FOLDER|-")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Last day that is counted; today if not given.",
)
@encounter_types
@click.option(
    "--tenant",
    metavar="NAME",
    help="The EHR that FOLDER is an export of, as in tenants.toml: this site's plan"
    " says what counts, and its audit what was noted about sessions.",
)
@click.option("--dialect", metavar="NAME|FILE", help="Without --tenant: plain-r4.")
@click.option(
    "--instruments",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of the site's own instruments; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON, for machines.")
def command(
    source: str,
    *,
    until: datetime | None,
    kinds: Kinds,
    tenant: str | None,
    dialect: str | None,
    folders: tuple[Path, ...],
    as_json: bool,
) -> None:
    """How often each team measures and talks about it, over three months.

    FILE has one row a completed session: team, date, outcome, alliance, discussed, and
    if known refused and crisis (yes or no). FOLDER is an export, as rom bulk export
    writes it: a session is a finished Encounter, a team is the organisation that held
    it. Exit codes: 1: something in the export could not be read; 2: the list or the
    export cannot be used; 3: somebody changed the audit.
    """
    last = until.date() if until else wall_clock("")().date()
    if tenant and (dialect or folders):
        _refuse("--tenant brings its own dialect and instruments")
    if Path(source).is_dir():
        visits = VisitWish(OVER, kinds)
        if tenant:
            found = _of_site(Path(source), tenant, visits)
        else:
            found = _of_folder(Path(source), visits, dialect or "plain-r4", folders)
        noted = tenant is not None
        report = fidelity(found.sessions, numbers(), until=last, noted=noted)
        click.echo(json_of(report, found) if as_json else text_of(report, found))
        sys.exit(1 if found.unread else 0)
    if tenant or dialect or folders or kinds:
        _refuse("only --until and --json go with a list; the others are for a FOLDER")
    try:
        report = _report(source, last)
    except (SessionsUnusable, OSError) as error:
        _refuse(_why(error, source))
    click.echo(json_of(report) if as_json else text_of(report))


def _report(file: str, last: date) -> FidelityReport:
    if file == "-":
        stream = TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
        sessions = list(team_sessions(stream))
    else:
        with Path(file).open(encoding="utf-8-sig", newline="") as opened:
            sessions = list(team_sessions(opened))
    return fidelity(sessions, numbers(), until=last, noted=True)


def _of_site(folder: Path, tenant: str, visits: VisitWish) -> TeamExport:
    """With what this site counts, and what people noted about its sessions."""
    found = installation_or_exit("rom fidelity")
    with part_of(found, tenant, refuse=_refuse) as part:
        part.audit.append(
            "fidelity.counted",
            "rom fidelity",
            patient=None,
            details=json.dumps({"export": folder.name}).encode(),
            now=wall_clock(found.settings.time_zone)(),
        )
        rules = TeamRules(
            found.library,
            found.dialects[tenant],
            found.plan.instruments,
            visits,
            partial(events_of, part),
        )
        try:
            return _counted(folder, rules)
        except Tampered as problem:
            _end(f"{problem}: somebody changed the vault. Keep the file, and look", 3)


def _of_folder(
    folder: Path, visits: VisitWish, dialect: str, folders: tuple[Path, ...]
) -> TeamExport:
    try:
        library = load_library(folders)
        read_by = load_dialect(dialect)
    except (InstrumentFileError, DialectFileError) as problem:
        _refuse(str(problem))
    rules = TeamRules(library, read_by, tuple(library.instruments.values()), visits)
    return _counted(folder, rules)


def _counted(folder: Path, rules: TeamRules) -> TeamExport:
    try:
        return sessions_of_export(folder, rules, numbers())
    except FolderUnusable as problem:
        _refuse(str(problem))
    except OSError as error:
        _refuse(_why(error, str(error.filename)))


def _why(error: SessionsUnusable | OSError, file: str) -> str:
    if isinstance(error, OSError):
        return f"{file}: cannot be read ({error.strerror}); name a file that is there"
    return f"{file}: {error}"


def _refuse(problem: str) -> NoReturn:
    _end(problem, 2)


def _end(problem: str, code: int) -> NoReturn:
    click.echo(f"rom fidelity: {problem}", err=True)
    sys.exit(code)
