"""How far one submission has come in the EHR: kept with its row in the outbox."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of each resource of a submission, by its identifier.

    Attributes:
        places: identifier value -> "Type/id" where the EHR keeps it.
        misses: identifier value -> searches in a row, each after a grace, that did not
            find what may have been stored.
        repeats: identifier value -> writes sent again after such searches.
        doubt: an outcome was unknown at least once, so duplicates are looked for.
        settled_at: when a write we gave up can no longer arrive; None if there is none.
    """

    places: Mapping[str, str]
    misses: Mapping[str, int]
    repeats: Mapping[str, int]
    doubt: bool
    settled_at: datetime | None

    def placed(self, key: str, place: str) -> "Progress":
        """The same, with one resource found or created."""
        return replace(
            self,
            places={**self.places, key: place},
            misses={k: n for k, n in self.misses.items() if k != key},
        )

    def displaced(self, key: str) -> "Progress":
        """The same, once a place has turned out to be another resource's."""
        kept = {k: place for k, place in self.places.items() if k != key}
        return replace(self, places=kept)

    def missed(self, key: str) -> "Progress":
        """The same, after one more search that found nothing."""
        return replace(self, misses={**self.misses, key: self.misses.get(key, 0) + 1})

    def repeated(self, key: str) -> "Progress":
        """The same, before a write is sent again."""
        return replace(
            self,
            misses={k: n for k, n in self.misses.items() if k != key},
            repeats={**self.repeats, key: self.repeats.get(key, 0) + 1},
        )


NOTHING_YET = Progress({}, {}, {}, doubt=False, settled_at=None)


def progress_to_bytes(progress: Progress) -> bytes:
    """Our own versioned JSON."""
    settled_at = progress.settled_at
    return json.dumps(
        {
            "format": FORMAT,
            "places": dict(progress.places),
            "misses": dict(progress.misses),
            "repeats": dict(progress.repeats),
            "doubt": progress.doubt,
            "settled_at": None if settled_at is None else settled_at.isoformat(),
        }
    ).encode()


def progress_from_bytes(stored: bytes) -> Progress:
    """The way back; nothing stored is nothing yet."""
    if not stored:
        return NOTHING_YET
    told = json.loads(stored)
    settled_at = told["settled_at"]
    return Progress(
        places=told["places"],
        misses=told["misses"],
        repeats=told["repeats"],
        doubt=told["doubt"],
        settled_at=None if settled_at is None else datetime.fromisoformat(settled_at),
    )
