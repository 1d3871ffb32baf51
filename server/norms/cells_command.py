"""`rom norms cells`: sums per cell of a file, an export, or a table elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from clinical.norms.pack import PackKey
from questionnaires.instrument import Instrument
from server.norms.command_files import (
    find_instrument,
    read_export,
    read_scores,
    refuse,
    refuse_existing,
    write_file,
)
from server.norms.pack_options import HowRead, bend, for_whom, how_read, pack_key
from server.norms.table_options import Elsewhere, elsewhere

if TYPE_CHECKING:
    from clinical.norms.cells import Cells

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("cells")
@click.argument("scores", type=click.Path(exists=True, path_type=Path), required=False)
@for_whom
@bend
@click.option("--out", type=_FILE, metavar="CELLS.json")
@elsewhere
@how_read
def cells(
    scores: Path | None,
    *,
    knot: float | None,
    out: Path | None,
    source: Elsewhere,
    reading: HowRead,
    **told: str,
) -> None:
    """Sums of SCORES per cell, to send to whoever pools; no row of a person.

    Instead of SCORES: --table, and a database computes them where the readings are;
    or --answer, what it answered to the SQL of --print-sql.
    """
    from clinical.norms.errors import CellsRefused
    from server.norms.cells_answered import cells_answered, print_sql

    if [scores, source.table, source.answer].count(None) != 2:
        refuse("say where the readings are: either SCORES, or --table, or --answer")
    instrument = find_instrument(told["instrument"], reading.folders)
    key = pack_key(instrument, told)
    if source.sql is not None:
        print_sql(source, instrument, knot)
        return
    if out is None:
        refuse("--out is missing: where the cells are to be written")
    refuse_existing(out)
    try:
        if scores is None:
            found = cells_answered(source, instrument, knot, reading=reading)
        else:
            found = _cells_here(scores, instrument, key, knot=knot, reading=reading)
        _write(found, key, out)
    except CellsRefused as problem:
        refuse(str(problem))


def _cells_here(
    scores: Path,
    instrument: Instrument,
    key: PackKey,
    *,
    knot: float | None,
    reading: HowRead,
) -> "Cells":
    from clinical.norms.cells import Cells, add, cells_of
    from clinical.norms.readings import Readings

    parts: list[Cells] = []

    def take(readings: Readings) -> None:
        parts.append(cells_of(readings, knot_session=knot))

    if scores.is_dir():
        read_export(scores, instrument, key, reading=reading, take=take)
    else:
        take(read_scores(scores, instrument, key, reading=reading).people.readings)
    return add(*parts)


def _write(found: "Cells", key: PackKey, out: Path) -> None:
    """Only what may leave the site, as whoever pools will read it."""
    from clinical.norms.cells import suppress
    from clinical.norms.cells_json import SentCells, cells_from_json, cells_to_json
    from clinical.norms.rules import shipped_rules

    large = suppress(found, minimum=shipped_rules().persons_per_cell)
    if not large.cells.n_persons:
        refuse(f"no cell has {large.minimum} people: nothing may leave the site")
    text = cells_to_json(SentCells(large.cells, key, large.minimum))
    cells_from_json(text)
    write_file(out, text.encode("ascii"))
    click.echo(
        f"{out}: {large.cells.n_persons} persons in {len(large.cells.persons)} cells;"
        f" {large.persons_lost} persons in {large.cells_lost} cells of fewer than"
        f" {large.minimum} were kept back"
    )
