"""R8 and D1: what outcome and alliance say together, and beside a missed visit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from clinical.attendance import Visit, missed
from clinical.forecast import Outlook
from clinical.measurement import Respondent
from clinical.rule_numbers import RuleNumbers
from clinical.signals.kinds import (
    AllianceDrop,
    BelowOwnBaseline,
    BothDown,
    CannotTellYet,
    MissedWhileDown,
    OutsideBand,
    QualityNote,
    ReliablyWorse,
    RuleId,
    SilentReason,
    SpeakingSignal,
)
from clinical.signals.raised import Finding, Raised
from clinical.trajectory import Course

# The rule without which nothing is known of a decline on this kind of instrument.
_NEEDED: dict[str, RuleId] = {"outcome": "S2", "alliance": "R2"}
_WORSE = (ReliablyWorse, OutsideBand)
_DOWN = (AllianceDrop, BelowOwnBaseline)
_DECLINE = (ReliablyWorse, OutsideBand, BelowOwnBaseline)


@dataclass(frozen=True, slots=True)
class Read:
    """A course, what its data may not carry, what the rules said, where it heads."""

    course: Course
    notes: tuple[QualityNote, ...]
    findings: tuple[Finding, ...]
    heading: Outlook | None

    def first(self, kinds: tuple[type, ...]) -> Raised | None:
        """What is on of these kinds of signal; the first kind before the others."""
        on = [each for each in self.findings if isinstance(each, Raised)]
        for kind in kinds:
            for each in on:
                if isinstance(each.signal, kind):
                    return each
        return None


def both_down(read: Sequence[Read], rules: RuleNumbers) -> tuple[Raised, ...]:
    """R8: S2 or S3, and R2 or R3, whose readings lie in the same last sessions.

    A session is a day on which either instrument was filled in. One finding for each
    outcome instrument and respondent; S2 is taken before S3, and R3 before R2.
    """
    found: list[Raised] = []
    for outcome in read:
        worse = outcome.first(_WORSE)
        if worse is None:
            continue
        for alliance in read:
            down = alliance.first(_DOWN)
            if down is not None and _at_once(outcome, alliance, rules):
                found.append(_both(worse, down))
                break
    return tuple(found)


def _at_once(outcome: Read, alliance: Read, rules: RuleNumbers) -> bool:
    """The same person's answers, both read in the last sessions of the two."""
    pair = (outcome.course, alliance.course)
    if pair[0].respondent != pair[1].respondent:
        return False
    days = {each.authored.date() for course in pair for each in course.sittings}
    earliest = sorted(days)[-rules.both_down_sessions :][0]
    return all(course.readings[-1].on >= earliest for course in pair)


def _both(worse: Raised, down: Raised) -> Raised:
    outcome, alliance = worse.signal, down.signal
    assert isinstance(outcome, ReliablyWorse | OutsideBand)
    assert isinstance(alliance, AllianceDrop | BelowOwnBaseline)
    signal = BothDown(outcome.instrument_id, outcome, alliance, outcome.respondent)
    return Raised(signal, since=max(worse.since, down.since))


def missed_while_down(
    visits: Sequence[Visit] | None,
    read: Sequence[Read],
    rules: RuleNumbers,
    *,
    today: date,
    read_again: Callable[[Course], Iterable[Finding]],
) -> tuple[Finding, ...]:
    """D1: the last visit was missed, and S2, S3 or R2 spoke in the last sessions.

    A session is a day on which the same respondent filled in any form: a rating that
    was low weeks ago, and has not been asked for since, is not of the last sessions.
    Whoever has come since is back; then it says nothing. It gives no probability.

    Args:
        visits: in any order; None if nobody told us of visits.
        read: every course with what was said of it; at least one.
        rules: the plan's numbers.
        today: a visit after it has not been missed yet.
        read_again: what the rules say of a course that ends earlier.
    """
    if visits is None:
        return (_cannot_tell(read, "no_visits_known", needed=0),)
    past = [each for each in visits if each.at.date() <= today]
    last = max(past, key=lambda each: each.at, default=None)
    if last is None or not missed(last):
        return ()
    declines: list[ReliablyWorse | OutsideBand | BelowOwnBaseline] = []
    since = _last_sessions_began(read, rules)
    for each in read:
        for signal in _recently(each, since, read_again):
            if isinstance(signal, _DECLINE) and not any(
                _is_same(signal, other) for other in declines
            ):
                declines.append(signal)
    if declines:
        first = declines[0]
        found = MissedWhileDown(
            first.instrument_id, last, tuple(declines), first.respondent
        )
        return (Raised(found, since=last.at),)
    if any(_could_tell(each) for each in read):
        return ()
    return (_cannot_tell(read, "too_few_readings", needed=2),)


def _cannot_tell(
    read: Sequence[Read], reason: SilentReason, *, needed: int
) -> CannotTellYet:
    """Said under the name of the plan's first instrument: D1 is about the person."""
    course = read[0].course
    return CannotTellYet(
        instrument_id=course.instrument.id,
        rule="D1",
        reason=reason,
        readings=len(course.readings),
        needed=needed,
        respondent=course.respondent,
    )


def _last_sessions_began(
    read: Sequence[Read], rules: RuleNumbers
) -> Mapping[Respondent, date]:
    """Of each respondent the first of the last days with a form, on any instrument."""
    days: dict[Respondent, set[date]] = {}
    for course in (each.course for each in read):
        of_one = days.setdefault(course.respondent, set())
        of_one.update(each.authored.date() for each in course.sittings)
    return {
        respondent: sorted(each)[-rules.missed_sessions :][0]
        for respondent, each in days.items()
        if each
    }


def _recently(
    read: Read,
    since: Mapping[Respondent, date],
    read_again: Callable[[Course], Iterable[Finding]],
) -> Iterable[SpeakingSignal]:
    """What spoke at one of the last sessions, the latest first."""
    for back, reading in enumerate(reversed(read.course.readings)):
        if reading.on < since[read.course.respondent]:
            break
        findings = read.findings if back == 0 else read_again(_ended(read.course, back))
        for each in findings:
            if isinstance(each, Raised):
                yield each.signal


def _ended(course: Course, back: int) -> Course:
    """The course as it was so many readings before its last one."""
    current = course.series[-1]
    earlier = replace(current, readings=current.readings[:-back])
    return replace(course, series=(*course.series[:-1], earlier))


def _is_same(signal: SpeakingSignal, other: SpeakingSignal) -> bool:
    return (type(signal), signal.instrument_id, signal.respondent) == (
        type(other),
        other.instrument_id,
        other.respondent,
    )


def _could_tell(read: Read) -> bool:
    needed = _NEEDED[read.course.instrument.construct]
    return all(
        each.rule != needed for each in read.findings if isinstance(each, CannotTellYet)
    )
