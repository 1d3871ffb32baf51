"""What is kept with a new card, so that it can be made again: sealed by the vault.

It holds clinical facts about one patient: the scores that the rule read, of answers
only those that it read, no name, and nothing that anybody wrote.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cds_hooks.cards import CardPlace
from cds_hooks.speech import language
from clinical.interruptions import Heading, Interruption
from clinical.norms.pack import NormPack
from clinical.opening import Opening
from clinical.plan import MeasurementPlan
from clinical.recorded.inputs import Inputs, Json, inputs_from_json, inputs_json

# Made once: to make an encoder costs more than a small card.
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
SAID = ("summary", "indicator", "detail")
FORMAT = 1


@dataclass(frozen=True, slots=True)
class CardRecord:
    """One card as it was first made.

    Attributes:
        program: version of this program that made it.
        language: of its words (BCP 47).
        said: `summary`, `indicator` and `detail`, word for word.
        place: what it said of the data beside the signal; without addresses.
        heading: where the course was heading, as the plan's share of false alarms
            asks; None where it asked nothing.
    """

    patient: str
    program: str
    language: str
    said: Mapping[str, str]
    place: CardPlace
    told: Json
    heading: Heading | None

    def inputs(self, plan: MeasurementPlan) -> Inputs:
        """What the signal rested on, read with the plan of then."""
        return inputs_from_json(self.told, plan)


def record_bytes(
    interruption: Interruption,
    card: Mapping[str, object],
    opening: Opening,
    *,
    patient: str,
    plan: MeasurementPlan,
    packs: Sequence[NormPack],
    since: datetime,
    place: CardPlace,
    program: str,
    heading: Heading | None,
) -> bytes:
    """What is to be kept with this card.

    Args:
        card: as it goes out.
        opening: the opening of the chart at which it was made.
        packs: the norms that were at hand.
        since: from when on the signal has been on.
        heading: where its course was heading.
    """
    told = inputs_json(
        interruption.signal,
        opening.episode,
        plan,
        since=since,
        today=opening.today,
        unread=opening.unread,
        plan_reviews=opening.plan_reviews,
        packs=packs,
    )
    return _compact(
        {
            "format": FORMAT,
            "patient": patient,
            "program": program,
            "language": language(),
            "said": {name: card[name] for name in SAID},
            "place": {
                "unread": place.unread,
                "partial": place.partial,
                "waiting": place.waiting,
                "foreign": sorted(place.foreign),
                "other_age": sorted(place.other_age),
            },
            "inputs": told,
            **({"heading": heading} if heading else {}),
        }
    ).encode()


def record_from_bytes(content: bytes) -> CardRecord:
    """The way back; an envelope that opened holds what `record_bytes` wrote."""
    told = json.loads(content)
    place = told["place"]
    return CardRecord(
        patient=told["patient"],
        program=told["program"],
        language=told["language"],
        said=told["said"],
        place=CardPlace(
            launch_url="",
            source_url="",
            unread=place["unread"],
            partial=place["partial"],
            waiting=place["waiting"],
            foreign=frozenset(place["foreign"]),
            other_age=frozenset(place.get("other_age", ())),
        ),
        told=told["inputs"],
        heading=told.get("heading"),
    )
