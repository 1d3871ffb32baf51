"""The site's measurement plan: what is measured, when, and which rules may speak."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clinical.change_methods import (
    ChangeMethod,
    ChangeSample,
    EdwardsNunnally,
    JacobsonTruax,
)
from clinical.errors import PlanFileError
from clinical.plan_couples import PlanCouples, plan_couples_from
from clinical.plan_groups import group_forms_from
from clinical.plan_norms import PlanNorms, plan_norms_from
from clinical.rule_numbers import (
    RuleNumbers,
    rule_numbers_from,
    rule_sources_from,
)
from clinical.trajectory import Equivalence
from questionnaires.errors import InstrumentFileError, UnknownInstrument
from questionnaires.instrument import Construct, Cutoff, Instrument, Source, Spread
from questionnaires.library import Library, NoWording
from questionnaires.reader import CHANGE_OPERATORS, OPERATORS, spread_from
from questionnaires.table import Table, table_from_toml

DEMO_PLAN = Path(__file__).parent / "plans" / "demo.toml"

Repeat = Literal["once_per_encounter", "until_acknowledged"]
_MethodName = Literal["jacobson-truax", "edwards-nunnally"]
_REPEAT: Mapping[str, Repeat] = {
    "once_per_encounter": "once_per_encounter",
    "until_acknowledged": "until_acknowledged",
}

_CHANGE_METHOD: Mapping[str, _MethodName] = {
    "jacobson-truax": "jacobson-truax",
    "edwards-nunnally": "edwards-nunnally",
}
_WHAT: Mapping[str, Literal["version", "language", "mode"]] = {
    "version": "version",
    "language": "language",
    "mode": "mode",
}


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A site's clinical lead accepted an instrument's numbers, by name and date."""

    instrument_id: str
    by: str
    on: str  # ISO date


@dataclass(frozen=True, slots=True)
class MeasurementPlan:
    """What this site measures, with which rules.

    Attributes:
        outcome, alliance: instruments in the order in which they are asked.
        screening: forms given on demand and read answer by answer for safety; their
            course is not followed.
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
        control_chart: whether R4 is read; off unless the site chooses it.
        change_methods: instrument id -> how a change is classed; Jacobson-Truax for
            an instrument that is not named.
        rule_sources: name of a rule's number -> where it comes from.
        low_lines: alliance instrument id -> the site's own number for one line (R1).
        sample_sds: alliance instrument id -> SD of ratings of many people (R3, R4).
        equivalences: what the site declares to give the same scores.
        norms: packs for the expected course; none unless the site names one.
        couples: forms that two partners may see beside each other, if both agree.
        groups: forms of which a member of a group may see the group's mean.
        new_course_after_days: a longer pause on a form begins a new course of it, with
            an intake of its own; None: all answers are one course.
    """

    site: str
    outcome: tuple[Instrument, ...]
    alliance: tuple[Instrument, ...]
    screening: tuple[Instrument, ...]
    languages: tuple[str, ...]
    rules: RuleNumbers
    rule_sources: Mapping[str, Source]
    speaking: bool
    decision_support: bool
    repeat: Repeat
    crisis: Mapping[str, str]
    backup_contact: str
    acceptances: Mapping[str, Acceptance]
    control_chart: bool
    change_methods: Mapping[str, ChangeMethod]
    low_lines: Mapping[str, Cutoff]
    sample_sds: Mapping[str, Spread]
    equivalences: tuple[Equivalence, ...]
    norms: PlanNorms
    couples: PlanCouples
    groups: tuple[Instrument, ...]
    new_course_after_days: int | None

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Outcome first, then alliance, as they are asked."""
        return (*self.outcome, *self.alliance)

    @property
    def forms(self) -> tuple[Instrument, ...]:
        """Everything that may be given: what is followed, then what is on demand."""
        return (*self.instruments, *self.screening)

    def instrument(self, instrument_id: str) -> Instrument | None:
        """The plan's instrument of this id; None if the plan does not use it."""
        for each in self.forms:
            if each.id == instrument_id:
                return each
        return None


def plan_from_toml(text: str, library: Library, *, file: str) -> MeasurementPlan:
    """The plan, once every number has its source and every instrument is known.

    Raises:
        PlanFileError: names file and key, and says what to do.
    """
    try:
        return plan_from_table(table_from_toml(text.encode(), file=file), library)
    except InstrumentFileError as error:  # the reader of tables is shared
        raise PlanFileError(error.file, error.key, error.problem) from None


def demo_plan(library: Library) -> MeasurementPlan:
    """The plan that is shipped to try the product; its texts say that it is a demo."""
    text = DEMO_PLAN.read_text(encoding="utf-8")
    return plan_from_toml(text, library, file=DEMO_PLAN.name)


def plan_from_table(table: Table, library: Library) -> MeasurementPlan:
    """The same of a table that was read already.

    Raises:
        InstrumentFileError: names file and key.
    """
    plan = _plan(table, library)
    table.finish()
    return plan


