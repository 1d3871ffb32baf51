"""`rom explain`: a logged card made again from its recorded inputs, and explained.

Exit codes: 0 the same · 1 it differs · 2 nothing could be explained · 3 what is stored
is not what was written.
"""

import json
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NoReturn
from uuid import UUID

import click

from cds_hooks.card_record import record_from_bytes
from clinical.errors import NormPackError
from clinical.norms.pack import NormPack, pack_from_bytes
from clinical.recorded.plan_record import NotThisPlan
from server.clock import wall_clock
from server.commands.serve import installation_or_exit
from server.commands.tenant_part import part_of
from server.explaining.card import explained_card, for_machines
from server.explaining.words import for_auditor, for_clinician
from server.languages import TRANSLATIONS, read_catalogues, words_without_request
from server.norm_files import pack_content
from vault.card_log import CardHistory, ExplainedCard
from vault.database import TenantVault
from vault.errors import NotFound, Tampered

READERS = ("clinician", "auditor")


@click.command("explain")
@click.argument("card", metavar="CARD_UUID")
@click.option("--tenant", required=True, metavar="NAME", help="As in tenants.toml.")
@click.option("--by", required=True, metavar="NAME", help="Who asks; for the audit.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; for the audit.")
@click.option(
    "--for",
    "reader",
    type=click.Choice(READERS),
    default="clinician",
    show_default=True,
    help="In plain words, or in full.",
)
@click.option(
    "--pack",
    "packs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="A norm pack that is no longer in use; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for machines.")
def command(
    card: str,
    *,
    tenant: str,
    by: str,
    reason: str,
    reader: str,
    packs: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Make a logged card again by the rules of production, and explain it.

    It shows clinical facts about a patient, so who asks and why is kept in the audit
    first. CARD_UUID is in the hook's answer and in the card log.
    """
    asked = {"by": by.strip(), "reason": reason.strip()}
    for name, value in asked.items():
        if not value:
            _refuse(f"--{name} is empty; without it nothing is shown")
    found = installation_or_exit("rom explain")
    more = tuple(_pack(each) for each in packs)
    with part_of(found, tenant, refuse=_refuse) as part:
        now = wall_clock(found.settings.time_zone)()
        kept, history = _kept(part, _uuid(card), reader=reader, now=now, **asked)
    speak = partial(words_without_request, read_catalogues(TRANSLATIONS))
    try:
        explained = explained_card(
            kept,
            history=history,
            today=found.plan,
            norms=found.norms,
            more_packs=more,
            speak=speak,
        )
    except NotThisPlan as problem:
        _refuse(f"the plan recorded with this card {problem}")
    if as_json:
        told = for_machines(explained, reader=reader)
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        write = for_clinician if reader == "clinician" else for_auditor
        with speak(explained.record.language):
            click.echo(write(explained))
    sys.exit(0 if explained.is_same else 1)


def _kept(
    part: TenantVault, card: str, *, reader: str, by: str, reason: str, now: datetime
) -> tuple[ExplainedCard, CardHistory]:
    """What is stored about the card; first it is kept who asked for it, and why."""

    def audited(patient: str | None, outcome: str) -> None:
        told = {"card": card, "for": reader, "reason": reason, "outcome": outcome}
        part.audit.append(
            "card.explained",
            by,
            patient=patient,
            details=json.dumps(told, ensure_ascii=False).encode(),
            now=now,
        )

    try:
        kept = part.cards.explained(card)
        if kept.explanation is None:
            _refuse(f"card {card} was logged before explanations were kept")
        patient = record_from_bytes(kept.explanation.inputs).patient
        history = part.cards.known(patient)
    except NotFound:
        _refuse(
            f"no card {card} of {part.tenant} is here: another tenant's, or forgotten"
            " after 400 days"
        )
    except Tampered as problem:
        audited(None, "tampered")
        _end(f"{problem}: somebody changed the vault. Keep the file, and look", code=3)
    audited(patient, "shown")
    return kept, history


def _pack(path: Path) -> NormPack:
    try:
        return pack_from_bytes(pack_content(path), file=path.name)
    except NormPackError as problem:
        _refuse(str(problem))


def _uuid(text: str) -> str:
    """As we gave it out, however it was copied."""
    try:
        return str(UUID(text))
    except ValueError:
        _refuse(f"{text!r} is no UUID of a card")


def _refuse(problem: str) -> NoReturn:
    _end(problem, code=2)


def _end(problem: str, *, code: int) -> NoReturn:
    click.echo(f"rom explain: {problem}", err=True)
    sys.exit(code)
