"""`rom check`: is this installation complete and safe? Says what to do if not."""

import json

import click

from clinical.norms.judged import judged
from clinical.norms.library import overdue
from questionnaires.library import NoWording
from server.clock import wall_clock
from server.commands.serve import installation_or_exit
from server.wsgi import Installation
from smart_app.languages import nearest


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for machines.")
def command(*, as_json: bool) -> None:
    """Read every file as `rom serve` would. Exit code 2 if it would not start."""
    found = installation_or_exit("rom check")
    report = _report(found)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
        return
    click.echo("rom check: this would start.")
    for name, lines in report.items():
        click.echo(f"{name}:")
        for line in lines:
            click.echo(f"  - {line}")


def _languages(found: Installation) -> set[str]:
    """Every language that the site asks for."""
    tenants = {each.language for each in found.tenants if each.language}
    return tenants | set(found.plan.languages)


def _norms(found: Installation) -> list[str]:
    """Each pack: for whom, who signed, until when."""
    said = []
    for pack in found.norms.packs:
        key, sign_off = pack.key, pack.sign_off
        assert sign_off is not None  # an unsigned pack is no start
        ages = f"{key.age_band.start}-{key.age_band.to or ''}"
        said.append(
            f"{pack.pack_id} {pack.version} ({pack.hash[:12]}):"
            f" {key.instrument_id} {key.instrument_version}, {key.language},"
            f" answered by {key.respondent}, ages {ages}, {key.setting};"
            f" {pack.curve.sample.n_persons} persons; signed by {sign_off.by} on"
            f" {sign_off.on}, review by {sign_off.review_by}"
        )
    return said


def _report(found: Installation) -> dict[str, list[str]]:
    plan = found.plan
    notes = []
    if not plan.speaking:
        notes.append("silent mode: cards are only logged as withheld")
    if not plan.decision_support:
        notes.append("recording only: no signals, no cards")
    if plan.norms.false_alarms is not None:
        notes.append(
            f"false alarms {plan.norms.false_alarms}: S2 and S3 of a course that is on"
            " track stay on the page and send no card"
        )
    notes += [
        f"numbers of {each.id} are not yet accepted by a named person: they inform,"
        " and those from secondary sources do not interrupt"
        for each in plan.forms
        if each.validated and each.id not in plan.acceptances
    ]
    notes += [
        f"{each.id} has no wording in {language}: it is given in {plan.languages[0]},"
        " and the pages say so"
        for each in plan.forms
        for language in plan.languages
        if isinstance(found.library.wording(each.id, language=language), NoWording)
    ]
    notes += [
        f"the interface is not translated into {language}: buttons and hints stay"
        " English (docs/how-to/translate.md)"
        for language in sorted(_languages(found))
        if not nearest(language, found.interface_languages)
    ]
    today = wall_clock(found.settings.time_zone)().date()
    notes += [
        f"norm {each.pack_id} {each.version}: its review is overdue; it says nothing"
        " until it is reviewed and signed again (rom norms sign)"
        for each in overdue(found.norms, today=today)
    ]
    notes += [
        f"norm {each.pack_id} {each.version}: its report does not say which curve it"
        " judged (an earlier release made it); before it is signed again, rom norms"
        " check --write"
        for each in found.norms.packs
        if judged(each) == "not_said"
    ]
    notes += [
        f"norm {each.pack_id} {each.version}: is for {each.key.instrument_id}"
        f" {each.key.instrument_version}, and forms are given in another version"
        for each in found.norms.packs
        for instrument in plan.outcome
        if instrument.id == each.key.instrument_id
        and instrument.version != each.key.instrument_version
    ]
    return {
        "tenants": [
            f"{each.id}: {each.issuer}, {each.auth}, delivery by {each.delivery},"
            f" dialect {each.dialect}, {len(each.hook_callers)} hook caller(s)"
            for each in found.tenants
        ],
        "instruments in the plan": [
            f"{each.id} {each.version} ({each.digest[:12]})" for each in plan.forms
        ],
        "norms": _norms(found) or ["none: nothing is said about the expected course"],
        "notes": notes or ["none"],
    }
