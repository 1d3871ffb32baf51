"""The form "Record what we agreed": from what was sent to entries, and back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from clinical.across_episodes.objectives import Framing
from clinical.support.plan_review import ReviewEntries, ReviewProblem
from clinical.support.tree import SupportTree
from smart_app.review_words import (
    decision_words,
    last_change_words,
    problem_words,
    reason_words,
    role_words,
    trigger_words,
    view_words,
)
from smart_app.support_words import branch_words, domain_words

LONGEST_TEXT = 200  # characters of what goes into the note's line, and nowhere else

# Under which field a problem is shown.
FIELD_OF: Mapping[ReviewProblem, str] = {
    "client-view-missing": "view",
    "nobody-saw-the-graph": "seen",
    "last-change-missing": "last",
    "crisis-check-missing": "crisis",
    "no-domain": "domain",
    "too-many-domains": "domain",
    "measure-fit-missing": "fits",
    "decision-missing": "decision",
    "change-without-branch": "branch",
    "more-than-one-change": "branch",
    "branch-of-another-domain": "branch",
    "continue-without-reason": "reason",
    "nobody-agreed": "agreed",
    "no-next-date": "next",
    "next-date-not-after-review": "next",
    "unknown-code": "trigger",
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """A signal that may have led to the review, as the page knew it.

    Attributes:
        norm_hash: of its norm, "" if it rests on none.
        focus: the resource of its latest reading, "" if it is not in the record yet.
    """

    rule: str
    norm_hash: str
    focus: str


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The changes that belong to one domain."""

    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    field: str
    text: str


@dataclass(frozen=True, slots=True)
class ReviewFormView:
    """Everything the form shows; what was entered before is chosen again."""

    triggers: tuple[Choice, ...]
    views: tuple[Choice, ...]
    seen: tuple[Choice, ...]
    last: tuple[Choice, ...]
    crisis: bool
    domains: tuple[Choice, ...]
    fits: tuple[Choice, ...]
    decisions: tuple[Choice, ...]
    branches: tuple[Group, ...]
    reasons: tuple[Choice, ...]
    agreed: tuple[Choice, ...]
    next_look: str
    earliest: str
    therapy: str
    problem: str
    problems: tuple[Problem, ...]
    wrong: Mapping[str, str]  # field -> what is wrong there


def entries_from(
    form: MultiDict[str, str], *, at: datetime, trigger: Trigger | None
) -> ReviewEntries:
    """What was sent; nothing is judged here."""
    return ReviewEntries(
        at=at,
        trigger=trigger.rule if trigger else "",
        norm_hash=trigger.norm_hash if trigger else "",
        graph_seen_by=_each(form, "seen"),
        client_view=form.get("view", ""),
        last_change=form.get("last", ""),
        domains=_each(form, "domain"),
        branches=_each(form, "branch"),
        crisis_checked=form.get("crisis") == "yes",
        decision=form.get("decision", ""),
        reason=form.get("reason", ""),
        agreed_by=_each(form, "agreed"),
        next_look=_day(form.get("next", "")),
        measure_fits={"yes": True, "no": False}.get(form.get("fits", "")),
    )


def no_entries(at: datetime, *, trigger: str, last_change: str) -> ReviewEntries:
    """The form before anybody has touched it: no view and no decision is preset."""
    return ReviewEntries(
        at=at,
        trigger=trigger,
        norm_hash="",
        graph_seen_by=(),
        client_view="",
        last_change=last_change,
        domains=(),
        branches=(),
        crisis_checked=False,
        decision="",
        reason="",
        agreed_by=(),
        next_look=None,
        measure_fits=None,
    )


def framing_from(form: MultiDict[str, str]) -> Framing:
    """For the line of the note; kept nowhere."""
    return Framing(
        form.get("therapy", "")[:LONGEST_TEXT], form.get("problem", "")[:LONGEST_TEXT]
    )


def form_view(
    entries: ReviewEntries,
    tree: SupportTree,
    *,
    triggers: Sequence[Trigger],
    framing: Framing,
    problems: Iterable[ReviewProblem] = (),
) -> ReviewFormView:
    """The form with these entries."""
    told = tuple(Problem(FIELD_OF[each], problem_words(each)) for each in problems)
    words, titles = branch_words(), domain_words()
    fits = {None: "", True: "yes", False: "no"}[entries.measure_fits]
    rules = ("", *dict.fromkeys(each.rule for each in triggers))
    return ReviewFormView(
        triggers=_choices(
            {each: trigger_words(each) for each in rules}, entries.trigger
        ),
        views=_choices(view_words(), entries.client_view),
        seen=_choices(role_words(), *entries.graph_seen_by),
        last=_choices(last_change_words(), entries.last_change),
        crisis=entries.crisis_checked,
        domains=_choices(
            {each.id: titles[each.id][0] for each in tree.domains}, *entries.domains
        ),
        fits=_choices({"yes": gettext("yes"), "no": gettext("no")}, fits),
        decisions=_choices(decision_words(), entries.decision),
        branches=tuple(
            Group(
                titles[each.id][0],
                _choices({b: words[b] for b in each.branches}, *entries.branches),
            )
            for each in tree.domains
        ),
        reasons=_choices(reason_words(), entries.reason),
        agreed=_choices(role_words(), *entries.agreed_by),
        next_look=entries.next_look.isoformat() if entries.next_look else "",
        earliest=(entries.at.date() + timedelta(days=1)).isoformat(),
        therapy=framing.therapy,
        problem=framing.problem,
        problems=told,
        wrong={each.field: each.text for each in reversed(told)},
    )


def _choices(words: Mapping[str, str], *chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(key, label, key in chosen) for key, label in words.items())


def _each(form: MultiDict[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in form.getlist(name) if each))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
