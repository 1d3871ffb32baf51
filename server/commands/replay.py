"""`rom replay`: what would have been shown, before anybody is shown anything.

Exit codes: 0 · 1 something in the export could not be read (the report says what) ·
2 unusable input.
"""

import json
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import NoReturn, get_args

import click

from clinical.across_episodes.replay import Rhythm, Way
from clinical.errors import NormPackError, PlanFileError
from ehr.bulk.charts import charts_in
from ehr.bulk.errors import FolderUnusable
from fhir_mapping.errors import DialectFileError
from fhir_mapping.visits import BEGUN, VisitWish
from questionnaires.errors import InstrumentFileError
from server.clock import wall_clock
from server.commands.encounter_types import Kinds, encounter_types
from server.export_end import end_of
from server.norms.command_files import progress
from server.replay.inputs import Wish, read_rules
from server.replay.openings import OpeningsUnusable, openings_in
from server.replay.run import replay_of
from server.replay.words import Replay, json_of, text_of

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_UNUSABLE = (
    *(DialectFileError, FolderUnusable, InstrumentFileError, NormPackError),
    *(OpeningsUnusable, PlanFileError),
)


@click.command("replay")
@click.argument("export", type=click.Path(exists=True, path_type=Path))
@click.option("--plan", required=True, type=_FILE, help="The measurement plan.")
@click.option(
    "--norms",
    multiple=True,
    type=_FILE,
    metavar="PACK",
    help="In place of the plan's packs, signed or not; may be repeated.",
)
@click.option("--dialect", default="plain-r4", show_default=True, metavar="NAME|FILE")
@click.option(
    "--instruments",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of the site's own instruments; may be repeated.",
)
@click.option(
    "--occasions",
    default="sessions",
    show_default=True,
    metavar="sessions|weekly|encounters|FILE.csv",
    help="When charts were opened: after each answer, every week, at the start of each"
    " Encounter, or as a list says (patient, at, encounter).",
)
@encounter_types
@click.option(
    "--as",
    "way",
    type=click.Choice(["speaking", "answered", "silent"]),
    default="speaking",
    show_default=True,
    help="Nobody answers a card; each is answered at once; as silent mode logs them.",
)
@click.option(
    "--what-if",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Compare with another value in the plan, such as rules.no_gain_sessions=6 or"
    " reliable_change.phq-9=6; may be repeated.",
)
@click.option(
    "--thresholds",
    is_flag=True,
    help="Compare with every number of the plan once lower and once higher.",
)
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for machines.")
def command(
    export: Path,
    *,
    plan: Path,
    norms: tuple[Path, ...],
    dialect: str,
    folders: tuple[Path, ...],
    occasions: str,
    kinds: Kinds,
    way: Way,
    changes: tuple[str, ...],
    thresholds: bool,
    processes: int,
    as_json: bool,
) -> None:
    """What the rules would have shown over the history in EXPORT.

    EXPORT is a folder as rom bulk export writes it, or one file or Bundle per patient.
    Only sums come out: no name, no id, no figure about fewer than five people.
    """
    rhythm = next((each for each in get_args(Rhythm) if each == occasions), None)
    until = end_of(export, now=wall_clock("")())
    visits = None
    if occasions == "encounters":
        visits = VisitWish(BEGUN, kinds, until=until)
    if kinds and not visits:
        _refuse("--encounter-type goes with --occasions encounters only")
    wish = Wish(
        plan,
        norms,
        dialect=dialect,
        folders=folders,
        rhythm=rhythm,
        visits=visits,
        way=way,
        changes=changes,
        thresholds=thresholds,
        until=until,
    )
    try:
        done = _replay(export, wish, Path(occasions), processes=processes)
    except _UNUSABLE as problem:
        _refuse(str(problem))
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}; name a file that is there")
    except BrokenProcessPool:
        _refuse("a process was ended from outside; run it again with fewer --processes")
    if as_json:
        click.echo(json.dumps(json_of(done), ensure_ascii=False))
    else:
        click.echo(text_of(done))
    sys.exit(1 if done.unread else 0)


def _replay(export: Path, wish: Wish, openings: Path, *, processes: int) -> Replay:
    rules = read_rules(wish)  # before anything large is read
    listed = not (wish.rhythm or wish.visits)
    moments = openings_in(openings) if listed else None
    with progress("reading") as told:
        charts = charts_in(export, visits=wish.visits, told=told)
    with progress("replaying") as told:
        outcome = replay_of(
            charts, wish, rules, moments=moments, processes=processes, told=told
        )
    strangers = len((moments or {}).keys() - charts.places.keys())
    return Replay(wish, rules, charts, outcome, strangers)


def _refuse(problem: str) -> NoReturn:
    click.echo(f"rom replay: {problem}", err=True)
    sys.exit(2)
