"""Cells: adding them is pooling the people, and their file says what it may say."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.norms.cells import COLUMNS, Cells, add, cells_of, suppress
from clinical.norms.cells_json import (
    MOST_BYTES,
    SentCells,
    cells_from_json,
    cells_to_json,
)
from clinical.norms.errors import CellsRefused
from clinical.norms.fit import fit
from clinical.norms.form import FULL, INTERCEPT_ONLY, WITH_KNOT, Form
from clinical.norms.pack import AgeBand
from clinical.norms.readings import Readings
from clinical.norms.simulate import HARD, PLAIN, Law, as_ordinals, simulate
from clinical.norms.sums import sums_of
from tests.norm_packs import KEY

unhurried = settings(deadline=None, max_examples=40)


def cohort(n_persons: int, law: Law = HARD, seed: int = 11) -> Readings:
    return as_ordinals(simulate(law, n_persons, random=np.random.default_rng(seed)))


def sent(cells: Cells, minimum: int = 1) -> str:
    """The file that a site sends."""
    return cells_to_json(SentCells(cells, KEY, minimum))


def equal(left: Cells, right: Cells) -> bool:
    return left.knot_session == right.knot_session and all(
        np.allclose(getattr(left, name), getattr(right, name), rtol=1e-12, atol=1e-12)
        for name in COLUMNS
    )


@pytest.mark.parametrize("law", [PLAIN, HARD], ids=["plain", "hard"])
@pytest.mark.parametrize("form", [FULL, WITH_KNOT, INTERCEPT_ONLY])
def test_a_fit_from_the_cells_of_seven_sites_is_that_of_all_their_people(
    law: Law, form: Form
) -> None:
    readings = cohort(2_000, law)
    knot = 6.0 if form.has_knot else None
    sites = [
        cells_of(
            readings.of_persons(np.arange(site, 2_000, 7)),
            knot_session=knot,
        )
        for site in range(7)
    ]

    came = [cells_from_json(sent(site)).cells for site in sites]
    federated = fit(add(*came).sums, form, reference=14.0)

    pooled = fit(sums_of(readings, knot_session=knot), form, reference=14.0)
    assert federated.beta == pytest.approx(pooled.beta, abs=1e-7)
    assert federated.g == pytest.approx(pooled.g, abs=1e-5)
    assert federated.loglik == pytest.approx(pooled.loglik, abs=1e-6)
    assert federated.cov_beta == pytest.approx(pooled.cov_beta, rel=1e-5, abs=1e-9)
    assert federated.n_rows == pooled.n_rows == len(readings.score)


@unhurried
@given(st.integers(0, 10_000), st.lists(st.integers(0, 59), max_size=3))
def test_adding_the_cells_of_any_parts_is_pooling_them(
    seed: int, cuts: list[int]
) -> None:
    readings = cohort(60, seed=seed)
    edges = [0, *sorted(cuts), 60]
    parts = [
        cells_of(readings.of_persons(np.arange(a, b)))
        for a, b in pairwise(edges)
        if b > a
    ]

    assert equal(add(*parts), cells_of(readings))
    assert equal(add(*parts[::-1]), add(*parts))


def test_cells_are_few_and_count_everybody_once() -> None:
    readings = cohort(3_000)

    found = cells_of(readings)

    assert len(found.persons) <= 19
    assert found.n_persons == (readings.rows_per_person > 0).sum()
    assert found.n_rows == len(readings.score)
    at = np.bincount(readings.session)[2:]
    assert found.n_per_session == tuple(at)


def test_intakes_below_zero_keep_their_sign() -> None:
    readings = cohort(200)
    below = replace(readings, intake=readings.intake - 20.0)

    found = cells_of(below)

    assert found.x.sum() == pytest.approx(below.intake.sum())
    assert equal(cells_from_json(sent(found)).cells, found)


def test_sessions_with_a_gap_do_not_fit_into_cells() -> None:
    readings = simulate(PLAIN, 100, random=np.random.default_rng(1))

    with pytest.raises(CellsRefused, match="somebody's sessions are not 2, 3, 4"):
        cells_of(readings)


def test_people_without_a_reading_are_in_no_cell() -> None:
    readings = cohort(50)
    nobody = replace(readings, intake=np.append(readings.intake, 9.0))

    assert equal(cells_of(nobody), cells_of(readings))


def test_small_cells_stay_at_home_and_the_loss_is_counted() -> None:
    cells = cells_of(cohort(1_000))

    found = suppress(cells, minimum=5)

    assert found.cells.persons.min() >= 5
    assert found.cells_lost == (cells.persons < 5).sum() > 0
    assert found.persons_lost == cells.persons[cells.persons < 5].sum()
    assert found.cells.n_persons + found.persons_lost == cells.n_persons
    assert found.cells.n_rows + found.rows_lost == cells.n_rows


def test_a_minimum_of_one_keeps_everything() -> None:
    cells = cells_of(cohort(100))

    found = suppress(cells, minimum=1)

    assert equal(found.cells, cells)
    assert found.persons_lost == found.cells_lost == found.rows_lost == 0


def test_sites_that_count_differently_are_not_added() -> None:
    cells = cells_of(cohort(100))

    with pytest.raises(CellsRefused, match="site 2: knot_session: is"):
        add(cells, replace(cells, knot_session=6.0))


def test_no_site_is_nothing_to_add() -> None:
    with pytest.raises(CellsRefused, match="none to add"):
        add()


@unhurried
@given(st.integers(0, 10_000), st.sampled_from([None, 4.0]))
def test_a_file_reads_back_as_the_same_cells(seed: int, knot: float | None) -> None:
    cells = cells_of(cohort(40, PLAIN, seed), knot_session=knot)

    found = cells_from_json(sent(cells)).cells

    assert all(
        np.array_equal(getattr(found, name), getattr(cells, name)) for name in COLUMNS
    )
    assert found.knot_session == knot


def test_a_file_says_for_whom_it_is() -> None:
    anybody = replace(KEY, age_band=AgeBand(18, None), respondent="carer")
    text = cells_to_json(SentCells(cells_of(cohort(40)), anybody, 1))

    found = cells_from_json(text)

    assert (found.key, found.minimum) == (anybody, 1)


def test_the_cells_of_many_people_fit_into_a_small_file() -> None:
    text = sent(cells_of(cohort(20_000)))

    assert len(text) < 5_000


def changed(place: tuple[Any, ...], value: Any) -> Callable[[dict[str, Any]], None]:
    def change(table: dict[str, Any]) -> None:
        target: Any = table
        for step in place[:-1]:
            target = target[step]
        target[place[-1]] = value

    return change


def column(name: str) -> tuple[str, int, int]:
    return ("cells", 1, COLUMNS.index(name))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed(("format",), "rom-on-fhir/norm-cells/1"), "format: is not"),
        (changed(("instrument",), "phq-9"), "instrument: must be"),
        (changed(("instrument", "version"), ""), "instrument.version: must be a text"),
        (changed(("instrument", "name"), "x"), "instrument.name: is not known"),
        (changed(("language",), 1), "language: must be a text"),
        (changed(("respondent",), "dog"), "respondent: must be"),
        (changed(("age_band", "to"), 3), "age_band: is no span"),
        (changed(("persons_per_cell",), 0), "persons_per_cell: is below 1"),
        (changed(("persons_per_cell",), 99), r"cells\[\d+\].persons: is below 99"),
        (changed(("time_axis",), "weeks"), "time_axis: is not"),
        (changed(("columns",), ["persons"]), "columns: are not"),
        (changed(("note",), "x"), "keys: 1 of them"),
        (changed(("knot_session",), 0), "knot_session: is not a positive"),
        (changed(("knot_session",), 1e300), "knot_session: is not a positive"),
        (changed(("knot_session",), True), "knot_session: is not a positive"),
        (changed(("knot_session",), "6"), "knot_session: is not a positive"),
        (changed(("cells",), []), "cells: are not a list"),
        (changed(("cells", 1), [1, 2]), r"cells\[1\]: has not 14"),
        (changed(column("yy"), "9"), r"cells\[1\].yy: is not a number"),
        (changed(column("yy"), True), r"cells\[1\].yy: is not a number"),
        (changed(column("yy"), 1e300), r"cells\[1\].yy: is out of any range"),
        (changed(column("persons"), 1.5), r"cells\[1\].persons: is not a whole"),
        (changed(column("persons"), 0), r"cells\[1\].persons: is below 1"),
        (changed(column("readings"), 0), r"cells\[1\].readings: is below 1"),
        (changed(column("readings"), 1001), r"cells\[1\].readings: is above 1000"),
        (changed(column("xx"), 0), r"cells\[1\].xx: is too small"),
        (changed(column("y_y"), 0), r"cells\[1\].y_y: is too small"),
        (changed(column("ly_ly"), 0), r"cells\[1\].ly_ly: is too small"),
        (changed(column("yy"), 0), r"cells\[1\].yy: is too small"),
        (changed(column("y_ly"), 1e9), r"cells\[1\].y_ly: is too large"),
        (changed(column("xy"), 1e12), r"cells\[1\].xy: is too large"),
        (changed(column("xly"), 1e12), r"cells\[1\].xly: is too large"),
        (changed(column("ky"), 1), r"cells\[1\].ky: is not 0"),
        (changed(column("xky"), 1), r"cells\[1\].xky: is not 0"),
    ],
)
def test_a_file_that_says_something_impossible_is_refused_with_the_place(
    change: Callable[[dict[str, Any]], None], said: str
) -> None:
    table = json.loads(sent(cells_of(cohort(300))))
    change(table)

    with pytest.raises(CellsRefused, match=said):
        cells_from_json(json.dumps(table))


def test_a_cell_that_is_there_twice_is_refused() -> None:
    table = json.loads(sent(cells_of(cohort(300))))
    table["cells"].append(table["cells"][0])

    with pytest.raises(CellsRefused, match="readings: is there twice"):
        cells_from_json(json.dumps(table))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "file: is not JSON"),
        ("[]", "not a JSON object"),
        ('{"format": ' + "9" * 5_000 + "}", "file: is not JSON"),
        ('{"format": NaN}', "NaN is not a number"),
        ('{"format": 1, "format": 2}', "one is there twice"),
        ("[" * 60_000, "file: is not JSON"),
        (" " * (MOST_BYTES + 1), "larger than 65536 bytes"),
    ],
    ids=["empty", "list", "long", "nan", "twice", "deep", "large"],
)
def test_what_is_no_such_file_is_refused(text: str, said: str) -> None:
    with pytest.raises(CellsRefused, match=said):
        cells_from_json(text)
