"""From an episode to everything the rules say about it. The one path there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from clinical.attendance import Visit
from clinical.forecast import Outlook
from clinical.measurement import Episode, Respondent
from clinical.plan import MeasurementPlan
from clinical.signals.alliance import alliance_findings
from clinical.signals.band import NO_NORMS, Norms
from clinical.signals.heading import heading
from clinical.signals.kinds import (
    CannotTellYet,
    QualityNote,
    Signal,
    SpeakingSignal,
)
from clinical.signals.order import priority
from clinical.signals.progress import Beside, progress_findings
from clinical.signals.quality import quality_notes, silenced_rules
from clinical.signals.raised import Finding, Raised
from clinical.signals.ratings import rating_findings
from clinical.signals.safety import safety_raised
from clinical.signals.together import Read, both_down, missed_while_down
from clinical.trajectory import Course, courses
from questionnaires.instrument import Instrument


@dataclass(frozen=True, slots=True)
class SignalReport:
    """What the rules say, most urgent first.

    Attributes:
        signals: speaking signals by priority (S1 first), then quality notes, then the
            rules that cannot tell yet. No speaking signal is not "on track": it is
            nothing to report, within what the notes and silent rules leave open.
        since: for each speaking signal, when the reading was made from which it has
            been on without a break.
        outlooks: instrument and respondent -> where the course is heading, where the
            site's plan asks. For deciding what interrupts, and for words; its
            probabilities are never shown.
        courses: what was read, in the order of the plan; an empty one where nobody has
            answered yet.
    """

    signals: tuple[Signal, ...]
    since: Mapping[SpeakingSignal, datetime]
    outlooks: Mapping[tuple[str, Respondent], Outlook]
    courses: tuple[Course, ...]

    @property
    def speaking(self) -> tuple[SpeakingSignal, ...]:
        return tuple(
            each
            for each in self.signals
            if not isinstance(each, QualityNote | CannotTellYet)
        )

    def courses_on(self, instrument: Instrument) -> tuple[Course, ...]:
        """One for each respondent."""
        return tuple(each for each in self.courses if each.instrument is instrument)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of every course alike."""

    plan: MeasurementPlan
    today: date
    unread: int
    norms: Norms
    plan_reviews: Sequence[date]


def read_signals(
    episode: Episode,
    plan: MeasurementPlan,
    *,
    today: date,
    unread: int,
    norms: Norms = NO_NORMS,
    visits: Sequence[Visit] | None = None,
    plan_reviews: Sequence[date] = (),
) -> SignalReport:
    """Everything the rules say about this episode, for the plan's instruments.

    Args:
        episode: measurements in order, each once.
        plan: which instruments and rules; where it only records (`decision_support`
            off), safety answers are still shown and no other rule is read.
        today: for the age of the latest reading.
        unread: entries of the chart that could not be read.
        norms: those of the patient's age band and setting; without one for exactly
            this form and language S3 cannot tell.
        visits: None means that nobody tells us of visits, and D1 cannot tell.
        plan_reviews: days on which the treatment plan was reviewed.
    """
    of_plan = [
        course
        for instrument in plan.instruments
        for course in _courses(episode, instrument, plan)
    ]
    on_demand = [
        course
        for instrument in plan.screening
        for course in _courses(episode, instrument, plan)
    ]
    findings: list[Finding] = [
        each for course in (*of_plan, *on_demand) for each in safety_raised(course)
    ]
    notes: list[QualityNote] = []
    outlooks: dict[tuple[str, Respondent], Outlook] = {}
    if plan.decision_support:
        asked = _Asked(plan, today, unread, norms, plan_reviews)
        read = [_read(course, asked) for course in of_plan]
        notes = [note for each in read for note in each.notes]
        findings += [finding for each in read for finding in each.findings]
        outlooks = {
            (each.course.instrument.id, each.course.respondent): each.heading
            for each in read
            if each.heading is not None
        }
        findings += both_down(read, plan.rules)
        findings += missed_while_down(
            visits,
            read,
            plan.rules,
            today=today,
            read_again=lambda course: _read(course, asked).findings,
        )
    raised = [each for each in findings if isinstance(each, Raised)]
    silent = [each for each in findings if isinstance(each, CannotTellYet)]
    raised.sort(key=lambda each: priority(each.signal))  # stable: then plan order
    return SignalReport(
        signals=(*(each.signal for each in raised), *notes, *silent),
        since={each.signal: each.since for each in raised},
        outlooks=outlooks,
        courses=(*of_plan, *on_demand),
    )


def _courses(
    episode: Episode, instrument: Instrument, plan: MeasurementPlan
) -> tuple[Course, ...]:
    """One for each respondent; where nobody has answered yet, an empty one."""
    found = courses(
        episode,
        instrument,
        equivalences=plan.equivalences,
        new_after_days=plan.new_course_after_days,
    )
    return found or (Course(instrument, "self", sittings=(), series=()),)


def _read(course: Course, asked: _Asked) -> Read:
    """What the data may not carry, and what the rules say within that."""
    plan, instrument = asked.plan, course.instrument
    notes = quality_notes(course, plan.rules, today=asked.today, unread=asked.unread)
    heads: Outlook | None = None
    if instrument.construct == "alliance":
        sample_sd = plan.sample_sds.get(instrument.id)
        findings = (
            *alliance_findings(course, plan.rules, sample_sd=sample_sd),
            *rating_findings(
                course,
                plan.rules,
                low_line=plan.low_lines.get(instrument.id),
                sample_sd=sample_sd,
                chart=plan.control_chart,
            ),
        )
    else:
        silenced = silenced_rules(notes)
        beside = Beside(silenced, asked.norms, asked.plan_reviews)
        findings = progress_findings(course, plan.rules, beside=beside)
        heads = heading(course, plan.rules, beside=beside)
    # The rules speak of the patient's own answers: they do not know of a respondent.
    if course.respondent != "self":
        notes = tuple(replace(each, respondent=course.respondent) for each in notes)
        findings = tuple(_said_of(course, each) for each in findings)
    return Read(course, notes, findings, heads)


def _said_of(course: Course, finding: Finding) -> Finding:
    """The finding with the respondent of the course."""
    if isinstance(finding, CannotTellYet):
        return replace(finding, respondent=course.respondent)
    signal = replace(finding.signal, respondent=course.respondent)
    return Raised(signal, since=finding.since)
