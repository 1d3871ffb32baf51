"""The site's measurement plan: what is measured, when, and which rules may speak."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from clinical.errors import PlanFileError
from questionnaires.errors import InstrumentFileError, UnknownInstrument
from questionnaires.instrument import Construct, Instrument
from questionnaires.library import Library, NoWording
from questionnaires.table import Table, table_from_toml

DEMO_PLAN = Path(__file__).parent / "plans" / "demo.toml"

Repeat = Literal["once_per_encounter", "until_acknowledged"]
_REPEAT: Mapping[str, Repeat] = {
    "once_per_encounter": "once_per_encounter",
    "until_acknowledged": "until_acknowledged",
}


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A site's clinical lead accepted an instrument's numbers, by name and date."""

    instrument_id: str
    by: str
    on: str  # ISO date


@dataclass(frozen=True, slots=True)
class RuleNumbers:
    """The numbers of the rules, each read from the plan file beside its source."""

    no_gain_sessions: int  # S4: sessions after intake
    goal_readings: int  # S8: readings in a row
    stale_after_days: int  # "no recent measure"
    gap_days: int  # a gap worth a note
    identical_sittings: int  # DQ: sittings with all answers alike
    baseline_least: int  # R2: the fewest first readings that make a baseline
    baseline_readings: int  # R2: the most first readings in the baseline
    drop_from_session: int  # R3
    watch_sd: Decimal  # R3
    strong_sd: Decimal  # R3
    sd_floor_of_range: Decimal  # R3: part of the score's range
    repaired_within: int  # R5: sessions
    worse_again_part: Decimal  # acknowledged card: part of the rci (R3: of the SD)


@dataclass(frozen=True, slots=True)
class MeasurementPlan:
    """What this site measures, with which rules.

    Attributes:
        outcome, alliance: instruments in the order in which they are asked.
        languages: offered to patients (BCP 47). Every form has words in the first one;
            where another lacks them, the form is given in the first, and pages say so.
        speaking: False is silent mode: all runs, cards are logged as withheld.
        repeat: whether an unanswered card is shown once per encounter, or at each
            opening until somebody acknowledges it.
        decision_support: False is recording only: safety answers are still shown, but
            no other rule is read and no card is made.
        crisis: language -> the site's crisis text with local numbers.
        backup_contact: who is told when nobody has seen a safety answer.
        acceptances: instrument id -> who accepted its numbers; without one, numbers
            from a secondary source may inform but not interrupt.
    """

    site: str
    outcome: tuple[Instrument, ...]
    alliance: tuple[Instrument, ...]
    languages: tuple[str, ...]
    rules: RuleNumbers
    speaking: bool
    decision_support: bool
    repeat: Repeat
    crisis: Mapping[str, str]
    backup_contact: str
    acceptances: Mapping[str, Acceptance]

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Outcome first, then alliance, as they are asked."""
        return (*self.outcome, *self.alliance)

    def instrument(self, instrument_id: str) -> Instrument | None:
        """The plan's instrument of this id; None if the plan does not use it."""
        for each in self.instruments:
            if each.id == instrument_id:
                return each
        return None


def plan_from_toml(text: str, library: Library, *, file: str) -> MeasurementPlan:
    """The plan, once every number has its source and every instrument is known.

    Raises:
        PlanFileError: names file and key, and says what to do.
    """
    try:
        table = table_from_toml(text.encode(), file=file)
        plan = _plan(table, library)
        table.finish()
    except InstrumentFileError as error:  # the reader of tables is shared
        raise PlanFileError(error.file, error.key, error.problem) from None
    return plan


def demo_plan(library: Library) -> MeasurementPlan:
    """The plan that is shipped to try the product; its texts say that it is a demo."""
    text = DEMO_PLAN.read_text(encoding="utf-8")
    return plan_from_toml(text, library, file=DEMO_PLAN.name)


