"""`rom norms fit`: a pack from the scores of many people; also of a borrowed norm."""

import sys
from dataclasses import replace
from pathlib import Path

import click

from server.norms.command_files import (
    find_instrument,
    read_pack,
    read_scores,
    refuse,
    refuse_existing,
    write_pack,
)
from server.norms.pack_options import (
    HowRead,
    bend,
    for_whom,
    how_read,
    origin,
    pack_key,
    said_of,
    software,
)
from server.norms.score_file import Scores


@click.command("fit")
@click.argument("scores", type=click.Path(exists=True, path_type=Path))
@for_whom
@origin
@bend
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option(
    "--borrowed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="PACK",
    help="A pack from elsewhere: looked at with these people, and refitted on them"
    " where they are enough.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PACK.json",
)
@how_read
def fit(
    scores: Path,
    *,
    knot: float | None,
    seed: int,
    borrowed: Path | None,
    out: Path,
    reading: HowRead,
    **told: str,
) -> None:
    """A norm pack from SCORES: .csv, .parquet, or a folder with an export's NDJSON.

    Exit code 1: with --borrowed, too few people here for a refit; nothing was written.
    """
    from clinical.norms.borrowed import seen_here, with_history
    from clinical.norms.errors import NotFitted, TooFewPeople
    from clinical.norms.made_pack import fit_pack
    from clinical.norms.rules import shipped_rules

    refuse_existing(out)
    rules = shipped_rules()
    instrument = find_instrument(told["instrument"], reading.folders)
    key = pack_key(instrument, told)
    lent = None if borrowed is None else read_pack(borrowed)
    if lent is not None and replace(lent.key, setting=key.setting) != key:
        refuse(
            f"{borrowed}: is for other people: instrument, version, language,"
            " respondent and ages must be the same, only the setting may differ"
        )
    said = said_of(told, software=software())
    found = read_scores(scores, instrument, key, reading=reading)
    seen = None
    if lent is not None:
        seen = seen_here(lent, found.people, rules=rules, seed=seed)
        click.echo(seen.said)
        if not seen.enough_to_refit:
            sys.exit(1)
    said = replace(said, exclusions=_exclusions(said.exclusions, found))
    click.echo("fitting: form by ten folds, then bands", err=True)
    try:
        pack = fit_pack(
            found.people.readings,
            instrument,
            key=key,
            said=said,
            rules=rules,
            knot_session=knot,
            seed=seed,
        )
    except (TooFewPeople, NotFitted) as problem:
        refuse(str(problem))
    if seen is not None:
        pack = with_history(pack, seen)
    write_pack(pack, out)
    for step in pack.origin.steps:
        click.echo(step)
    if pack.origin.singular == "yes":
        click.echo(
            "singular fit: people differ less than the form allows; the pack says so"
        )
    click.echo(
        f"{out}: {pack.curve.sample.n_persons} persons, sessions 2 to"
        f" {pack.curve.max_session}. Next: rom norms check {out} {scores}"
        " --same-people --write"
    )


def _exclusions(said: str, found: Scores) -> str:
    not_used = found.not_used
    counted = [f"{count} {reason}" for reason, count in not_used.left_out.items()]
    if "age" not in found.people.groups:
        counted.append("nobody's age was in the file")
    if not_used.n_bad:
        counted.append(f"{not_used.n_bad} rows that were no readings")
    return "; ".join((said, *counted))
