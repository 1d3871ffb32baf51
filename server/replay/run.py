"""From the charts of an export to sums: each person by itself, in several processes."""

import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

from cds_hooks.cards import (
    CardPlace,
    answered_at_other_ages,
    cards_of,
    foreign_numbers,
)
from clinical.across_episodes.replay import (
    Moment,
    Past,
    Replayed,
    Way,
    moments_of,
    replayed,
)
from clinical.across_episodes.replay_counts import (
    Change,
    Tally,
    cards_in,
    change_of,
    tally_of,
)
from clinical.measurement import episode_from
from clinical.plan import MeasurementPlan
from ehr.bulk.charts import ChartReader, Charts
from ehr.bulk.helpers import helpers
from fhir_mapping.history import history_of
from fhir_mapping.visits import begun_visits
from server.languages import TRANSLATIONS, read_catalogues, words_without_request
from server.replay.inputs import Rules, Wish, read_rules

AT_ONCE = 32  # people handed to a process at a time
ANSWERED = "every card answered when shown"
UnreadKey = tuple[str, str, str]  # type, place, reason
_LISTED: UnreadKey = ("opening of the list", "at", "after_the_export")
People = Sequence[tuple[str, "array[int]", tuple[Moment, ...] | None]]


@dataclass(frozen=True, slots=True)
class ShownCard:
    """One card at one opening, as the EHR would have been given it."""

    at: datetime
    occasion: str
    cause: str
    data_hash: str
    card: Mapping[str, object]


@dataclass(slots=True)
class Outcome:
    """Sums over people; no row about one.

    Attributes:
        changes: by what was changed.
        unread: of the charts, by type, place and reason.
        prints: of each person's cards, so that two runs can be compared to the byte.
    """

    tally: Tally = field(default_factory=Tally)
    changes: dict[str, Change] = field(default_factory=dict)
    unread: Counter[UnreadKey] = field(default_factory=Counter)
    not_ours: int = 0
    withdrawn: int = 0
    prints: list[bytes] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """The people of the other one too."""
        self.tally.add(other.tally)
        for name, change in other.changes.items():
            self.changes.setdefault(name, Change()).add(change)
        self.unread += other.unread
        self.not_ours += other.not_ours
        self.withdrawn += other.withdrawn
        self.prints += other.prints


def replay_of(
    charts: Charts,
    wish: Wish,
    rules: Rules,
    *,
    moments: Mapping[str, tuple[Moment, ...]] | None = None,
    processes: int = 1,
    told: Callable[[int, int], None] = lambda _done, _all: None,
) -> Outcome:
    """All people of an export.

    Args:
        moments: when whose chart was opened; None asks the wish.
        told: people done and people in all.

    Raises:
        OSError: a file of the export is gone.
        concurrent.futures.process.BrokenProcessPool: a process was ended from outside.
    """
    people = [
        (patient, places, None if moments is None else moments.get(patient, ()))
        for patient, places in charts.places.items()
    ]
    pieces = [people[at : at + AT_ONCE] for at in range(0, len(people), AT_ONCE)]
    found, done = Outcome(), 0
    for size, piece in _replayed(
        pieces, Replayer(wish, rules, charts.files), processes=processes
    ):
        found.add(piece)
        done += size
        told(done, len(people))
    return found


