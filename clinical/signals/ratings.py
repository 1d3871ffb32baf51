"""R1, R4 and R7: a rating by itself, on a control chart, and at its highest."""

from collections.abc import Sequence
from dataclasses import dataclass

from clinical.change import best_possible, gain, holds, is_clinical, is_worse
from clinical.rule_numbers import RuleNumbers
from clinical.signals.alliance import too_early
from clinical.signals.kinds import (
    BelowOwnLimits,
    BelowSiteCutoff,
    CannotTellYet,
    FlatAtMaximum,
)
from clinical.signals.raised import Finding, Raised
from clinical.signals.usual import Usual, before_each
from clinical.trajectory import Course, Reading
from questionnaires.answers import Answers, Chosen
from questionnaires.instrument import Cutoff, Instrument, Spread


def rating_findings(
    course: Course,
    rules: RuleNumbers,
    *,
    low_line: Cutoff | None,
    sample_sd: Spread | None,
    chart: bool,
) -> tuple[Finding, ...]:
    """What R1, R4 and R7 say; a rule that is off says nothing.

    Args:
        course: of an alliance instrument.
        rules: the plan's numbers.
        low_line: the site's own number for one line of its licensed form.
        sample_sd: of ratings of many people on this form, if the site knows it.
        chart: whether the site has chosen the control chart.
    """
    return (
        *_below_site_cutoff(course, low_line),
        *(_control_chart(course, rules, sample_sd) if chart else ()),
        *_flat_at_maximum(course, rules),
    )


def _below_site_cutoff(course: Course, low_line: Cutoff | None) -> tuple[Finding, ...]:
    """R1: only for a licensed form that the site has completed, by the site's numbers.

    Other alliance forms have no cut-off, and a missing one is then no gap to report.
    """
    instrument, readings = course.instrument, course.readings
    if not instrument.licence.reference:
        return ()
    if not readings:
        return (too_early(instrument, readings, rule="R1", needed=1),)
    if instrument.cutoff is None and low_line is None:
        return (
            CannotTellYet(
                instrument_id=instrument.id,
                rule="R1",
                reason="no_cutoff_known",
                readings=len(readings),
                needed=1,
            ),
        )
    answers = {(each.source, each.authored): each.answers for each in course.sittings}
    raised: Raised | None = None
    for reading in reversed(readings):
        given = answers[reading.source, reading.authored]
        signal = _low(instrument, reading, given, low_line=low_line)
        if signal is None:
            break
        raised = Raised(raised.signal if raised else signal, since=reading.begun)
    return (raised,) if raised else ()


def _low(
    instrument: Instrument,
    reading: Reading,
    answers: Answers | None,
    *,
    low_line: Cutoff | None,
) -> BelowSiteCutoff | None:
    cutoff = instrument.cutoff
    below = cutoff is not None and is_clinical(instrument, reading.value)
    lines = _low_lines(instrument, answers, low_line)
    if not below and not lines:
        return None
    return BelowSiteCutoff(
        instrument_id=instrument.id,
        latest=reading,
        cutoff=cutoff.value if cutoff is not None and below else None,
        low_lines=lines,
        line=low_line.value if low_line is not None and lines else None,
    )


def _low_lines(
    instrument: Instrument, answers: Answers | None, low_line: Cutoff | None
) -> tuple[str, ...]:
    """Scored lines on the low side of the site's number; a blank is none of them."""
    if answers is None or low_line is None:
        return ()
    return tuple(
        link_id
        for link_id in instrument.total.link_ids
        if isinstance(chosen := answers.given.get(link_id), Chosen)
        and holds(chosen.points, low_line.operator, low_line.value)
    )


@dataclass(frozen=True, slots=True)
class _Beyond:
    """Where a rating lies on the chart: what was usual, and which limit it passed."""

    usual: Usual
    is_run: bool


def _control_chart(
    course: Course, rules: RuleNumbers, sample_sd: Spread | None
) -> tuple[Finding, ...]:
    """R4: an individuals chart of this person's ratings; only the worse side speaks.

    Centre and limits come from the ratings before; while ratings stay beyond them they
    stay as they were, so that a low rating that is repeated does not move them.

    Source:
        Control charts of alliance ratings: Lipner 2022, Clin Psychol Psychother 29:339.
        There are no standard limits; the site's stand in its plan.
    """
    instrument, readings = course.instrument, course.readings
    needed = rules.chart_from_session
    if len(readings) < needed:
        return (too_early(instrument, readings, rule="R4", needed=needed),)
    before = before_each(
        instrument,
        [each.value for each in readings],
        rules=rules,
        sample_sd=sample_sd,
    )
    beyond: _Beyond | None = None
    since = readings[0].authored
    for at in range(needed - 1, len(readings)):
        value = readings[at].value
        usual = beyond.usual if beyond else before.by_moving_range(at)
        points = rules.chart_sigmas * usual.spread
        run_from = at + 1 - rules.chart_run
        now: _Beyond | None = None
        if gain(instrument, usual.mean, value) < -points:  # on the limit is within it
            now = _Beyond(usual, is_run=False)
        elif beyond and beyond.is_run and is_worse(instrument, usual.mean, value):
            now = beyond
        elif run_from >= needed - 1:
            older = before.by_moving_range(run_from)
            if (
                _below(instrument, older, readings[run_from : at + 1])
                == rules.chart_run
            ):
                now = _Beyond(older, is_run=True)
        if now is not None and beyond is None:
            since = readings[at].authored
        beyond = now
    if beyond is None:
        return ()
    signal = BelowOwnLimits(
        instrument_id=instrument.id,
        how="run" if beyond.is_run else "beyond_limit",
        centre=beyond.usual.mean,
        sigma=beyond.usual.spread,
        sigma_of=beyond.usual.spread_of,
        in_a_row=_below(instrument, beyond.usual, readings),
        latest=readings[-1],
    )
    return (Raised(signal, since=since),)


def _below(instrument: Instrument, usual: Usual, readings: Sequence[Reading]) -> int:
    run = 0
    for each in reversed(readings):
        if not is_worse(instrument, usual.mean, each.value):
            break
        run += 1
    return run


def _flat_at_maximum(course: Course, rules: RuleNumbers) -> tuple[Finding, ...]:
    """R7: the best possible rating, several times running.

    Common and no fault; an invitation to say also what could be better.
    """
    instrument, readings = course.instrument, course.readings
    if len(readings) < rules.flat_readings:
        needed = rules.flat_readings
        return (too_early(instrument, readings, rule="R7", needed=needed),)
    highest = best_possible(instrument)
    run = 0
    for each in reversed(readings):
        if each.value != highest:
            break
        run += 1
    if run < rules.flat_readings:
        return ()
    signal = FlatAtMaximum(
        instrument_id=instrument.id, readings=run, latest=readings[-1]
    )
    since = readings[-run + rules.flat_readings - 1].authored
    return (Raised(signal, since=since),)
