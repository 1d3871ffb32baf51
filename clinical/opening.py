"""One opening of a chart: from what is known then to what the rules say.

Live call, silent mode, replay and explanation go through here, so that none of them
can say anything else than the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from clinical.attendance import Visit
from clinical.measurement import Episode
from clinical.norms.library import NormLibrary, norms_for
from clinical.plan import MeasurementPlan
from clinical.signals.read import SignalReport, read_signals


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known when somebody opens a chart.

    Attributes:
        today: the day of it, as the site counts its days.
        unread: entries of the chart that could not be read.
        born: date of birth; None where nobody said it, and then there is no norm.
        plan_reviews: days on which the treatment plan was reviewed.
        visits: that were to begin until then; None where nobody tells of them.
    """

    episode: Episode
    today: date
    unread: int = 0
    born: date | None = None
    plan_reviews: Sequence[date] = ()
    visits: Sequence[Visit] | None = None


def report_of(
    opening: Opening, plan: MeasurementPlan, norms: NormLibrary
) -> SignalReport:
    """What the rules say at this opening; which of it may interrupt comes after."""
    return read_signals(
        opening.episode,
        plan,
        today=opening.today,
        unread=opening.unread,
        norms=norms_for(
            norms,
            opening.episode,
            born=opening.born,
            today=opening.today,
            new_after_days=plan.new_course_after_days,
        ),
        visits=opening.visits,
        plan_reviews=opening.plan_reviews,
    )


def occasion_of(encounter: str, plan: MeasurementPlan, *, today: date) -> str:
    """What "shown before" is about: the encounter, else the day; or nothing at all.

    A card that stays until somebody answers it is the same card at every occasion.

    Args:
        encounter: its id; empty where the EHR names none.
    """
    if plan.repeat == "until_acknowledged":
        return ""
    return encounter or today.isoformat()