class Replayer:
    """Goes through one person's past after the other's; the words need its context."""

    def __init__(self, wish: Wish, rules: Rules, files: Sequence[Path]) -> None:
        self.wish = wish
        self.rules = rules
        self.files = files
        self._reader = ChartReader(files)
        self._catalogues = read_catalogues(TRANSLATIONS)

    def words(self) -> AbstractContextManager[None]:
        """In here cards have words, in the plan's first language."""
        return words_without_request(self._catalogues, self.rules.plan.languages[0])

    def of_people(self, people: People) -> Outcome:
        """The sums of these people."""
        found = Outcome()
        with self.words():
            for patient, places, moments in people:
                found.add(self._of_one(patient, places, moments))
        return found

    def cards(self, past: Past, moments: Sequence[Moment]) -> Iterator[ShownCard]:
        """Every card at every opening of one person's chart; inside `words`."""
        for each in self._opened(past, moments, self.rules.plan):
            yield from cards_at(each, self.rules)

    def _of_one(
        self, patient: str, places: "array[int]", moments: tuple[Moment, ...] | None
    ) -> Outcome:
        rules = self.rules
        resources, unread = self._reader.chart(patient, places)
        history = history_of(
            resources,
            patient=patient,
            library=rules.library,
            dialect=rules.dialect,
            unread=unread,
        )
        past, late = _until(history.past, self.wish.until)
        if self.wish.visits:
            begun = begun_visits(resources, self.wish.visits)
            moments = tuple(Moment(each.start, each.id) for each in begun)
        elif moments is None:
            assert self.wish.rhythm is not None
            moments = moments_of(past.episode, self.wish.rhythm)
        else:
            listed, until = moments, self.wish.until
            moments = tuple(each for each in listed if not until or each.at <= until)
            if len(moments) < len(listed):
                late[_LISTED] += len(listed) - len(moments)
        opened = self._opened(past, moments, rules.plan)
        own = cards_in(opened)
        changes = {
            name: change_of(own, cards_in(self._opened(past, moments, plan)))
            for name, plan in rules.others.items()
        }
        if self.wish.way == "speaking":
            answered = self._opened(past, moments, rules.plan, way="answered")
            changes[ANSWERED] = change_of(own, cards_in(answered))
        return Outcome(
            tally_of(past, opened),
            changes,
            late
            + Counter(
                (each.resource_type, each.place, each.reason) for each in history.unread
            ),
            not_ours=history.not_ours,
            withdrawn=history.withdrawn,
            prints=[_print(patient, opened, rules)],
        )

    def _opened(
        self,
        past: Past,
        moments: Sequence[Moment],
        plan: MeasurementPlan,
        *,
        way: Way | None = None,
    ) -> list[Replayed]:
        norms = self.rules.norms
        return [*replayed(past, moments, plan, norms, way=way or self.wish.way)]


def _until(past: Past, until: datetime | None) -> tuple[Past, Counter[UnreadKey]]:
    """Without answers of later, and how many of them there are."""
    answers = past.episode.measurements
    late = [each for each in answers if until and each.authored > until]
    if not late:
        return past, Counter()
    kept = episode_from(each for each in answers if each not in late)
    return replace(past, episode=kept), Counter(
        (each.source.partition("/")[0], "", "after_the_export") for each in late
    )


def cards_at(opened: Replayed, rules: Rules) -> Iterator[ShownCard]:
    """The cards of one opening, by the function that makes them for an EHR."""
    if not opened.through:
        return
    place = CardPlace(
        launch_url="",
        source_url="",
        unread=opened.opening.unread,
        partial=False,
        waiting=0,
        foreign=foreign_numbers(opened.report, rules.plan, rules.library),
        other_age=answered_at_other_ages(
            opened.report, rules.plan, born=opened.opening.born
        ),
    )
    names = [
        str(uuid5(NAMESPACE_OID, f"{each.cause}|{each.data_hash}|{opened.occasion}"))
        for each in opened.through
    ]
    cards = cards_of(
        opened.through, names, plan=rules.plan, library=rules.library, place=place
    )
    for each, card in zip(opened.through, cards, strict=True):
        yield ShownCard(opened.at, opened.occasion, each.cause, each.data_hash, card)


def _print(patient: str, opened: Sequence[Replayed], rules: Rules) -> bytes:
    """The same if and only if the same cards came at the same openings."""
    found = sha256(patient.encode())
    for each in opened:
        for shown in cards_at(each, rules):
            told = [shown.at.isoformat(), shown.occasion, shown.cause, shown.data_hash]
            found.update(json.dumps([*told, shown.card], sort_keys=True).encode())
    return found.digest()


def _replayed(
    pieces: Sequence[People], replayer: Replayer, *, processes: int
) -> Iterator[tuple[int, Outcome]]:
    """Each piece once, in any order."""
    if processes == 1 or len(pieces) < 2:
        for each in pieces:
            yield len(each), replayer.of_people(each)
        return
    # Started afresh: a copy of this process might hold another thread's lock.
    arguments = (replayer.wish, replayer.files)
    with helpers(processes, start="spawn", begin=_begin, arguments=arguments) as pool:
        waiting = {pool.submit(_of_people, each): len(each) for each in pieces}
        for done in as_completed(waiting):
            yield waiting[done], done.result()


_replayer: Replayer | None = None  # of a process that only goes through charts


def _begin(wish: Wish, files: Sequence[Path]) -> None:
    global _replayer
    _replayer = Replayer(wish, read_rules(wish), files)


def _of_people(people: People) -> Outcome:
    assert _replayer is not None
    return _replayer.of_people(people)
