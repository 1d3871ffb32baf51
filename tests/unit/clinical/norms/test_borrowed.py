"""A norm from elsewhere: what people here say of it, by how many they are."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from clinical.norms.borrowed import SeenHere, seen_here, with_history
from clinical.norms.canonical import digest_of
from clinical.norms.made_pack import Said, fit_pack, norm_of_pack
from clinical.norms.pack import NormPack, body_of
from clinical.norms.people import People
from clinical.norms.readings import Readings
from clinical.norms.simulate import HARD, at_site_b
from tests.instruments import PHQ9
from tests.norm_packs import KEY
from tests.unit.clinical.norms.cohorts import RULES, cohort

SAID = Said(
    pack_id="lent",
    version="1.0.0",
    mode="any",
    country="XX",
    period="2020",
    exclusions="none",
    missing_handling="none",
    legal_basis="invented",
    licence="CC0-1.0",
    software="tests",
    developer="tests",
    funding="tests",
)
HERE = at_site_b(HARD)  # gain is slower, readings are noisier


def pack_of_people(readings: Readings) -> NormPack:
    return fit_pack(
        readings, PHQ9, key=KEY, said=SAID, rules=RULES, knot_session=None, seed=1
    )


@lru_cache
def lent() -> NormPack:
    return pack_of_people(cohort(1_000, HARD))


def seen(readings: Readings) -> SeenHere:
    return seen_here(lent(), People(readings, {}), rules=RULES, seed=1)


@pytest.mark.parametrize(
    ("persons", "looked_at", "refit"),
    [
        *((29, False, False), (30, True, False)),
        *((99, True, False), (100, True, True), (300, True, True)),
    ],
)
def test_the_number_of_people_here_decides_what_is_done(
    persons: int, looked_at: bool, refit: bool
) -> None:
    found = seen(cohort(persons, HARD, seed=4))

    assert (found.beyond is not None) is looked_at
    assert found.enough_to_refit is refit
    assert ("unchecked" in found.said) is not looked_at
    assert ("Not to be used here before 100 persons" in found.said) is not refit


def test_where_people_gain_less_the_borrowed_line_is_called_shifted() -> None:
    found = seen(cohort(300, HERE, seed=4))

    assert found.shifted is True
    assert found.beyond is not None and found.beyond.value > 0.13
    assert "meant for 10 %, among 300 persons here: shifted; refitted" in found.said


def test_among_people_like_those_it_was_made_from_no_shift_is_seen() -> None:
    found = seen(cohort(300, HARD, seed=4))

    assert found.shifted is False
    assert "no shift to be seen" in found.said


def test_of_too_few_nobody_says_whether_the_line_is_shifted() -> None:
    assert seen(cohort(12, HARD, seed=4)).shifted is None


def test_people_whose_start_the_borrowed_norm_does_not_cover_tell_nothing() -> None:
    readings = cohort(120, HARD, seed=4)
    outside = replace(readings, intake=np.full(120, 27.0))
    narrow = replace(lent().curve, intake_high=lent().curve.intake_high - 1)

    found = seen_here(
        replace(lent(), curve=narrow), People(outside, {}), rules=RULES, seed=1
    )

    assert (found.persons, found.covered, found.beyond) == (120, 0, None)
    assert "unchecked: it covers 0 persons here" in found.said


def test_the_refit_on_a_hundred_people_puts_the_line_where_it_should_be() -> None:
    """Means over some sites: one hundred people alone scatter by a point or two."""
    others = People(cohort(4_000, HERE, seed=99), {})
    borrowed, local = [], []
    for seed in range(6):
        refit = pack_of_people(cohort(100, HERE, seed=seed))
        for pack, shares in ((lent(), borrowed), (refit, local)):
            found = seen_here(pack, others, rules=RULES, seed=1).beyond
            assert found is not None
            shares.append(found.value)

    assert np.mean(borrowed) > 0.15
    assert np.mean(local) == pytest.approx(0.10, abs=0.03)


def test_the_refit_says_what_it_was_borrowed_from_and_how_that_did_here() -> None:
    found = seen(cohort(150, HERE, seed=4))
    refit = pack_of_people(cohort(150, HERE, seed=4))

    pack = with_history(refit, found)

    assert pack.origin.steps == (found.said, *refit.origin.steps)
    assert lent().hash[:12] in pack.origin.steps[0]
    assert pack.hash == digest_of(body_of(pack)) != refit.hash
    assert norm_of_pack(pack).n_persons == 150
