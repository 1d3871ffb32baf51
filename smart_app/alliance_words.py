"""R1 to R8 in words for the screens: an invitation to ask, never a mark."""

from decimal import Decimal
from typing import assert_never

from flask_babel import gettext

from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    AllianceUnrepaired,
    BelowOwnBaseline,
    BelowOwnLimits,
    BelowSiteCutoff,
    BothDown,
    FlatAtMaximum,
    OutsideBand,
    SpreadOf,
)
from questionnaires.instrument import Instrument
from smart_app.figures import number
from smart_app.progress_words import progress_sentence
from smart_app.sentence_parts import (
    Sentence,
    item_number,
    reading_words,
    title,
)

AllianceSignal = (
    BelowSiteCutoff
    | BelowOwnBaseline
    | AllianceDrop
    | BelowOwnLimits
    | AllianceRepaired
    | AllianceUnrepaired
    | FlatAtMaximum
)


def alliance_sentence(signal: AllianceSignal, instrument: Instrument) -> Sentence:
    """What the ratings say, with what it rests on: R1 to R7."""
    name = title(instrument, signal.respondent)
    match signal:
        case BelowSiteCutoff():
            return Sentence(
                tone="attention",
                marker=gettext("Alliance"),
                text=gettext(
                    "%(instrument)s: below the number this clinic has set.",
                    instrument=name,
                ),
                next_step=gettext("An invitation to ask what was missing."),
                why=(
                    (gettext("Latest"), reading_words(signal.latest)),
                    *_site_numbers(signal, instrument),
                ),
                rule="R1",
            )
        case BelowOwnBaseline():
            return Sentence(
                tone="info",
                marker=gettext("Alliance"),
                text=gettext(
                    "%(instrument)s: below this person's own first ratings.",
                    instrument=name,
                ),
                next_step=gettext("An invitation to ask what was missing."),
                why=(
                    (
                        gettext("First ratings"),
                        gettext(
                            "mean %(mean)s of %(count)s readings",
                            mean=number(signal.baseline),
                            count=signal.baseline_readings,
                        ),
                    ),
                    (gettext("Latest"), reading_words(signal.latest)),
                ),
                rule="R2",
            )
        case AllianceDrop():
            return Sentence(
                tone="attention",
                marker=gettext("Alliance"),
                text=gettext(
                    "%(instrument)s: clearly below this person's usual.",
                    instrument=name,
                )
                if signal.level == "watch"
                else gettext(
                    "%(instrument)s: far below this person's usual.", instrument=name
                ),
                next_step=gettext("An invitation to ask what was missing."),
                why=(
                    (gettext("Usual (mean before)"), number(signal.mean)),
                    (
                        gettext("Step that counts"),
                        _spread(signal.sd, signal.sd_of),
                    ),
                    (gettext("Latest"), reading_words(signal.latest)),
                ),
                rule="R3",
            )
        case BelowOwnLimits():
            return Sentence(
                tone="attention",
                marker=gettext("Alliance"),
                text=gettext(
                    "%(instrument)s: beyond the limit of this person's own chart.",
                    instrument=name,
                )
                if signal.how == "beyond_limit"
                else gettext(
                    "%(instrument)s: below this person's own centre %(count)s times"
                    " running.",
                    instrument=name,
                    count=signal.in_a_row,
                ),
                next_step=gettext("An invitation to ask what was missing."),
                why=(
                    (gettext("Centre (mean before)"), number(signal.centre)),
                    (
                        gettext("Spread"),
                        _spread(signal.sigma, signal.sigma_of),
                    ),
                    (gettext("Latest"), reading_words(signal.latest)),
                ),
                rule="R4",
            )
        case AllianceRepaired():
            return Sentence(
                tone="good",
                marker=gettext("Repaired"),
                text=gettext(
                    "%(instrument)s: back at this person's usual after a drop.",
                    instrument=name,
                ),
                next_step=gettext("Ask what helped."),
                why=(
                    (gettext("Usual (mean before)"), number(signal.mean)),
                    (gettext("Lowest"), reading_words(signal.lowest)),
                    (gettext("Latest"), reading_words(signal.latest)),
                ),
                rule="R5",
            )
        case AllianceUnrepaired():
            return Sentence(
                tone="attention",
                marker=gettext("Not yet repaired"),
                text=gettext(
                    "%(instrument)s: not back at this person's usual in %(sessions)s"
                    " sessions.",
                    instrument=name,
                    sessions=signal.sessions,
                ),
                next_step=gettext(
                    "Ask what was missing, and agree one visible change."
                ),
                why=(
                    (gettext("Usual (mean before)"), number(signal.mean)),
                    (gettext("Dropped"), reading_words(signal.began)),
                    (gettext("Lowest"), reading_words(signal.lowest)),
                    (gettext("Latest"), reading_words(signal.latest)),
                ),
                rule="R6",
            )
        case FlatAtMaximum():
            return Sentence(
                tone="quiet",
                marker=gettext("Alliance"),
                text=gettext(
                    "%(instrument)s: the highest rating %(count)s times running. This"
                    " is common.",
                    instrument=name,
                    count=signal.readings,
                ),
                next_step=gettext("Invite honest feedback: what could be better?"),
                why=((gettext("Latest"), reading_words(signal.latest)),),
                rule="R7",
            )
        case _:
            assert_never(signal)


def both_down_sentence(
    signal: BothDown, instrument: Instrument, *, alliance: Instrument
) -> Sentence:
    """R8: each half in its own words, with what that half rests on.

    Args:
        signal: of both.
        instrument: of the outcome.
        alliance: of the rating.
    """
    name = title(instrument, signal.respondent)
    if isinstance(signal.outcome, OutsideBand):
        # Perhaps no point worse than at the start: it would be wrong to say so.
        text = gettext(
            "%(instrument)s: less change than expected, and the alliance rating is"
            " below this person's usual.",
            instrument=name,
        )
    else:
        text = gettext(
            "%(instrument)s is worse, and the alliance rating is below this"
            " person's usual.",
            instrument=name,
        )
    outcome = progress_sentence(signal.outcome, instrument)
    rating = alliance_sentence(signal.alliance, alliance)
    return Sentence(
        tone="attention",
        marker=gettext("Outcome and alliance"),
        text=text,
        next_step=gettext("Talk about the work together first."),
        why=(
            (gettext("Outcome"), outcome.text),
            *outcome.why,
            (gettext("Alliance"), rating.text),
            *rating.why,
        ),
        rule="R8",
    )


def _spread(points: Decimal, whose: SpreadOf) -> str:
    """By whose spread the drop is measured."""
    shown = number(points)
    match whose:
        case "own":
            return gettext("%(sd)s points (this person's own spread)", sd=shown)
        case "sample":
            return gettext("%(sd)s points (spread of many people's ratings)", sd=shown)
        case "floor":
            return gettext("%(sd)s points (smallest step allowed)", sd=shown)
        case _:
            assert_never(whose)


def _site_numbers(
    signal: BelowSiteCutoff, instrument: Instrument
) -> tuple[tuple[str, str], ...]:
    """The site's own numbers; items by their place, never by their words."""
    found: list[tuple[str, str]] = []
    if signal.cutoff is not None:
        found.append((gettext("Cut-off"), number(signal.cutoff)))
    if signal.line is not None:
        items = ", ".join(
            str(item_number(instrument, each)) for each in signal.low_lines
        )
        found.append(
            (
                gettext("Low lines"),
                gettext(
                    "%(items)s, on the low side of %(line)s",
                    items=items,
                    line=number(signal.line),
                ),
            )
        )
    return tuple(found)
