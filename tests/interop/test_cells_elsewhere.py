"""Cells computed by DuckDB and by Spark are those that we compute at home."""

import json
import os
import shutil
import subprocess
import venv
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from clinical.norms.cells import COLUMNS, Cells, cells_of
from clinical.norms.cells_in_database import cells_from_columns
from clinical.norms.readings import Readings
from tests.interop.java_tools import CACHE, say

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("cells_elsewhere.py")
# PySpark 4 does not know pandas 3.
NEEDED = ("ibis-framework[duckdb]==12.0.0", "pyspark==4.3.0", "pandas<3", "setuptools")
INSTALL_SECONDS = 900
RUN_SECONDS = 300

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def python() -> str:
    """A Python of its own with Ibis, DuckDB and Spark; kept in the cache."""
    folder = CACHE / f"ibis-{sha256(repr(NEEDED).encode()).hexdigest()[:12]}"
    found = folder / "bin" / "python"
    if not (folder / ".ready").exists():
        say("installing Ibis, DuckDB and Spark; the first time some 600 MB")
        venv.create(folder, clear=True, with_pip=True)
        command = [str(found), "-m", "pip", "install", "--quiet", *NEEDED]
        try:
            subprocess.run(command, check=True, timeout=INSTALL_SECONDS)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            pytest.skip("Ibis, DuckDB and Spark cannot be installed here")
        (folder / ".ready").touch()
    return str(found)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Readings in tenths of 900 people in no order, some with an intake alone."""
    chance = np.random.default_rng(7)
    rows = []
    for person in range(900):
        days = np.sort(chance.choice(400, size=chance.integers(1, 14), replace=False))
        for day in days:
            rows.append((person, int(day), round(float(chance.uniform(0, 40)), 1)))
    chance.shuffle(rows)
    file = tmp_path_factory.mktemp("cells") / "readings.csv"
    lines = (f"{int(person)},{int(at)},{score}" for person, at, score in rows)
    file.write_text("person,at,score\n" + "\n".join(lines) + "\n", encoding="ascii")
    return file


@pytest.mark.parametrize("knot", [None, 4.0])
@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_cells_of_a_database_are_those_of_numpy(
    python: str, table: Path, engine: str, knot: float | None
) -> None:
    if engine == "spark" and shutil.which("java") is None:
        pytest.skip("`java` is absent: Spark needs a JDK (17 or later)")
    expected = at_home(table, knot)

    found = elsewhere(python, engine, table, knot)

    assert list(found.readings) == list(expected.readings)
    for name in COLUMNS:
        ours, theirs = getattr(expected, name), getattr(found, name)
        np.testing.assert_allclose(theirs, ours, rtol=1e-12, atol=1e-12, err_msg=name)


def at_home(table: Path, knot: float | None) -> Cells:
    rows = np.loadtxt(table, delimiter=",", skiprows=1)
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    person = rows[:, 0].astype(np.int64)
    first = np.searchsorted(person, person)
    session, score = np.arange(1, len(person) + 1) - first, rows[:, 2]
    later = session > 1
    number = np.unique(person, return_inverse=True)[1]
    readings = Readings(
        number[later], session[later], score=score[later], intake=score[~later]
    )
    return cells_of(readings, knot_session=knot)


def elsewhere(python: str, engine: str, table: Path, knot: float | None) -> Cells:
    done = subprocess.run(
        [python, str(SCRIPT), engine, str(table), str(knot or "none")],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    columns = json.loads(done.stdout.strip().splitlines()[-1])
    return cells_from_columns(columns, knot_session=knot)
