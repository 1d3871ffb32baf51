"""`rom norms`: norm packs from many people's scores; offline, never by the server."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import click

from clinical.norms.judged import judged
from clinical.norms.pack import (
    SignOff,
    hashed,
)
from clinical.norms.signature import public_key_of, sign
from server.clock import wall_clock
from server.norms.cells_command import cells
from server.norms.command_files import (
    find_instrument,
    progress,
    read_pack,
    read_scores,
    refuse,
    refuse_existing,
    write_file,
    write_pack,
)
from server.norms.extract_command import extract
from server.norms.fit_command import fit
from server.norms.pack_options import (
    HowRead,
    for_whom,
    how_read,
    instrument_folders,
    origin,
    pack_key,
    said_of,
    software,
)
from server.norms.signing_key import SigningKeyUnusable, seed_from_file

# The guide to refits: at most yearly, so a pack is looked at after a year.
REVIEW_AFTER = timedelta(days=365)
_FILE = click.Path(dir_okay=False, path_type=Path)
_THERE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SCORES = click.Path(exists=True, path_type=Path)


@click.group("norms")
def command() -> None:
    """Norms from many people's scores: offline, by who may use these data for it."""


for each in (cells, extract, fit):
    command.add_command(each)


@command.command("check")
@click.argument("pack_file", metavar="PACK", type=_THERE)
@click.argument("scores", type=_SCORES)
@click.option(
    "--same-people",
    is_flag=True,
    help="SCORES are who the pack was made from: each is judged by a fit of others.",
)
@click.option("--write", is_flag=True, help="Put the report into the pack.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The report as one object.")
@how_read
def check(
    pack_file: Path,
    scores: Path,
    *,
    same_people: bool,
    write: bool,
    seed: int,
    as_json: bool,
    reading: HowRead,
) -> None:
    """Is PACK true for these people, and better than the plain rules?

    Exit code 1: the shares outside the bands are too far from what they should be.
    """
    from clinical.norms.check import check_pack
    from clinical.norms.errors import NotFitted, TooFewPeople
    from clinical.norms.made_pack import with_report
    from clinical.norms.rules import shipped_rules

    pack = read_pack(pack_file)
    instrument = find_instrument(pack.key.instrument_id, reading.folders)
    if instrument.version != pack.key.instrument_version:
        refuse(
            f"{pack_file}: is for version {pack.key.instrument_version} of"
            f" {instrument.id}; here is {instrument.version}, whose scores are others"
        )
    found = read_scores(scores, instrument, pack.key, reading=reading)
    try:
        with progress("checking") as told:
            report = check_pack(
                pack,
                found.people,
                instrument,
                same_people=same_people,
                rules=shipped_rules(),
                seed=seed,
                told=told,
            )
    except (TooFewPeople, NotFitted) as problem:
        refuse(str(problem))
    report["checked_on"] = _today().isoformat()
    report["bad_rows"] = found.not_used.n_bad
    report["left_out"] = found.not_used.left_out
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        _tell(report)
    if write:
        write_pack(with_report(pack, report), pack_file)
        if pack.sign_off is not None:
            click.echo(f"{pack_file}: no longer signed; sign it again", err=True)
    sys.exit(0 if report["within_tolerance"] == "yes" else 1)


