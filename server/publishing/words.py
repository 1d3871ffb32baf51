"""What `rom questionnaires` says: results, differences and troubles in plain words."""

from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from ehr.errors import (
    AccessExpired,
    EhrRefused,
    EhrUnreachable,
    JsonRefused,
    LaunchRefused,
    NotStorable,
    UnsafeAnswer,
)
from ehr.publishing import (
    CannotTell,
    CannotTellCause,
    Created,
    Differs,
    PublishResult,
    Replaced,
    SeveralCopies,
    StoredOtherwise,
    Unchanged,
    WouldCreate,
)
from fhir_mapping.form_difference import Difference
from fhir_mapping.publication import PublishedForm

# Exit codes; the highest of a run counts. 2 is click's for unusable input.
DONE: Final = 0
DIFFERS: Final = 3
UNREACHABLE: Final = 4
REFUSED: Final = 5

LONGEST_SHOWN: Final = 100
MOST_ISSUES: Final = 5

Trouble = (
    AccessExpired
    | EhrRefused
    | EhrUnreachable
    | JsonRefused
    | LaunchRefused
    | NotStorable
    | UnsafeAnswer
)
TROUBLES: Final = (
    AccessExpired,
    EhrRefused,
    EhrUnreachable,
    JsonRefused,
    LaunchRefused,
    NotStorable,
    UnsafeAnswer,
)

_CANNOT_TELL: Final[dict[CannotTellCause, str]] = {
    "no_search": "this EHR cannot search Questionnaires by url, so a write could"
    " double one. Give its integrators the files of `rom questionnaires export`",
    "partial": "the EHR's answer to the search was not complete, so a write could"
    " double it. Try again; if it stays so, look in the EHR for copies of this url",
    "unreadable": "a Questionnaire with this url is there and cannot be read. Look at"
    " it in the EHR",
    "lost": "the EHR took it and cannot find it. It may index with delay: run the same"
    " command again in a minute, it looks first",
}


def words_of(form: PublishedForm) -> str:
    """Languages, and whose the words are."""
    match form.words:
        case "none":
            return "structure only"
        case "licensed":
            return f"{', '.join(form.languages)} (licensed: keep it)"
        case "free":
            return ", ".join(form.languages)


def result_words(result: PublishResult, *, replaceable: bool = True) -> str:
    """One sentence on what happened to one form.

    Args:
        replaceable: whether --replace was not asked for yet.
    """
    match result:
        case Unchanged(place=place):
            return f"unchanged ({place})"
        case WouldCreate():
            return "would be created"
        case Created(place=place):
            return f"created ({place}), read back and the same"
        case Differs(place=place, differences=found):
            meaning = sum(each.changes_meaning for each in found)
            kind = "its meaning" if meaning else "its description only"
            end = (
                "Not written: give it a new version, or ask for --replace"
                if replaceable
                else "It would be replaced"
            )
            return f"{place} has this version and differs, in {kind}. {end}:"
        case Replaced(place=place):
            return f"replaced ({place}); what changed:"
        case StoredOtherwise(place=place):
            return (
                f"stored ({place}), but the EHR did not keep it as it was sent."
                " Show its integrators this difference:"
            )
        case SeveralCopies(places=places):
            return (
                f"not written: the EHR has {len(places)} copies of this version"
                f" ({', '.join(places)}). Remove all but one there"
            )
        case CannotTell(cause=cause):
            return f"cannot tell: {_CANNOT_TELL[cause]}"
        case _:
            assert_never(result)


def outcome_word(result: PublishResult) -> str:
    """The result in a word or two, for tables."""
    match result:
        case Unchanged():
            return "unchanged"
        case WouldCreate():
            return "would be created"
        case Created():
            return "created"
        case Differs():
            return "differs"
        case Replaced():
            return "replaced"
        case StoredOtherwise():
            return "stored otherwise"
        case SeveralCopies():
            return "several copies"
        case CannotTell():
            return "cannot tell"
        case _:
            assert_never(result)


def result_code(result: PublishResult, *, replacing: bool) -> int:
    """The exit code that this result asks for.

    Args:
        replacing: whether --replace was given, so that a difference is as wished.
    """
    match result:
        case Unchanged() | WouldCreate() | Created() | Replaced():
            return DONE
        case Differs():
            return DONE if replacing else DIFFERS
        case StoredOtherwise() | SeveralCopies() | CannotTell():
            return REFUSED
        case _:
            assert_never(result)


