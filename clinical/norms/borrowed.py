"""A norm from elsewhere, among people here: unchecked, looked at, or refitted on them.

A borrowed line is passed by 18-24 % of people where it is meant for 10 %, if gain is
slower or scores are noisier here; widening it mends the average and leaves early
sessions too quiet and late ones too loud. A refit on 100 people here is even
(`benchmarks.coverage`). So below that number nothing is made: a few people show a
large shift, and fewer still show nothing.
"""

from dataclasses import dataclass, replace

import numpy as np

from clinical.norms.bootstrap import Share, shares
from clinical.norms.check import covered_by, per_person
from clinical.norms.conformal import person_weights, standardised
from clinical.norms.made_pack import norm_of_pack
from clinical.norms.pack import NormPack, hashed
from clinical.norms.people import People
from clinical.norms.rules import NormRules


@dataclass(frozen=True, slots=True)
class SeenHere:
    """What people here say about a borrowed norm.

    Attributes:
        pack: the borrowed one.
        persons: here, with a reading after the intake; `covered` of them by the pack.
        beyond: share worse than its 80 % line, each person weighing the same; None
            where too few are covered.
        meant: the share that the line is meant for.
    """

    pack: NormPack
    persons: int
    covered: int
    beyond: Share | None
    meant: float
    rules: NormRules

    @property
    def enough_to_refit(self) -> bool:
        return self.persons >= self.rules.local_persons

    @property
    def shifted(self) -> bool | None:
        """Whether the line is elsewhere for people here; None: cannot tell."""
        if self.beyond is None:
            return None
        return not self.beyond.low <= self.meant <= self.beyond.high

    @property
    def said(self) -> str:
        """For the maker of packs, and for the pack."""
        name = f"borrowed {self.pack.pack_id} {self.pack.version}"
        name += f" ({self.pack.hash[:12]})"
        if self.beyond is None:
            seen = f"unchecked: it covers {self.covered} persons here, and"
            seen += f" {self.rules.persons_to_look} are needed to see anything"
        else:
            low, value, high = (
                f"{100 * each:.1f}"
                for each in (self.beyond.low, self.beyond.value, self.beyond.high)
            )
            seen = f"{value} % ({low} to {high}) lie beyond its 80 % line, meant for"
            seen += f" {100 * self.meant:.0f} %, among {self.covered} persons here: "
            seen += "shifted" if self.shifted else "no shift to be seen"
        if self.enough_to_refit:
            return f"{name}: {seen}; refitted on the people here"
        return (
            f"{name}: {seen}. Not to be used here before {self.rules.local_persons}"
            f" persons ({self.persons} now); reliable change and cut-offs go on"
        )


def seen_here(
    pack: NormPack, people: People, *, rules: NormRules, seed: int
) -> SeenHere:
    """Looks at a borrowed norm with people it has not seen.

    Args:
        people: of this site; the pack's instrument, language and ages.
    """
    readings = covered_by(pack, people)[0].readings
    here = int((people.readings.rows_per_person > 0).sum())
    covered = int((readings.rows_per_person > 0).sum())
    meant = float(1 - rules.outer_band) / 2
    if covered < rules.persons_to_look:
        return SeenHere(pack, here, covered, beyond=None, meant=meant, rules=rules)
    norm = norm_of_pack(pack)
    away = standardised(
        norm.fit,
        readings,
        direction=norm.scale.direction,
        knot_session=norm.knot_session,
    )
    weight = person_weights(readings)
    (beyond,) = shares(
        per_person(weight * (away > norm.scales.k_80), readings)[:, np.newaxis],
        per_person(weight, readings)[:, np.newaxis],
        least=rules.persons_per_cell,
        draws=rules.draws,
        random=np.random.default_rng(seed),
    )
    return SeenHere(pack, here, covered, beyond=beyond, meant=meant, rules=rules)


def with_history(pack: NormPack, seen: SeenHere) -> NormPack:
    """The refit, saying of which norm it is one and how that one did here."""
    origin = replace(pack.origin, steps=(seen.said, *pack.origin.steps))
    return hashed(replace(pack, origin=origin))
