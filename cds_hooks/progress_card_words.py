"""S2 to S8 in the words of a card: observation, uncertainty, one next step."""

from decimal import Decimal
from typing import assert_never

from cds_hooks.card_parts import (
    CardText,
    before_and_latest,
    from_to,
    indicator,
    reading_words,
    reliable_change,
    title,
)
from cds_hooks.speech import gettext, ngettext, number
from clinical.signals.kinds import (
    LargeGain,
    NoisyProfile,
    NoReliableGain,
    OutsideBand,
    Plateau,
    ReachedGoal,
    ReliablyWorse,
)
from questionnaires.instrument import Instrument

ProgressSignal = (
    ReliablyWorse
    | OutsideBand
    | NoReliableGain
    | Plateau
    | LargeGain
    | NoisyProfile
    | ReachedGoal
)


def progress_card(signal: ProgressSignal, instrument: Instrument) -> CardText:
    """What a card says of a course."""
    return CardText(
        summary=_summary(signal, instrument),
        indicator=indicator(signal),
        detail=_detail(signal, instrument),
    )


def _summary(signal: ProgressSignal, instrument: Instrument) -> str:
    name = title(instrument, signal.respondent)
    match signal:
        case ReliablyWorse():
            return gettext(
                "%(instrument)s is worse than at the start by more than"
                " measurement error (%(intake)s to %(latest)s).",
                instrument=name,
                intake=number(signal.intake.value),
                latest=number(signal.latest.value),
            )
        case OutsideBand():
            return gettext(
                "%(instrument)s: less change than about 9 in 10 people with a similar"
                " start. Ask what is different.",
                instrument=name,
            )
        case NoReliableGain():
            return gettext(
                "%(instrument)s: no reliable gain after %(sessions)s sessions."
                " A plan review is suggested.",
                instrument=name,
                sessions=signal.sessions_after_intake,
            )
        case Plateau():
            return gettext(
                "%(instrument)s: little change in the last %(count)s sessions."
                " An item for the agenda?",
                instrument=name,
                count=signal.readings,
            )
        case LargeGain():
            return gettext(
                "%(instrument)s: clear gain since last time (%(before)s to"
                " %(latest)s). Ask what helped.",
                instrument=name,
                before=number(signal.before.value),
                latest=number(signal.latest.value),
            )
        case NoisyProfile():
            return gettext(
                "%(instrument)s: scores swing. Talk about how the form is answered.",
                instrument=name,
            )
        case ReachedGoal():
            return gettext(
                "%(instrument)s: reliably better and past the cut-off twice."
                " Talk about spacing or ending?",
                instrument=name,
            )
        case _:
            assert_never(signal)


def _detail(signal: ProgressSignal, instrument: Instrument) -> tuple[str, ...]:
    match signal:
        case ReliablyWorse():
            return (
                ngettext(
                    "One reading so far. Look at it together: what is different?",
                    "%(num)s readings in a row. Look at it together: what is"
                    " different?",
                    signal.in_a_row,
                ),
                from_to(signal.intake, signal.latest),
                reliable_change(instrument, signal.rci),
            )
        case OutsideBand():
            return (
                from_to(signal.intake, signal.latest),
                gettext(
                    "Average at this session of %(persons)s people with a similar start"
                    " who stayed: %(expected)s; line that 9 in 10 do not pass:"
                    " %(line)s. An average, not a goal.",
                    persons=number(Decimal(signal.persons)),
                    expected=number(signal.expected),
                    line=number(signal.line),
                ),
                gettext(
                    "Norm %(pack)s, %(hash)s.",
                    pack=signal.pack_id,
                    hash=signal.pack_hash[:12],
                ),
            )
        case NoReliableGain():
            return (
                from_to(signal.intake, signal.latest),
                gettext(
                    "Best so far: %(reading)s.", reading=reading_words(signal.best)
                ),
                reliable_change(instrument, signal.rci),
            )
        case Plateau():
            return (
                before_and_latest(signal.first, signal.latest),
                gettext(
                    "Change per session: %(slope)s points, where plus is better. Below"
                    " %(within)s it counts as little.",
                    slope=number(signal.slope),
                    within=number(signal.flat_within),
                ),
                reliable_change(instrument, signal.rci),
            )
        case LargeGain():
            return (
                before_and_latest(signal.before, signal.latest),
                reliable_change(instrument, signal.rci),
            )
        case NoisyProfile():
            return (
                gettext(
                    "%(swings)s reliable moves to and fro in %(count)s readings. Does"
                    " the form fit this person?",
                    swings=signal.swings,
                    count=signal.readings,
                ),
                reliable_change(instrument, signal.rci),
            )
        case ReachedGoal():
            return (
                from_to(signal.intake, signal.latest),
                gettext("Cut-off: %(cutoff)s.", cutoff=number(signal.cutoff)),
                reliable_change(instrument, signal.rci),
            )
        case _:
            assert_never(signal)
