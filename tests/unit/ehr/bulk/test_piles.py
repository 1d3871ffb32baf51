"""Readings of a large export lie in a file without a name, and come back together."""

import itertools
import resource
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from clinical.norms.courses import FOUND, FoundArray
from ehr.bulk.errors import FolderUnusable
from ehr.bulk.extract import Wish, extract
from ehr.bulk.gathered import Gathered
from ehr.bulk.piles import Piles
from tests.exports import in_folder, joined_table, reading


def rows(n: int, *, n_records: int) -> FoundArray:
    random = np.random.default_rng(n)
    hashes = random.integers(0, 2**64, n_records, dtype=np.uint64)
    found = np.zeros(n, dtype=FOUND)
    found["record"] = hashes[random.integers(0, n_records, n)]
    found["value"] = np.arange(n)
    return found


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, as TMPDIR would name it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As on a full disk: bytes beyond these are refused by the system."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_every_row_comes_back_once_and_those_of_a_record_together() -> None:
    found = rows(5_000, n_records=900)
    with closing(Piles("record", held=300)) as piles:
        for start in range(0, 5_000, 170):
            piles.add(found[start : start + 170])
        parts = list(piles.piles())

    together = np.concatenate(parts)
    assert sorted(together.tolist()) == sorted(found.tolist())
    assert len(parts) > 5_000 / 300
    assert max(len(each) for each in parts) <= 300
    for before, after in itertools.pairwise(parts):
        assert before["record"].max() < after["record"].min()


def test_rows_that_no_pile_could_part_are_one_pile() -> None:
    found = rows(100, n_records=1)
    with closing(Piles("record", held=10)) as piles:
        piles.add(found)
        (part,) = piles.piles()

    assert len(part) == 100


def test_without_rows_there_is_one_empty_pile() -> None:
    with closing(Piles("patient")) as piles:
        (part,) = piles.piles()

    assert len(part) == 0


def test_few_rows_need_no_disk(temporary: Path) -> None:
    temporary.rmdir()
    found = rows(99, n_records=50)
    with closing(Piles("record", held=100)) as piles:
        piles.add(found)
        (part,) = piles.piles()

    assert part.tolist() == found.tolist()


def test_what_lies_on_the_disk_has_no_name(temporary: Path) -> None:
    with closing(Piles("record", held=10)) as piles:
        piles.add(rows(100, n_records=50))

        assert list(temporary.iterdir()) == []
        assert sum(len(each) for each in piles.piles()) == 100


@pytest.mark.parametrize("size", [0, 1_000])
def test_a_full_disk_is_said_with_its_folder_and_the_mend(
    temporary: Path, size: int
) -> None:
    with (
        closing(Piles("record", held=10)) as piles,
        files_of_at_most(size),
        pytest.raises(FolderUnusable) as refusal,
    ):
        piles.add(rows(100, n_records=50))

    said = str(refusal.value)
    assert str(temporary) in said
    assert "TMPDIR" in said


def test_an_absent_folder_of_temporary_files_is_said(temporary: Path) -> None:
    temporary.rmdir()

    with (
        closing(Piles("record", held=10)) as piles,
        pytest.raises(FolderUnusable, match="TMPDIR"),
    ):
        piles.add(rows(100, n_records=50))


@pytest.mark.parametrize("held", [1, 1_000])
def test_a_record_given_to_another_patient_and_one_withdrawn_count_no_more(
    tmp_path: Path, held: int
) -> None:
    first, later = (
        {"meta": {"lastUpdated": f"2026-04-0{day}T08:00:00Z"}} for day in (1, 2)
    )
    folder = in_folder(
        tmp_path,
        [
            reading("anna", "2026-03-02", 17, name="1", **first),
            reading("anna", "2026-03-09", 16, name="2", **first),
            reading("anna", "2026-03-16", 15, name="3", **first),
            reading("bert", "2026-03-09", 16, name="2", **later),
            reading(
                "anna", "2026-03-16", 15, name="3", status="entered-in-error",
                subject=None, **later,
            ),
        ],
    )  # fmt: skip

    with closing(Gathered(held=held)) as gathered:
        extract(folder, Wish("phq-9"), take=gathered.add)
        parts = list(gathered.courses())

    assert sorted(row[1:] for row in joined_table(parts)) == [(1, 0, 16), (1, 0, 17)]
    assert gathered.older_versions == 2