@command.command("sign")
@click.argument("pack_file", metavar="PACK", type=_THERE)
@click.option("--key", "key_file", required=True, type=_THERE, help="Yours alone.")
@click.option("--by", required=True, metavar="NAME", help="As in the site's plan.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Today if not given.")
@click.option(
    "--review-by",
    type=click.DateTime(["%Y-%m-%d"]),
    help="After it the pack says nothing; a year after the signature if not given.",
)
@click.option(
    "--despite",
    metavar="REASON",
    help="Sign though the check was not within tolerance; stands in the pack.",
)
def sign_(
    pack_file: Path,
    *,
    key_file: Path,
    by: str,
    on: date | None,
    review_by: date | None,
    despite: str | None,
) -> None:
    """Puts PACK into use in a named person's name; it must hold its check's report."""
    pack = read_pack(pack_file)
    if not by.strip():
        refuse("--by is empty: a pack is put into use by a named person")
    report = pack.validation
    if report is None:
        refuse(
            f"{pack_file}: holds no report; first: rom norms check {pack_file}"
            " SCORES --write"
        )
    if (about := judged(pack)) != "this_pack":
        said = "is of another pack: this one was changed after its check"
        if about == "not_said":
            said = "does not say which curve it judged: an earlier release made it"
        refuse(
            f"{pack_file}: its report {said}. First: rom norms check {pack_file}"
            " SCORES --write"
        )
    if report.get("within_tolerance") != "yes":
        if not (despite and despite.strip()):
            refuse(
                "its check was not within tolerance: fit again, or say --despite why"
            )
        pack = replace(pack, validation={**report, "despite": despite.strip()})
    try:
        seed = seed_from_file(key_file)
    except SigningKeyUnusable as problem:
        refuse(str(problem))
    day = date(on.year, on.month, on.day) if on else _today()
    until = day + REVIEW_AFTER
    if review_by is not None:
        until = date(review_by.year, review_by.month, review_by.day)
    if until <= day:
        refuse("--review-by must be after the day of the signature")
    key = public_key_of(seed)
    complete = hashed(
        replace(pack, sign_off=SignOff(by.strip(), day, review_by=until, key=key))
    )
    write_pack(replace(complete, signature=sign(seed, complete.hash)), pack_file)
    name = by.strip().replace("\\", "\\\\").replace('"', '\\"')
    click.echo(f"{pack_file}: signed by {by.strip()}, review by {until}. In the plan:")
    click.echo(
        f'[norms]\nsetting = "{pack.key.setting}"\n[norms.signers]\n"{name}" = "{key}"'
        f'\n[[norms.packs]]\nfile = "{pack_file.name}"\nsha256 = "{complete.hash}"'
    )


@command.command("pool")
@click.argument("files", nargs=-1, required=True, type=_THERE)
@for_whom
@origin
@click.option("--out", required=True, type=_FILE, metavar="PACK.json")
@instrument_folders
def pool(
    files: tuple[Path, ...], *, out: Path, folders: tuple[Path, ...], **told: str
) -> None:
    """One pack from the cells of several sites; each site then checks it locally."""
    from clinical.norms.cells import add
    from clinical.norms.errors import CellsRefused, NotFitted, TooFewPeople
    from clinical.norms.pooled_pack import pool_pack
    from clinical.norms.rules import shipped_rules
    from server.norms.sites import sites_that_belong_together

    refuse_existing(out)
    instrument = find_instrument(told["instrument"], folders)
    key, rules = pack_key(instrument, told), shipped_rules()
    sites = sites_that_belong_together(files, key, rules)
    try:
        pack = pool_pack(
            add(*sites),
            instrument,
            key=key,
            said=said_of(told, software=software()),
            n_sites=len(sites),
            rules=rules,
        )
    except (CellsRefused, NotFitted, TooFewPeople) as problem:
        refuse(str(problem))
    write_pack(pack, out)
    click.echo(
        f"{out}: {pack.curve.sample.n_persons} persons of {len(sites)} sites. Its bands"
        f" stand where the model says. Next, at each site: rom norms check {out} SCORES"
    )


@command.command("fhir")
@click.argument("pack_file", metavar="PACK", type=_THERE)
@click.option("--out", required=True, type=_FILE, metavar="LIBRARY.json")
@instrument_folders
def fhir(pack_file: Path, *, out: Path, folders: tuple[Path, ...]) -> None:
    """PACK as a FHIR R4 Library that carries it byte for byte."""
    from fhir_mapping.norm_library import library_from_pack
    from fhir_mapping.r4.json import pretty_json_bytes

    refuse_existing(out)
    pack = read_pack(pack_file)
    instrument = find_instrument(pack.key.instrument_id, folders)
    write_file(out, pretty_json_bytes(library_from_pack(pack, instrument)))
    click.echo(f"{out}: Library of {pack.pack_id} {pack.version} ({pack.hash[:12]})")


def _tell(report: Mapping[str, object], indent: str = "") -> None:
    for name, value in report.items():
        if isinstance(value, dict):
            click.echo(f"{indent}{name}:")
            _tell(value, indent + "  ")
        elif isinstance(value, list):
            click.echo(f"{indent}{name}:")
            for each in value:
                parts = (f"{k} {v}" for k, v in each.items())
                click.echo(f"{indent}  " + ", ".join(parts))
        else:
            click.echo(f"{indent}{name}: {value}")


def _today() -> date:
    return wall_clock("")().date()
