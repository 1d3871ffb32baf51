"""S2 to S8 in words for the screens."""

from decimal import Decimal
from typing import assert_never

from flask_babel import gettext, ngettext

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
from smart_app.figures import number
from smart_app.sentence_parts import (
    Sentence,
    from_to,
    reading_words,
    reliable_change_words,
    title,
)

ProgressSignal = (
    ReliablyWorse
    | OutsideBand
    | NoReliableGain
    | Plateau
    | LargeGain
    | NoisyProfile
    | ReachedGoal
)


def progress_sentence(signal: ProgressSignal, instrument: Instrument) -> Sentence:
    """What a course says, with what it rests on."""
    name = title(instrument, signal.respondent)
    match signal:
        case ReliablyWorse():
            return Sentence(
                tone="attention",
                marker=gettext("Worse"),
                text=ngettext(
                    "%(instrument)s: worse than at the start by more than measurement"
                    " error (one reading).",
                    "%(instrument)s: worse than at the start by more than measurement"
                    " error (%(num)s readings in a row).",
                    signal.in_a_row,
                    instrument=name,
                ),
                next_step=gettext("Look at it together: what is different?"),
                why=(
                    *from_to(signal.intake, signal.latest),
                    reliable_change_words(instrument, signal.rci),
                ),
                rule="S2",
            )
        case OutsideBand():
            return Sentence(
                tone="attention",
                marker=gettext("Less than expected"),
                text=gettext(
                    "%(instrument)s: less change than about 9 in 10 people with a"
                    " similar start.",
                    instrument=name,
                ),
                next_step=gettext("Ask what is different."),
                why=(
                    *from_to(signal.intake, signal.latest),
                    (
                        gettext("Average of people who stayed"),
                        gettext(
                            "%(expected)s, from %(persons)s people; not a goal",
                            expected=number(signal.expected),
                            persons=number(Decimal(signal.persons)),
                        ),
                    ),
                    (gettext("Line that 9 in 10 do not pass"), number(signal.line)),
                    (gettext("Readings in a row"), str(signal.in_a_row)),
                    (
                        gettext("Norm"),
                        gettext(
                            "%(pack)s, %(hash)s",
                            pack=signal.pack_id,
                            hash=signal.pack_hash[:12],
                        ),
                    ),
                ),
                rule="S3",
            )
        case NoReliableGain():
            return Sentence(
                tone="attention",
                marker=gettext("No clear gain yet"),
                text=gettext(
                    "%(instrument)s: no reliable gain after %(sessions)s sessions.",
                    instrument=name,
                    sessions=signal.sessions_after_intake,
                ),
                next_step=gettext("A plan review is suggested."),
                why=(
                    *from_to(signal.intake, signal.latest),
                    (gettext("Best so far"), reading_words(signal.best)),
                    reliable_change_words(instrument, signal.rci),
                ),
                rule="S4",
            )
        case Plateau():
            return Sentence(
                tone="info",
                marker=gettext("Little change"),
                text=gettext(
                    "%(instrument)s: little change in the last %(count)s sessions.",
                    instrument=name,
                    count=signal.readings,
                ),
                next_step=gettext("An item for the agenda?"),
                why=(
                    (gettext("From"), reading_words(signal.first)),
                    (gettext("Latest"), reading_words(signal.latest)),
                    (
                        gettext("Change per session"),
                        gettext(
                            "%(slope)s points, where plus is better; below %(within)s"
                            " it counts as little",
                            slope=number(signal.slope),
                            within=number(signal.flat_within),
                        ),
                    ),
                    reliable_change_words(instrument, signal.rci),
                ),
                rule="S5",
            )
        case LargeGain():
            return Sentence(
                tone="good",
                marker=gettext("Clear gain"),
                text=gettext(
                    "%(instrument)s: clear gain since last time.", instrument=name
                ),
                next_step=gettext("Ask what helped."),
                why=(
                    (gettext("Before"), reading_words(signal.before)),
                    (gettext("Latest"), reading_words(signal.latest)),
                    reliable_change_words(instrument, signal.rci),
                ),
                rule="S6",
            )
        case NoisyProfile():
            return Sentence(
                tone="info",
                marker=gettext("Scores swing"),
                text=gettext(
                    "%(instrument)s: scores swing by more than measurement error.",
                    instrument=name,
                ),
                next_step=gettext("Talk about how the form is answered."),
                why=(
                    (
                        gettext("Moves to and fro"),
                        gettext(
                            "%(swings)s in %(count)s readings",
                            swings=signal.swings,
                            count=signal.readings,
                        ),
                    ),
                    (gettext("Latest"), reading_words(signal.latest)),
                    reliable_change_words(instrument, signal.rci),
                ),
                rule="S7",
            )
        case ReachedGoal():
            return Sentence(
                tone="good",
                marker=gettext("Goal reached"),
                text=gettext(
                    "%(instrument)s: reliably better and in the range of people"
                    " without the problem, in two readings in a row.",
                    instrument=name,
                ),
                next_step=gettext("Talk about spacing or ending."),
                why=(
                    *from_to(signal.intake, signal.latest),
                    (gettext("Cut-off"), number(signal.cutoff)),
                    reliable_change_words(instrument, signal.rci),
                ),
                rule="S8",
            )
        case _:
            assert_never(signal)