def difference_words(difference: Difference) -> str:
    """One line: where, and what changes from what to what."""
    place, stored = difference.place, _shown(difference.stored)
    ours, answer = _shown(difference.ours), difference.detail
    match difference.aspect:
        case "item_added":
            return f"{place}: new item {ours}"
        case "item_removed":
            return f"{place}: item {stored} is no more"
        case "item_moved":
            return f"{place}: stands in another place"
        case "question":
            return f"{place}: question {stored} becomes {ours}"
        case "translation":
            return f"{place}: another translation of the question"
        case "kind":
            return f"{place}: kind of item {stored} becomes {ours}"
        case "codes":
            return f"{place}: codes {stored} become {ours}"
        case "answer_added":
            return f"{place}: new answer {answer} {ours}"
        case "answer_removed":
            return f"{place}: answer {answer} {stored} is no more"
        case "answers_moved":
            return f"{place}: answers stand in another order"
        case "label":
            return f"{place}: answer {answer} reads {ours} and no more {stored}"
        case "points":
            return f"{place}: answer {answer} is worth {ours} and no more {stored}"
        case "condition":
            return f"{place}: asked under another condition"
        case "score_rule":
            return f"{place}: computed in another way: {stored} becomes {ours}"
        case "rest_of_item":
            return f"{place}: other attributes {answer}".rstrip()
        case "about_form":
            if not (difference.stored or difference.ours):
                return f"form, {place}: arranged in another way"
            return f"form, {place}: {stored} becomes {ours}"
        case _:
            assert_never(difference.aspect)


def trouble_words(trouble: Trouble, *, ehr: str, scope: str, writing: bool) -> str:
    """What happened, and what to do next.

    Args:
        ehr: the tenant's name.
        scope: what was asked for.
        writing: whether a write may have been under way.
    """
    needed = f"the scope {scope} for client credentials (SMART Backend Services)"
    match trouble:
        case NotStorable():
            return (
                f"{ehr} stores no Questionnaire: its CapabilityStatement offers no"
                " create. Nothing was written. Give its integrators the files of"
                " `rom questionnaires export`"
            )
        case AccessExpired(cause=cause):
            return (
                f"{ehr} gave us no access ({cause}). Register our client there with"
                f" {needed}"
            )
        case EhrUnreachable(cause=cause, maybe_sent=True) if writing:
            return (
                f"no answer from {ehr} ({cause}). A form may or may not be stored: run"
                " the same command again, it looks first"
            )
        case EhrUnreachable(cause=cause):
            return (
                f"{ehr} cannot be reached ({cause}); nothing more was written. Look"
                " whether it is up and the address in tenants.toml is right; then run"
                " the same command again"
            )
        case EhrRefused(status=403):
            return f"{ehr} does not allow it (HTTP 403). It must grant {needed}"
        case EhrRefused(status=status, operation_outcome=outcome):
            said = "; ".join(_issues(outcome or {}))
            return f"{ehr} refused it (HTTP {status})" + (f": {said}" if said else "")
        case LaunchRefused(cause=cause):
            return (
                f"the SMART configuration of {ehr} cannot be used ({cause}). Compare"
                " endpoint_origins and id_token_issuer in tenants.toml with it"
            )
        case JsonRefused() | UnsafeAnswer():
            return f"the answer of {ehr} cannot be used: {trouble}"
        case _:
            assert_never(trouble)


def trouble_code(trouble: Trouble) -> int:
    """The exit code of a trouble."""
    return UNREACHABLE if isinstance(trouble, EhrUnreachable) else REFUSED


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _issues(outcome: Mapping[str, object]) -> list[str]:
    """Severities, codes, places and texts: of a form, so nobody's data."""
    issues = outcome.get("issue")
    found = [
        each
        for each in (issues if isinstance(issues, list) else [])
        if isinstance(each, dict) and each.get("severity") in ("error", "fatal")
    ]
    lines = []
    for each in found[:MOST_ISSUES]:
        places = each.get("expression")
        place = places[0] if isinstance(places, list) and places else ""
        parts = (each.get("code"), place, each.get("diagnostics"))
        lines.append(" ".join(_printable(p) for p in parts if isinstance(p, str) and p))
    more = len(found) - MOST_ISSUES
    return [*lines, *([f"and {more} more"] if more > 0 else [])]


def _shown(text: str) -> str:
    return f"“{_printable(text)}”" if text else "(nothing)"


def _printable(text: str) -> str:
    """One line, no control character: it may come from a strange server."""
    plain = "".join(each if each.isprintable() else " " for each in text)
    if len(plain) <= LONGEST_SHOWN:
        return plain
    return f"{plain[: LONGEST_SHOWN - 1]}…"
