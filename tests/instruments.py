"""The library's real instruments, and episodes made of a few numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from clinical.measurement import (
    Episode,
    Measurement,
    Mode,
    Respondent,
    episode_from,
)
from clinical.plan import MeasurementPlan, demo_plan
from questionnaires.answers import answers_from_offered
from questionnaires.instrument import Cutoff, Instrument, Operator, Source
from questionnaires.library import load_library
from questionnaires.scoring import NotScored, Score, score_answers

LIBRARY = load_library()
PHQ9 = LIBRARY.instrument("phq-9")
GAD7 = LIBRARY.instrument("gad-7")
OUTCOME_CHECK_IN = LIBRARY.instrument("session-outcome")
ALLIANCE_CHECK_IN = LIBRARY.instrument("session-alliance")

ITEM_9 = "/44260-8"  # the PHQ-9's safety item

FIRST_DAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

_MIRRORED: Mapping[Operator, Operator] = {">=": "<=", ">": "<", "<=": ">=", "<": ">"}


def upside_down(instrument: Instrument) -> Instrument:
    """The same instrument with its scale turned over: high becomes low."""
    cutoff = instrument.cutoff
    better = instrument.direction == "higher_is_better"
    return replace(
        instrument,
        id=f"turned-{instrument.id}",
        direction="higher_is_worse" if better else "higher_is_better",
        cutoff=cutoff
        and replace(
            cutoff,
            value=instrument.total.low + instrument.total.high - cutoff.value,
            operator=_MIRRORED[cutoff.operator],
        ),
    )


def turned(instrument: Instrument, value: Decimal) -> Decimal:
    """The score of the same answers on the scale that is turned over."""
    return instrument.total.low + instrument.total.high - value


def licensed(instrument: Instrument, *, cutoff: Decimal | int) -> Instrument:
    """A skeleton as a site completes it; licence and cut-off are invented."""
    return replace(
        instrument,
        id=f"licensed-{instrument.id}",
        licence=replace(instrument.licence, reference="invented"),
        cutoff=Cutoff(Decimal(cutoff), "<", "invented", Source("invented", "own")),
    )


def plan_with(
    *instruments: Instrument, accepted: bool = True, **changes: object
) -> MeasurementPlan:
    """The demonstration's plan, with these instruments in place of its own."""
    shipped = demo_plan(LIBRARY)
    acceptance = shipped.acceptances["phq-9"]
    return replace(
        shipped,
        outcome=tuple(each for each in instruments if each.construct == "outcome"),
        alliance=tuple(each for each in instruments if each.construct == "alliance"),
        acceptances={
            each.id: replace(acceptance, instrument_id=each.id)
            for each in instruments
            if accepted
        },
        **changes,  # type: ignore[arg-type]  # each test names fields of the plan
    )


def on_day(day: int) -> datetime:
    """Ten o'clock on this day of the episode; day 1 is the first."""
    return FIRST_DAY + timedelta(days=day - 1)


def scored(
    instrument: Instrument,
    value: Decimal | int | None,
    *,
    day: int,
    prorated: bool = False,
    language: str = "en",
    version: str | None = None,
    respondent: Respondent = "self",
    mode: Mode | None = None,
) -> Measurement:
    """A sitting of which only the score is known; None is a sitting not scored."""
    missing = (instrument.total.link_ids[0],)
    score: Score | NotScored
    if value is None:
        score = NotScored(instrument.id, instrument.total.id, missing)
    else:
        score = Score(
            instrument.id,
            instrument.total.id,
            Decimal(value),
            missing if prorated else (),
        )
    return Measurement(
        instrument_id=instrument.id,
        instrument_version=version or instrument.version,
        language=language,
        authored=on_day(day),
        scores=(score,),
        answers=None,
        source=f"Observation/{instrument.id}-{day}",
        in_record=True,
        respondent=respondent,
        mode=mode,
    )


def answered(
    instrument: Instrument,
    points: Sequence[int | None],
    *,
    day: int,
    language: str = "en",
    authored: datetime | None = None,
    respondent: Respondent = "self",
) -> Measurement:
    """A sitting with its answers, scored as the product scores; None is a blank."""
    given = dict(zip(instrument.total.link_ids, points, strict=True))
    answers = answers_from_offered(instrument, given, language=language)
    return Measurement(
        instrument_id=instrument.id,
        instrument_version=instrument.version,
        language=language,
        authored=authored or on_day(day),
        scores=score_answers(instrument, answers),
        answers=answers,
        source=f"QuestionnaireResponse/{instrument.id}-{day}",
        in_record=True,
        respondent=respondent,
    )


def weekly(instrument: Instrument, values: Iterable[Decimal | int | None]) -> Episode:
    """One score a week, from the first day on."""
    return episode_from(
        scored(instrument, value, day=1 + 7 * week) for week, value in enumerate(values)
    )
