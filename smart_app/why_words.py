"""Each rule in one plain sentence, and what it does not tell."""

from typing import assert_never

from flask_babel import gettext

from clinical.signals.kinds import RuleId


def rule_in_words(rule: RuleId) -> str:
    """What the rule compares; its numbers stand beside it, each with a source."""
    match rule:
        case "S1":
            return gettext(
                "An answer to this item that a person must see is shown at once,"
                " whatever the score. A blank is asked about."
            )
        case "S2":
            return gettext(
                "Worse than at the start by at least the reliable change, now."
            )
        case "S3":
            return gettext(
                "Worse than the line that 9 in 10 people with a similar start do not"
                " pass at this session."
            )
        case "S4":
            return gettext(
                "Sessions have passed since the start or the last plan review, and no"
                " reading was reliably better than the start."
            )
        case "S5":
            return gettext(
                "The last readings hardly change, and the goal is not reached."
            )
        case "S6":
            return gettext(
                "Better than the reading before by at least the reliable change."
            )
        case "S7":
            return gettext("Reliable moves to and fro, again and again.")
        case "S8":
            return gettext(
                "Reliably better than at the start and past the cut-off, in several"
                " readings in a row."
            )
        case "R1":
            return gettext(
                "Below the number that this clinic has set for the rating, or for one"
                " of its lines."
            )
        case "R2":
            return gettext("Below the mean of this person's own first ratings.")
        case "R3":
            return gettext(
                "Well below this person's usual rating, measured by their own spread."
            )
        case "R4":
            return gettext(
                "Below the limit of this person's own control chart, or long below its"
                " centre."
            )
        case "R5":
            return gettext(
                "After a drop, back within one spread of what was usual before it."
            )
        case "R6":
            return gettext(
                "After a drop, no rating has come back in the sessions since."
            )
        case "R7":
            return gettext("The highest possible rating, several times running.")
        case "R8":
            return gettext(
                "The outcome is worse, or changes less than expected, and the alliance"
                " is down, within the same few sessions."
            )
        case "D1":
            return gettext(
                "The last visit was missed, and the sessions before it showed a"
                " decline, or less change than expected."
            )
        case _:
            assert_never(rule)


def does_not_tell(rule: RuleId) -> str:
    """The limits of the rule."""
    match rule:
        case "S1":
            return gettext("This is what was answered, not an assessment of risk.")
        case "S3":
            return gettext(
                "The norm describes people who stayed until this session. It is an"
                " average, not a goal, and does not tell what will happen."
            )
        case "S2" | "S4" | "S5" | "S6" | "S7" | "S8":
            return gettext(
                "A change beyond measurement error may still be chance. It does not"
                " tell the cause, and not what will happen."
            )
        case "R1" | "R2" | "R3" | "R4" | "R5" | "R6" | "R7":
            return gettext(
                "A low rating is no judgement on the therapist, and a high one no"
                " proof that all is well."
            )
        case "R8":
            return gettext(
                "It does not tell which of the two came first, or whether one is the"
                " cause of the other."
            )
        case "D1":
            return gettext("Why the visit was missed is not known.")
        case _:
            assert_never(rule)
