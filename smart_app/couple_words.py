"""Sentences for two partners: information for the conversation, no signal."""

from typing import assert_never

from flask_babel import gettext

from clinical.pairs import (
    Diverging,
    Gap,
    NoComparison,
    NoComparisonReason,
    NotDiverging,
    PairFinding,
)
from ehr.couple_agreements import How
from smart_app.figures import day, number


def how_words() -> dict[How, str]:
    """How somebody has agreed: never in front of the partner."""
    return {
        "alone-in-person": gettext("asked alone, in the room"),
        "alone-remote": gettext("asked alone, by telephone or video"),
        "in-writing": gettext("in writing"),
    }


def finding_words(
    finding: PairFinding, *, names: tuple[str, str], sessions: int
) -> tuple[str, ...]:
    """What the comparison says, and how far it goes.

    Args:
        finding: of the two in the order of `names`.
        names: first and second partner.
        sessions: shared days over which a gap is looked at.
    """
    match finding:
        case Diverging():
            return tuple(_diverging(finding, names))
        case NotDiverging(gap=gap):
            return (
                gettext(
                    "No reliable difference over the last %(sessions)s days on which"
                    " both answered (%(from)s to %(to)s): %(gap)s points apart. That is"
                    " no proof that both see it alike.",
                    **_facts(gap),
                ),
                _error_words(gap),
            )
        case NoComparison(reason=reason):
            return (_not_compared(reason, sessions),)
        case _:
            assert_never(finding)


def _not_compared(reason: NoComparisonReason, sessions: int) -> str:
    match reason:
        case "too_few_shared_sessions":
            return gettext(
                "There are not yet %(sessions)s days on which both answered this form:"
                " too early to say anything about a difference.",
                sessions=sessions,
            )
        case "no_reliable_change_known":
            return gettext(
                "How far two scores on this form differ by chance alone is not known."
                " Read each line by itself: nothing is said about a difference between"
                " the two."
            )
        case "different_forms":
            return gettext(
                "The two have answered this form in different versions or languages."
                " Nothing is said about a difference between the two."
            )
        case _:
            assert_never(reason)


def _diverging(found: Diverging, names: tuple[str, str]) -> list[str]:
    gap, words = found.gap, []
    if found.apart:
        words.append(
            gettext(
                "Over the last %(sessions)s days on which both answered (%(from)s to"
                " %(to)s) the two stood %(gap)s points apart, %(name)s on the better"
                " side. Measurement error alone seldom makes so much.",
                name=names[0] if gap.gap > 0 else names[1],
                **_facts(gap),
            )
        )
    if found.drifting and gap.moved is not None:
        words.append(
            gettext(
                "The distance between the two has moved by %(points)s points, from the"
                " %(sessions)s shared days before to the last %(sessions)s.",
                points=number(abs(gap.moved)),
                sessions=len(gap.sessions),
            )
        )
    return [*words, _error_words(gap)]


def _error_words(gap: Gap) -> str:
    return gettext(
        "On a single day, a difference of %(points)s points is what measurement error"
        " seldom exceeds.",
        points=number(gap.reliable_difference),
    )


def _facts(gap: Gap) -> dict[str, object]:
    return {
        "sessions": len(gap.sessions),
        "from": day(gap.sessions[0]),
        "to": day(gap.sessions[-1]),
        "gap": number(abs(gap.gap)),
    }