def _plan(table: Table, library: Library) -> MeasurementPlan:
    languages = table.texts("languages")
    if not languages:
        raise table.refuse("languages", "must name at least one language")
    if len(set(languages)) < len(languages):
        raise table.refuse("languages", "names a language twice")
    outcome = _instruments(table, "outcome", library=library, languages=languages)
    alliance = _instruments(table, "alliance", library=library, languages=languages)
    if not outcome:
        raise table.refuse("outcome", "must name at least one instrument")
    return MeasurementPlan(
        site=table.text("site"),
        outcome=outcome,
        alliance=alliance,
        languages=languages,
        rules=_rules(table.table("rules")),
        speaking=table.flag("speaking"),
        decision_support=table.flag("decision_support"),
        repeat=table.one_of("repeat", _REPEAT),
        crisis=_crisis(table.table("crisis"), languages),
        backup_contact=table.text("backup_contact"),
        acceptances=_acceptances(table, (*outcome, *alliance)),
    )


def _instruments(
    table: Table, key: Construct, *, library: Library, languages: tuple[str, ...]
) -> tuple[Instrument, ...]:
    found: list[Instrument] = []
    for name in table.texts(key):
        try:
            instrument = library.instrument(name)
        except UnknownInstrument:
            raise table.refuse(
                key, f"names {name!r}, which nobody knows here"
            ) from None
        if instrument.construct != key:
            raise table.refuse(key, f"names {name!r}, which measures something else")
        if instrument in found:
            raise table.refuse(key, f"names {name!r} twice")
        # The others may lack a form's words; then it is given in this one, visibly.
        if isinstance(library.wording(name, language=languages[0]), NoWording):
            raise table.refuse(
                key, f"{name!r} has no wording in {languages[0]!r}, the first language"
            )
        found.append(instrument)
    return tuple(found)


def _crisis(table: Table, languages: tuple[str, ...]) -> Mapping[str, str]:
    """Nobody fills in a form without knowing, in its language, where help is now."""
    crisis = {language: table.text(language) for language in languages}
    table.finish()
    return crisis


def _acceptances(
    table: Table, instruments: tuple[Instrument, ...]
) -> Mapping[str, Acceptance]:
    used = {each.id for each in instruments}
    accepted: dict[str, Acceptance] = {}
    for name, entry in table.named_tables("acceptances").items():
        if name not in used:
            raise entry.refuse("", "accepts an instrument that this plan does not use")
        accepted[name] = Acceptance(
            name, by=entry.text("by"), on=entry.day("on").isoformat()
        )
        entry.finish()
    return accepted


def _rules(table: Table) -> RuleNumbers:
    rules = RuleNumbers(
        no_gain_sessions=_count(table, "no_gain_sessions"),
        goal_readings=_count(table, "goal_readings"),
        stale_after_days=_count(table, "stale_after_days"),
        gap_days=_count(table, "gap_days"),
        identical_sittings=_count(table, "identical_sittings", least=2),
        baseline_least=_count(table, "baseline_least"),
        baseline_readings=_count(table, "baseline_readings"),
        drop_from_session=_count(table, "drop_from_session", least=3),
        watch_sd=_part(table, "watch_sd"),
        strong_sd=_part(table, "strong_sd"),
        sd_floor_of_range=_part(table, "sd_floor_of_range"),
        repaired_within=_count(table, "repaired_within"),
        worse_again_part=_part(table, "worse_again_part"),
    )
    table.finish()
    if rules.baseline_least > rules.baseline_readings:
        raise table.refuse("baseline_least", "must not exceed baseline_readings")
    if rules.watch_sd > rules.strong_sd:
        raise table.refuse("watch_sd", "must not exceed strong_sd")
    return rules


def _count(table: Table, key: str, *, least: int = 1) -> int:
    """A whole number with its source; `least` is what the arithmetic can do with."""
    entry = table.table(key)
    value = entry.whole("value")
    if value < least:
        raise entry.refuse("value", f"must be at least {least}")
    entry.source()
    entry.finish()
    return value


def _part(table: Table, key: str) -> Decimal:
    entry = table.table(key)
    value = entry.number("value")
    if value <= 0:
        raise entry.refuse("value", "must be above zero")
    entry.source()
    entry.finish()
    return value