def _plan(table: Table, library: Library) -> MeasurementPlan:
    languages = table.texts("languages")
    if not languages:
        raise table.refuse("languages", "must name at least one language")
    if len(set(languages)) < len(languages):
        raise table.refuse("languages", "names a language twice")
    outcome = _instruments(table, "outcome", library=library, languages=languages)
    alliance = _instruments(table, "alliance", library=library, languages=languages)
    screening = (
        _instruments(table, "screening", library=library, languages=languages)
        if table.has("screening")
        else ()
    )
    if not outcome:
        raise table.refuse("outcome", "must name at least one instrument")
    return MeasurementPlan(
        site=table.text("site"),
        outcome=outcome,
        alliance=alliance,
        screening=screening,
        languages=languages,
        rules=rule_numbers_from(table.table("rules")),
        rule_sources=rule_sources_from(table.table("rules")),
        speaking=table.flag("speaking"),
        decision_support=table.flag("decision_support"),
        repeat=table.one_of("repeat", _REPEAT),
        crisis=_crisis(table.table("crisis"), languages),
        backup_contact=table.text("backup_contact"),
        acceptances=_acceptances(table, (*outcome, *alliance, *screening)),
        control_chart=table.flag("control_chart"),
        change_methods=_change_methods(table, outcome),
        low_lines=_low_lines(table, alliance),
        sample_sds=_sample_sds(table, alliance),
        equivalences=_equivalences(table, (*outcome, *alliance)),
        norms=plan_norms_from(table),
        couples=plan_couples_from(table, outcome),
        groups=group_forms_from(table, (*outcome, *alliance)),
        new_course_after_days=_new_course_after_days(table),
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


def _change_methods(
    table: Table, outcome: tuple[Instrument, ...]
) -> Mapping[str, ChangeMethod]:
    """With Edwards-Nunnally, numbers for each outcome instrument; else none at all."""
    method = table.one_of("change_method", _CHANGE_METHOD)
    if method == "jacobson-truax":
        if table.has("change_samples"):
            problem = "is not used by jacobson-truax; remove it or change the method"
            raise table.refuse("change_samples", problem)
        return {each.id: JacobsonTruax() for each in outcome}
    below = table.table("change_samples")
    methods: dict[str, ChangeMethod] = {
        each.id: EdwardsNunnally(_change_sample(below.table(each.id)))
        for each in outcome
    }
    below.finish()
    return methods


def _change_sample(entry: Table) -> ChangeSample:
    sample = ChangeSample(
        mean=entry.number("mean"),
        sd=entry.number("sd"),
        reliability=entry.number("reliability"),
        z=entry.number("z"),
        operator=entry.one_of("operator", CHANGE_OPERATORS),
    )
    entry.source()
    entry.finish()
    for key, value in (("sd", sample.sd), ("z", sample.z)):
        if value <= 0:
            raise entry.refuse(key, "must be above zero")
    if not 0 < sample.reliability < 1:
        raise entry.refuse("reliability", "must lie between 0 and 1")
    return sample


def _new_course_after_days(table: Table) -> int | None:
    if not table.has("new_course_after_days"):
        return None
    entry = table.table("new_course_after_days")
    found = entry.whole("value")
    if found < 1:
        raise entry.refuse("value", "must be at least 1")
    entry.source()
    entry.finish()
    return found


def _low_lines(table: Table, alliance: tuple[Instrument, ...]) -> Mapping[str, Cutoff]:
    """The site's own number for one line of a licensed form that it has completed."""
    if not table.has("low_lines"):
        return {}
    licensed = {each.id for each in alliance if each.licence.reference}
    found: dict[str, Cutoff] = {}
    for name, entry in table.named_tables("low_lines").items():
        if name not in licensed:
            problem = "is no alliance form of this plan that the site has a licence for"
            raise entry.refuse("", problem)
        found[name] = Cutoff(
            entry.number("value"),
            entry.one_of("operator", OPERATORS),
            entry.text("population"),
            entry.source(),
        )
        entry.finish()
    return found


def _sample_sds(table: Table, alliance: tuple[Instrument, ...]) -> Mapping[str, Spread]:
    """SD of many people's ratings, beside which a person's own spread is laid."""
    if not table.has("sample_sds"):
        return {}
    ranges = {each.id: each.total.high - each.total.low for each in alliance}
    found: dict[str, Spread] = {}
    for name, entry in table.named_tables("sample_sds").items():
        if name not in ranges:
            raise entry.refuse("", "is no alliance form of this plan")
        found[name] = spread_from(entry)
        if not 0 < found[name].value < ranges[name]:
            raise entry.refuse("value", "must lie between 0 and the form's range")
    return found


def _equivalences(
    table: Table, instruments: tuple[Instrument, ...]
) -> tuple[Equivalence, ...]:
    """Each value in one declaration at most, so that nobody joins two by a third."""
    if not table.has("equivalences"):
        return ()
    used = {each.id for each in instruments}
    named: set[tuple[str, str, str]] = set()
    found: list[Equivalence] = []
    for entry in table.tables("equivalences"):
        name = entry.text("instrument")
        if name not in used:
            raise entry.refuse("instrument", "is not used by this plan")
        what = entry.one_of("what", _WHAT)
        values = entry.texts("values")
        keys = {(name, what, value) for value in values}
        if len(keys) < 2 or len(keys) < len(values) or keys & named:
            raise entry.refuse("values", "must name two or more, each once in the plan")
        named |= keys
        found.append(Equivalence(name, what, values, entry.source()))
        entry.finish()
    return tuple(found)
