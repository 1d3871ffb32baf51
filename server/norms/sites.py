"""The cells of several sites, believed to be about the same kind of people."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from clinical.norms.cells import Cells
from clinical.norms.cells_json import MOST_BYTES, cells_from_json
from clinical.norms.errors import CellsRefused
from clinical.norms.pack import PackKey
from clinical.norms.rules import NormRules
from server.norms.command_files import refuse


def sites_that_belong_together(
    files: Sequence[Path], key: PackKey, rules: NormRules
) -> list[Cells]:
    """Each site's cells once; exit code 2 if one does not belong to the pack.

    Sums of two forms, or of one site twice, give a curve that looks like any other.
    """
    read: dict[bytes, Path] = {}
    found = []
    for file in files:
        try:
            with file.open("rb") as stream:
                content = stream.read(MOST_BYTES + 1)
            sent = cells_from_json(content.decode("utf-8", "replace"))
        except CellsRefused as problem:
            refuse(f"{file}: {problem}")
        if content in read:
            refuse(f"{file}: is the same as {read[content]}: each site counts once")
        read[content] = file
        other = [
            each.name.replace("_", " ")
            for each in fields(PackKey)
            if getattr(sent.key, each.name) != getattr(key, each.name)
        ]
        if other:
            refuse(
                f"{file}: is not for whom the pack is to be: another"
                f" {', '.join(other)}. Leave it out, or ask its site for the right one"
            )
        if sent.minimum < rules.persons_per_cell:
            refuse(
                f"{file}: may hold cells of {sent.minimum} people; from"
                f" {rules.persons_per_cell} on they may leave a site. Ask for others"
            )
        found.append(sent.cells)
    return found
