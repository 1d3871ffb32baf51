"""The record of a plan review in words, for the form, the page and the note."""

from collections.abc import Mapping

from flask_babel import gettext

from clinical.across_episodes.objectives import Framing
from clinical.support.plan_review import (
    PlanReview,
    ReviewProblem,
)
from smart_app.figures import day
from smart_app.support_words import branch_words, domain_words


def role_words() -> Mapping[str, str]:
    return {
        "client": gettext("the client"),
        "clinician": gettext("the clinician"),
        "supervisor": gettext("a supervisor"),
        "supporter": gettext("a supporter of the client"),
    }


def view_words() -> Mapping[str, str]:
    """How the client sees it; the words themselves belong in the note."""
    return {
        "helps-as-hoped": gettext("it helps as hoped"),
        "helps-not-yet": gettext("it does not help yet"),
        "worse-since-something-happened": gettext("worse since something happened"),
        "not-what-is-needed": gettext("it is not what is needed"),
        "between-us": gettext("something between us"),
        "outside-obstacles": gettext("obstacles outside"),
        "form-misses-it": gettext("the form misses what matters"),
        "no-view-today": gettext("no view today"),
    }


def reason_words() -> Mapping[str, str]:
    """Why people go on unchanged."""
    return {
        "expected-dip": gettext("an expected dip after difficult work"),
        "too-early": gettext("too early to change"),
        "external-event": gettext("an event outside explains it"),
        "client-wants-to-go-on": gettext("the client wants to go on"),
        "measure-does-not-fit": gettext("the form does not fit this person"),
        "plan-already-changed": gettext("the plan was changed already"),
    }


def decision_words() -> Mapping[str, str]:
    return {
        "continue": gettext("go on unchanged"),
        "change": gettext("change one thing"),
        "consult": gettext("consult or supervise"),
        "refer": gettext("refer"),
        "step-up": gettext("step up"),
        "step-down": gettext("step down"),
        "end": gettext("end"),
    }


def last_change_words() -> Mapping[str, str]:
    """What became of the change that was agreed on before."""
    return {
        "none-before": gettext("there was none"),
        "better": gettext("better"),
        "no-change": gettext("no change"),
        "worse": gettext("worse"),
        "not-checked": gettext("not looked at"),
    }


def problem_words(problem: ReviewProblem) -> str:
    """What the record still lacks, as one sentence."""
    return {
        "nobody-saw-the-graph": gettext("Say who looked at the graph."),
        "client-view-missing": gettext("Ask for the client's own view first."),
        "last-change-missing": gettext("Say what became of the change before."),
        "crisis-check-missing": gettext("Ask about safety, then tick it."),
        "no-domain": gettext("Choose what you looked at."),
        "too-many-domains": gettext("Choose at most two things to look at."),
        "measure-fit-missing": gettext("Say whether the form fits this person."),
        "decision-missing": gettext("Choose what was decided."),
        "continue-without-reason": gettext("To go on unchanged needs a reason."),
        "change-without-branch": gettext("Choose the one change you agreed on."),
        "more-than-one-change": gettext("Choose one change only."),
        "branch-of-another-domain": gettext(
            "The change must belong to something you looked at."
        ),
        "nobody-agreed": gettext("Say who agreed."),
        "no-next-date": gettext("Choose the day on which you look again."),
        "next-date-not-after-review": gettext(
            "The day on which you look again must be after today."
        ),
        "unknown-code": gettext("Choose only what the form offers."),
    }[problem]


def review_lines(review: PlanReview) -> tuple[tuple[str, str], ...]:
    """Label and content, in the order of the form; codes of older trees as they are."""
    domains = {key: words[0] for key, words in domain_words().items()}
    lines = [
        (gettext("Plan review on"), day(review.at.date())),
        (gettext("What led to it"), trigger_words(review.trigger)),
        (gettext("Looked at the graph"), _said(role_words(), *review.graph_seen_by)),
        (gettext("Client's own view"), _said(view_words(), review.client_view)),
        (
            gettext("The change before"),
            _said(last_change_words(), review.last_change),
        ),
        (
            gettext("Safety was asked about"),
            gettext("yes") if review.crisis_checked else gettext("no"),
        ),
        (gettext("Looked at"), _said(domains, *review.domains)),
        (
            gettext("The form fits this person"),
            gettext("yes") if review.measure_fits else gettext("no"),
        ),
        (gettext("Decided"), _said(decision_words(), review.decision)),
        (gettext("The one change"), _said(branch_words(), *review.branches)),
        (gettext("Why unchanged"), _said(reason_words(), review.reason)),
        (gettext("Agreed by"), _said(role_words(), *review.agreed_by)),
        (
            gettext("Look again on"),
            day(review.next_look) if review.next_look else "",
        ),
    ]
    return tuple((label, content) for label, content in lines if content)


def trigger_words(rule: str) -> str:
    """The signal that suggested the review, in a few words, with its rule."""
    said = signal_names().get(rule)
    if said is None:
        return rule or gettext("no signal")
    return gettext("%(signal)s (%(rule)s)", signal=said, rule=rule)


def signal_names() -> Mapping[str, str]:
    """Each rule's signal in a few words; the page of today has its numbers."""
    return {
        "S1": gettext("a safety answer"),
        "S2": gettext("worse than at the start"),
        "S3": gettext("less change than expected"),
        "S4": gettext("no reliable gain yet"),
        "S5": gettext("little change lately"),
        "S6": gettext("a large gain"),
        "S7": gettext("scores that swing"),
        "S8": gettext("the goal reached"),
        "R1": gettext("alliance below the clinic's cut-off"),
        "R2": gettext("alliance below the first ratings"),
        "R3": gettext("alliance below the usual"),
        "R4": gettext("alliance outside its usual limits"),
        "R5": gettext("alliance repaired"),
        "R6": gettext("alliance not repaired"),
        "R7": gettext("alliance always at the maximum"),
        "R8": gettext("outcome and alliance both down"),
        "D1": gettext("a missed visit while things are worse"),
    }


def framing_line(framing: Framing) -> str:
    """O8: the line for the note; "" while therapy or problem are not named."""
    if not framing.is_complete:
        return ""
    return gettext(
        "Outcome and alliance monitoring was used within %(therapy)s to address"
        " %(problem)s.",
        therapy=framing.therapy.strip(),
        problem=framing.problem.strip(),
    )


def note_text(review: PlanReview, framing: Framing) -> str:
    """The whole record as plain text, to be copied into the clinical note."""
    lines = [f"{label}: {content}" for label, content in review_lines(review)]
    framed = framing_line(framing)
    return "\n".join([*lines, *([framed] if framed else [])])


def _said(words: Mapping[str, str], *codes: str) -> str:
    return ", ".join(words.get(each, each) for each in codes if each)
