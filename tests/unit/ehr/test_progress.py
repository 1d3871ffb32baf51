"""How far a delivery has come survives a restart."""

from datetime import UTC, datetime

from ehr.delivery.progress import (
    NOTHING_YET,
    Progress,
    progress_from_bytes,
    progress_to_bytes,
)

FULL = Progress(
    places={"a": "Observation/1"},
    misses={"b": 1},
    repeats={"b": 1},
    doubt=True,
    settled_at=datetime(2026, 3, 2, 9, 1, tzinfo=UTC),
)


def test_progress_comes_back_as_it_was() -> None:
    for progress in (NOTHING_YET, FULL):
        assert progress_from_bytes(progress_to_bytes(progress)) == progress


def test_no_progress_stored_is_nothing_yet() -> None:
    assert progress_from_bytes(b"") == NOTHING_YET


def test_finding_a_resource_ends_the_count_of_its_misses() -> None:
    found = FULL.missed("b").placed("b", "Observation/2")

    assert found.misses == {}
    assert found.places == {"a": "Observation/1", "b": "Observation/2"}


def test_sending_again_begins_the_count_of_misses_anew() -> None:
    again = FULL.missed("b").repeated("b")

    assert (again.misses, again.repeats) == ({}, {"b": 2})


def test_a_wrong_place_is_forgotten() -> None:
    assert FULL.displaced("a").places == {}
