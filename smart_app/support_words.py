"""The support path in words: what to look at, what may follow, how to repair.

Invitations and open questions. No verdict, no advice on drug, dose or diagnosis, and
nothing of any published support tool's items.
"""

from dataclasses import dataclass

from flask_babel import gettext

from clinical.support.cycle import Step
from clinical.support.tree import Domain, SupportTree


@dataclass(frozen=True, slots=True)
class DomainView:
    """One domain as the page shows it.

    Attributes:
        pointed: a signal points here, so it stands open, and first after safety.
        branches: id and words of what people may agree on.
    """

    id: str
    title: str
    question: str
    branches: tuple[tuple[str, str], ...]
    pointed: bool


def domain_views(tree: SupportTree, rules: frozenset[str]) -> tuple[DomainView, ...]:
    """Safety, then the domains that signals point to, then the others, in order."""
    pointed = tree.first_to_open(rules)
    safety = tuple(each for each in tree.domains if each.id == "safety")
    return tuple(
        _view(each, pointed=each in pointed)
        for each in dict.fromkeys((*safety, *pointed, *tree.domains))
    )


def _view(domain: Domain, *, pointed: bool) -> DomainView:
    words = branch_words()
    title, question = domain_words()[domain.id]
    return DomainView(
        id=domain.id,
        title=title,
        question=question,
        branches=tuple((each, words[each]) for each in domain.branches),
        pointed=pointed,
    )


def domain_words() -> dict[str, tuple[str, str]]:
    """Title and question of each domain, by its id."""
    return {
        "safety": (
            gettext("Safety"),
            gettext("Is there anything now that makes you feel unsafe?"),
        ),
        "alliance": (
            gettext("Working together"),
            gettext("How are we working together? What has been missing with me?"),
        ),
        "motivation": (
            gettext("Motivation and expectations"),
            gettext(
                "What do you hope for, and does what we do here make sense to you?"
            ),
        ),
        "social-support": (
            gettext("Support by others"),
            gettext("Who stands by you, and who knows that you come here?"),
        ),
        "life-events": (
            gettext("Life events"),
            gettext("What has happened in your life since things changed?"),
        ),
        "method-fit": (
            gettext("Fit of the method"),
            gettext("Which part of what we do helps, and which does not?"),
        ),
        "dose": (
            gettext("How much and what level of care"),
            gettext("Is this often enough, too often, or is another kind of help due?"),
        ),
        "measure-fit": (
            gettext("Fit of the form"),
            gettext("Do the questions fit your language, your culture and your life?"),
        ),
    }


def branch_words() -> dict[str, str]:
    """What may be agreed on, by its id in the tree."""
    return {
        "safety-plan": gettext("make or renew the safety plan"),
        "protective-people": gettext("bring in the people who protect"),
        "crisis-contact": gettext("agree whom to call in a crisis"),
        "repair-conversation": gettext("have the repair conversation"),
        "goals-tasks-pace": gettext("agree anew on goals, tasks and pace"),
        "supervision": gettext("take it to supervision"),
        "own-reasons": gettext("gather the person's own reasons in their own words"),
        "size-of-tasks": gettext("make the tasks between sessions smaller"),
        "method-makes-sense": gettext("explain the method until it makes sense"),
        "involve-supporter": gettext("involve a supporter, if the person agrees"),
        "couple-family-group": gettext("hold a couple, family or group session"),
        "community-offers": gettext("use what the community offers"),
        "practical-first": gettext("do practical or crisis work first"),
        "adapt-pace": gettext("adapt the pace"),
        "skills-before-exposure": gettext("build skills before exposure or insight"),
        "review-formulation": gettext("look at the formulation again"),
        "other-method": gettext("try another method"),
        "more-or-fewer-sessions": gettext("meet more often, or less often"),
        "medical-opinion": gettext("ask for a medical opinion"),
        "step-up-or-down": gettext("step the level of care up or down"),
        "language": gettext("offer the form in another language"),
        "culture": gettext("talk about what the questions mean in this culture"),
        "literacy": gettext("read the form together"),
        "other-measure": gettext("use another form"),
    }


def repair_words(tree: SupportTree) -> tuple[str, ...]:
    """The repair conversation, step by step."""
    words = {
        "thank-and-name": gettext("Thank for the honest rating, and name the drop."),
        "ask-what-was-missing": gettext("Ask for an example of what was missing."),
        "own-your-part": gettext("Own your part in it, without defence."),
        "check-goals-tasks-pace": gettext(
            "Check goals, tasks, pace, language and culture."
        ),
        "agree-one-visible-change": gettext("Agree on one change that both can see."),
        "put-it-in-the-plan": gettext("Put it in the plan: record it below."),
        "read-the-next-rating-together": gettext("Read the next rating together."),
    }
    return tuple(words[each] for each in tree.repair.steps)


def reflective_prompts() -> tuple[str, ...]:
    """Questions for the person who treats; shown on demand, kept nowhere."""
    return (
        gettext("Whom do I assume to improve, without data?"),
        gettext("What do I feel when a score drops?"),
        gettext("What do I collect and never use?"),
        gettext("How may culture or language shape this rating?"),
        gettext("Have I a plan I can repeat when things are not going as hoped?"),
    )


def step_words(step: Step) -> str:
    """What is due now in the problem-solving cycle."""
    match step:
        case "look-together":
            return gettext(
                "Look at the answers together; the client's own view comes first."
            )
        case "wait":
            return gettext("A day to look again is agreed. Until then go on as agreed.")
        case "check":
            return gettext(
                "The day has come to look at the agreed change: what became of it?"
            )
        case "supervision":
            return gettext(
                "One round brought no change. Take this case to supervision."
            )
        case "other-help":
            return gettext(
                "Two rounds brought no change. Talk about another method, another"
                " therapist or another level of care."
            )
