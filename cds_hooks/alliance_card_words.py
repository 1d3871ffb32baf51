"""R1 to R8 in the words of a card: an invitation to ask, never a mark."""

from typing import assert_never

from cds_hooks.card_parts import (
    CardText,
    indicator,
    reading_words,
    title,
)
from cds_hooks.progress_card_words import progress_card
from cds_hooks.speech import gettext, number
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
)
from questionnaires.instrument import Instrument

AllianceSignal = (
    BelowSiteCutoff
    | BelowOwnBaseline
    | AllianceDrop
    | BelowOwnLimits
    | AllianceRepaired
    | AllianceUnrepaired
    | FlatAtMaximum
    | BothDown
)


def alliance_card(signal: AllianceSignal, instrument: Instrument) -> CardText:
    """What a card says of the work together.

    Args:
        signal: R1 to R8.
        instrument: of the rating; with R8 the outcome's.
    """
    return CardText(
        summary=_summary(signal, instrument),
        indicator=indicator(signal),
        detail=_detail(signal, instrument),
    )


def _summary(signal: AllianceSignal, instrument: Instrument) -> str:
    match signal:
        case BelowSiteCutoff():
            return gettext(
                "Alliance rating is below the number this clinic has set."
                " An invitation to ask what was missing."
            )
        case BelowOwnBaseline():
            return gettext(
                "Alliance rating is below this person's first ratings."
                " An invitation to ask what was missing."
            )
        case AllianceDrop(level="strong"):
            return gettext(
                "Alliance rating is far below this person's usual."
                " An invitation to ask what was missing."
            )
        case AllianceDrop() | BelowOwnLimits():
            return gettext(
                "Alliance rating is below this person's usual."
                " An invitation to ask what was missing."
            )
        case AllianceRepaired():
            return gettext(
                "Alliance rating is back at this person's usual after a drop."
                " Ask what helped."
            )
        case AllianceUnrepaired():
            return gettext(
                "Alliance rating has not come back in %(sessions)s sessions."
                " Ask what was missing and agree one visible change.",
                sessions=signal.sessions,
            )
        case FlatAtMaximum():
            return gettext(
                "The highest alliance rating, %(count)s times running. Invite honest"
                " feedback.",
                count=signal.readings,
            )
        case BothDown(outcome=OutsideBand()):
            # Perhaps no point worse than at the start: it would be wrong to say so.
            return gettext(
                "%(instrument)s: less change than expected; alliance below usual. Talk"
                " about the work together first.",
                instrument=title(instrument, signal.respondent),
            )
        case BothDown():
            return gettext(
                "%(instrument)s is worse, and the alliance rating is below this"
                " person's usual. Talk about the work together first.",
                instrument=title(instrument, signal.respondent),
            )
        case _:
            assert_never(signal)


def _detail(signal: AllianceSignal, instrument: Instrument) -> tuple[str, ...]:
    match signal:
        case BelowSiteCutoff():
            return (
                gettext("Latest: %(reading)s.", reading=reading_words(signal.latest)),
                *_site_numbers(signal),
            )
        case BelowOwnBaseline():
            return (
                gettext(
                    "Mean of the first %(count)s: %(mean)s. Latest: %(reading)s.",
                    count=signal.baseline_readings,
                    mean=number(signal.baseline),
                    reading=reading_words(signal.latest),
                ),
            )
        case AllianceDrop():
            return (
                gettext(
                    "Usual (mean before): %(mean)s. Latest: %(reading)s. A step of"
                    " %(sd)s points or more counts. Compared only with the same"
                    " person's earlier ratings.",
                    mean=number(signal.mean),
                    reading=reading_words(signal.latest),
                    sd=number(signal.sd),
                ),
            )
        case BelowOwnLimits():
            return (
                gettext(
                    "Usual (centre of the control chart): %(mean)s, spread %(sd)s."
                    " Latest: %(reading)s. Below the centre %(count)s times running.",
                    mean=number(signal.centre),
                    sd=number(signal.sigma),
                    reading=reading_words(signal.latest),
                    count=signal.in_a_row,
                ),
            )
        case AllianceRepaired():
            return (
                gettext(
                    "Lowest: %(lowest)s. Latest: %(latest)s.",
                    lowest=reading_words(signal.lowest),
                    latest=reading_words(signal.latest),
                ),
            )
        case AllianceUnrepaired():
            return (
                gettext(
                    "Usual before: %(mean)s. Dropped: %(began)s. Latest: %(latest)s.",
                    mean=number(signal.mean),
                    began=reading_words(signal.began),
                    latest=reading_words(signal.latest),
                ),
            )
        case FlatAtMaximum():
            return (gettext("This is common and no fault of anybody."),)
        case BothDown():
            return (
                gettext("**Outcome**"),
                *progress_card(signal.outcome, instrument).detail,
                gettext("**Alliance**"),
                *_detail(signal.alliance, instrument),
                gettext(
                    "Each is compared only with this person's own course or with its"
                    " norm; the two are never added up."
                ),
            )
        case _:
            assert_never(signal)


def _site_numbers(signal: BelowSiteCutoff) -> tuple[str, ...]:
    found: list[str] = []
    if signal.cutoff is not None:
        found.append(gettext("Cut-off: %(cutoff)s.", cutoff=number(signal.cutoff)))
    if signal.line is not None:
        found.append(
            gettext(
                "Lines on the low side of this clinic's %(line)s: %(count)s.",
                line=number(signal.line),
                count=len(signal.low_lines),
            )
        )
    return tuple(found)
