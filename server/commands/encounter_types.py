"""The option that says which of an EHR's many kinds of encounters are meant."""

from collections.abc import Sequence

import click

Kinds = frozenset[tuple[str, str]]


def _kinds(
    _context: click.Context, _option: click.Parameter, said: Sequence[str]
) -> Kinds:
    found = [each.rpartition("|") for each in said]
    if not all(system and code for system, _, code in found):
        raise click.BadParameter(
            "write SYSTEM|CODE, such as"
            " http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB"
        )
    return frozenset((system, code) for system, _, code in found)


encounter_types = click.option(
    "--encounter-type",
    "kinds",
    multiple=True,
    metavar="SYSTEM|CODE",
    callback=_kinds,
    help="Only Encounters of this class or type; may be repeated.",
)
