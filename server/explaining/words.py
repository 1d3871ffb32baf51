"""An explained card in words: for a clinician in plain ones, for an auditor in full."""

import json
from collections.abc import Iterator
from types import MappingProxyType
from typing import assert_never

from flask_babel import gettext, ngettext

from clinical.recorded.numbers import Changed
from clinical.signals.evidence import rule_of
from clinical.trajectory import followed_score
from questionnaires.library import Library
from server.explaining.card import Explained, for_machines
from smart_app.figures import day, number
from smart_app.sentence_parts import title
from smart_app.why_words import does_not_tell, rule_in_words
from smart_app.words import sentence

Sections = Iterator[tuple[str, list[str]]]


def for_clinician(found: Explained) -> str:
    """What was seen, which rule, which numbers, what it does not tell, what next."""
    return _text(_sections(found))


def for_auditor(found: Explained) -> str:
    """The same, and below it everything that was recorded, with its hashes."""
    told = for_machines(found, reader="auditor")
    lines = [
        f"{key}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in told.items()
        if not isinstance(value, list)
    ]
    for key, value in told.items():
        if isinstance(value, list):
            lines.append(f"{key}:")
            lines += [f"  {json.dumps(each, ensure_ascii=False)}" for each in value]
    more = [
        (gettext("Why it could interrupt"), list(_interruption(found))),
        (gettext("In full"), lines),
    ]
    return f"{_text(_sections(found))}\n\n{_text(iter(more))}"


def _sections(found: Explained) -> Sections:
    record, again = found.record, found.rebuilt.interruption
    yield (
        gettext("What the card said"),
        [record.said["summary"], *record.said["detail"].split("\n\n")],
    )
    yield gettext("What was seen"), list(_readings(found))
    if again is not None:
        library = _library_of(found)
        rule = rule_of(again.signal)
        told = sentence(again.signal, library)
        yield gettext("Rule"), [f"{rule}: {rule_in_words(rule)}"]
        yield gettext("Inputs"), [f"{label}: {value}" for label, value in told.why]
        yield (
            gettext("Numbers and where they come from"),
            [f"{each.name} {each.value}: {each.source.text}" for each in found.numbers],
        )
        yield gettext("What it does not tell"), [does_not_tell(rule)]
        if told.next_step:
            yield gettext("Next step"), [told.next_step]
    yield gettext("Made again from what was recorded"), list(_verdict(found))


def _interruption(found: Explained) -> Iterator[str]:
    """What of the decision is recorded; other signals of that day are not."""
    shown = [each for each in found.before.cards if each.row.served]
    if shown:
        yield ngettext(
            "One card of this cause had been shown before: %(days)s.",
            "%(num)s cards of this cause had been shown before: %(days)s.",
            len(shown),
            days=", ".join(day(each.first_at.date()) for each in shown),
        )
    else:
        yield gettext("No card of this cause had been shown before.")
    if found.before.answers:
        last = found.before.answers[-1]
        yield gettext(
            "Last answered on %(date)s (%(outcome)s), at level %(then)s; this card's"
            " level was %(now)s, and lower is worse.",
            date=day(last.at.date()),
            outcome=last.outcome,
            then=last.level,
            now=found.kept.logged.row.level,
        )
    else:
        yield gettext("No card of this cause had been answered before.")
    yield _heading(found)


def _heading(found: Explained) -> str:
    if found.plan.norms.false_alarms is None:
        return gettext("The plan sets no share of false alarms.")
    match found.record.heading:
        case "not_on_track":
            return gettext(
                "The plan's share of false alarms applied: the course was not on track."
            )
        case "cannot_tell_yet":
            return gettext(
                "The plan's share of false alarms did not apply: nobody could tell"
                " where the course was heading."
            )
        case "on_track":
            return gettext(
                "The course was on track; this card stands in place of one about the"
                " same course that says less."
            )
        case None:
            return gettext(
                "The plan's share of false alarms did not apply: no norm with"
                " thresholds for this course, or not one of the rules that wait (S2,"
                " S3)."
            )
        case other:
            assert_never(other)


def _readings(found: Explained) -> Iterator[str]:
    for each in found.inputs.sittings:
        instrument = found.plan.instrument(each.instrument_id)
        assert instrument is not None  # it was written with this plan
        score = followed_score(each, instrument)
        notes = [
            note
            for note, holds in (
                (gettext("estimated, some items were blank"), score and score.prorated),
                (gettext("not yet in the record"), not each.in_record),
            )
            if holds
        ]
        value = gettext("no score") if score is None else number(score.value)
        extra = f" ({', '.join(notes)})" if notes else ""
        name = title(instrument, each.respondent)
        yield f"{day(each.authored.date())}  {name}: {value}{extra}"


def _verdict(found: Explained) -> Iterator[str]:
    if not found.rebuilt.differences:
        yield gettext("The same, byte for byte.")
    for each in found.rebuilt.differences:
        yield _difference(each)
    for each in found.since:
        yield _since(each)
    if found.since:
        yield {
            "same": gettext("With today's plan the signal would be the same."),
            "changed": gettext(
                "With today's plan the signal would be on, with other numbers."
            ),
            "nothing": gettext("With today's plan there would be no such signal."),
        }[found.today or "nothing"]


def _difference(each: Changed) -> str:
    if each.name.startswith("norm:"):
        return gettext(
            "It differs: %(norm)s (%(sha256)s) is no longer here, so the signal cannot"
            " be made again. Give its file with --pack.",
            norm=each.name.removeprefix("norm:"),
            sha256=each.then,
        )
    if each.now is None:
        return gettext(
            "It differs: the rules of this program raise no signal from these inputs."
        )
    return gettext(
        "It differs: %(what)s was logged as “%(then)s” and is now “%(now)s”.",
        what=each.name,
        then=each.then,
        now=each.now,
    )


def _since(each: Changed) -> str:
    nothing = gettext("not in the plan")
    return gettext(
        "Since then it differs: %(what)s was %(then)s, and today it is %(now)s.",
        what=each.name,
        then=nothing if each.then is None else each.then,
        now=nothing if each.now is None else each.now,
    )


def _library_of(found: Explained) -> Library:
    """The forms as they were then; their words were never recorded."""
    forms = {each.id: each for each in found.plan.forms}
    return Library(MappingProxyType(forms), MappingProxyType({}))


def _text(sections: Sections) -> str:
    return "\n\n".join(
        "\n".join([heading, *(f"  {line}" for line in lines)])
        for heading, lines in sections
    )
