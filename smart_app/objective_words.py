"""The objectives of one course in words: a mirror for two people, no mark for one."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext, ngettext

from clinical.across_episodes.objectives import Objective, ObjectiveId, State


@dataclass(frozen=True, slots=True)
class ObjectiveView:
    """One line: what was aimed at, how far, and what was left out."""

    id: str
    text: str
    state: str
    apart: str


def objective_views(found: Sequence[Objective]) -> tuple[ObjectiveView, ...]:
    """The objectives that have something to say in this course."""
    names = objective_names()
    return tuple(
        ObjectiveView(each.id, names[each.id], _state(each), _apart(each))
        for each in found
        if each.state != "nothing-to-do"
    )


def objective_names() -> dict[ObjectiveId, str]:
    return {
        "O1": gettext(
            "The first eight sessions begin with the outcome, and it is looked at"
        ),
        "O2": gettext("A lower alliance rating is talked about in the same session"),
        "O3": gettext("After a drop of the alliance a repair is recorded in time"),
        "O4": gettext("An answer each week, and a joint look at every fourth session"),
        "O5": gettext("Without reliable gain the plan is reviewed in time"),
        "O6": gettext("Each session begins with a look together"),
        "O7": gettext(
            "Outcome and alliance measured and talked about, in the last three months"
        ),
    }


def state_words(state: State) -> str:
    return {
        "met": gettext("so it was"),
        "not-met": gettext("not always"),
        "cannot-tell-yet": gettext("too early to say"),
        "nothing-to-do": gettext("nothing to do"),
    }[state]


def _state(objective: Objective) -> str:
    if not objective.of:
        return state_words(objective.state)
    return gettext(
        "%(state)s: %(done)s of %(of)s",
        state=state_words(objective.state),
        done=objective.done,
        of=objective.of,
    )


def _apart(objective: Objective) -> str:
    """What is in no count, said apart."""
    said = []
    if objective.refused:
        said.append(
            ngettext(
                "%(num)s session without a form by the person's own wish",
                "%(num)s sessions without a form by the person's own wish",
                objective.refused,
            )
        )
    if objective.crisis:
        said.append(
            ngettext(
                "%(num)s crisis contact", "%(num)s crisis contacts", objective.crisis
            )
        )
    return ", ".join(said)
