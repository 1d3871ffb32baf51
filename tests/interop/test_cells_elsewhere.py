"""Cells computed by DuckDB, PostgreSQL and Spark are those that we compute at home."""

import os
import shutil
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from clinical.norms.cells import COLUMNS, Cells
from clinical.norms.cells_json import cells_from_json
from tests.interop.java_tools import CACHE, say
from tests.interop.own_postgres import PASSWORD, OwnPostgres, own_postgres, programs
from tests.norm_scores import FOR_WHOM
from tests.norm_scores import run as at_home

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
# PySpark 4 does not know pandas 3.
NEEDED = (
    *("ibis-framework[duckdb,postgres]==12.0.0", "pyspark==4.3.0"),
    *("pandas<3", "setuptools"),
)
INSTALL_SECONDS = 900
RUN_SECONDS = 300
NAMED = ("--person", "patient", "--at", "taken", "--score", "total")
# Rows that are no readings, and one that says again what another row says.
BAD = ",2024-01-01,3\np1,,3\np1,2020-01-01,\np1,2020-01-02,99\n"

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
        for day in np.datetime64("2024-01-01") + days:
            rows.append(f"p{person},{day},{chance.uniform(0, 27):.1f}\n")
    rows = [rows[each] for each in chance.permutation(len(rows))]
    folder = tmp_path_factory.mktemp("cells")
    (folder / "readings.csv").write_text("patient,taken,total\n" + "".join(rows))
    (folder / "bad.csv").write_text(
        "patient,taken,total\n" + "".join(rows) + BAD + rows[0]
    )
    return folder


@pytest.fixture(scope="module")
def duckdb_url(python: str, table: Path) -> str:
    make = (
        "import duckdb, sys; to = duckdb.connect('site.duckdb');"
        "to.execute(\"create table readings as from 'readings.csv'\");"
        "to.execute(\"create table bad as from 'bad.csv'\");"
        'to.execute("create view words as select * replace (taken::text as taken) from'
        ' readings");'
        'to.execute("create view disagreeing as from readings union all select'
        ' * replace (27 - total as total) from readings")'
    )
    subprocess.run([python, "-c", make], check=True, cwd=table, timeout=RUN_SECONDS)
    return f"duckdb://{table / 'site.duckdb'}"


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
@pytest.mark.parametrize(
    ("name", "options"),
    [("readings", ()), ("bad", ("--knot", "4", "--leave-out-bad-rows"))],
)
def test_cells_of_a_database_are_those_of_the_file(
    python: str,
    table: Path,
    duckdb_url: str,
    tmp_path: Path,
    engine: str,
    name: str,
    options: tuple[str, ...],
) -> None:
    if engine == "spark" and shutil.which("java") is None:
        pytest.skip("`java` is absent: Spark needs a JDK (17 or later)")
    given = (*FOR_WHOM, *options)
    here, there = tmp_path / "here.json", tmp_path / "there.json"
    rows = (table / f"{name}.csv").read_text().splitlines(keepends=True)
    (tmp_path / "scores.csv").write_text("person,date,score\n" + "".join(rows[1:]))
    home = at_home("cells", tmp_path / "scores.csv", *given, "--out", here)

    if engine == "duckdb":
        source = ("--database", duckdb_url, "--table", name, *NAMED)
    else:
        answer = asked_of_spark(python, table / f"{name}.csv", given, tmp_path)
        source = ("--answer", str(answer))
    found = rom(python, *source, *given, "--out", str(there))

    assert (home.exit_code, found.returncode) == (0, 0), found.stderr
    ours, theirs = cells_in(here), cells_in(there)
    assert found.stdout.partition(":")[2] == home.stdout.partition(":")[2]
    assert list(ours.readings) == list(theirs.readings)
    for column in COLUMNS:
        np.testing.assert_allclose(
            getattr(theirs, column), getattr(ours, column), rtol=1e-12, atol=1e-12
        )
    told = ["1 rows: " in each for each in found.stderr.splitlines()]
    assert sum(told) == (5 if name == "bad" else 0)


def test_bad_rows_are_refused_unless_they_are_to_be_left_out(
    python: str, duckdb_url: str, tmp_path: Path
) -> None:
    out = tmp_path / "cells.json"

    found = rom(
        *(python, "--database", duckdb_url, "--table", "bad", *NAMED),
        *(*FOR_WHOM, "--out", str(out)),
    )

    assert (found.returncode, out.exists()) == (2, False)
    assert "5 rows are no readings: mend them" in found.stderr


@pytest.mark.parametrize(
    ("url", "change", "said"),
    [
        ("", ("--table", "nowhere"), "there is no table nowhere"),
        ("", ("--person", "therapy"), "has no column therapy (--person)"),
        ("", ("--table", "words"), "(--at) holds string, not a date"),
        ("", ("--table", "disagreeing"), "only the site can say"),
        ("duckdb:///nowhere/x.duckdb", (), "there is no database file /nowhere"),
        ("ada:s3cret@site", (), "this is no URL of a database"),
        ("oddly://ada:s3cret@site/x", (), "this is no URL of a database"),
        ("postgres://ada:s3cr[et@site/x", (), "this is no URL of a database"),
        ("mysql://ada:s3cret@site/x", (), "the driver for mysql is not installed"),
    ],
)
def test_what_goes_wrong_is_one_sentence_without_a_password(
    python: str,
    duckdb_url: str,
    tmp_path: Path,
    url: str,
    change: tuple[str, ...],
    said: str,
) -> None:
    out = tmp_path / "cells.json"

    found = rom(
        *(python, "--table", "readings", *NAMED, *change, *FOR_WHOM),
        *("--leave-out-bad-rows", "--out", str(out)),
        url=url or duckdb_url,
    )

    assert (found.returncode, out.exists()) == (2, False)
    assert said in found.stderr.splitlines()[-1]
    assert "s3cr" not in found.stderr
    assert "Traceback" not in found.stderr


def test_a_score_that_a_database_cannot_read_stands_in_no_message(
    python: str, duckdb_url: str, table: Path, tmp_path: Path
) -> None:
    make = (
        "import duckdb; duckdb.connect('site.duckdb').execute(\"create or replace view"
        ' torn as select * replace (patient::double as total) from readings")'
    )
    subprocess.run([python, "-c", make], check=True, cwd=table, timeout=RUN_SECONDS)

    found = rom(
        *(python, "--database", duckdb_url, "--table", "torn", *NAMED, *FOR_WHOM),
        *("--out", str(tmp_path / "cells.json")),
    )

    assert found.returncode == 2
    assert "the database did not answer (ConversionException)" in found.stderr
    assert "p1" not in found.stderr


@pytest.fixture(scope="module")
def postgres(table: Path) -> Iterator[OwnPostgres]:
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL's `pg_ctl` is absent")
    with TemporaryDirectory() as folder, own_postgres(found, Path(folder)) as made:
        made.sql(
            "create table readings (patient text, taken date, total numeric)",
            f"\\copy readings from '{table / 'readings.csv'}' csv header",
            "create role reader login password 's3cret-of-reader'",
            "create view slow as select patient, taken, total from readings,"
            " lateral (select pg_sleep(60)) as waits limit 1",
        )
        yield made


def test_cells_of_postgres_are_those_of_duckdb(
    python: str, duckdb_url: str, postgres: OwnPostgres, tmp_path: Path
) -> None:
    one, other = tmp_path / "duckdb.json", tmp_path / "postgres.json"
    given = ("--table", "readings", *NAMED, *FOR_WHOM, "--out")
    owner = postgres.url("owner", PASSWORD)

    found = [
        rom(python, *given, str(one), url=duckdb_url),
        rom(python, *given, str(other), url=owner),
    ]

    assert [each.returncode for each in found] == [0, 0], found[-1].stderr
    for column in COLUMNS:
        ours, theirs = (getattr(cells_in(each), column) for each in (one, other))
        np.testing.assert_allclose(theirs, ours, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [
        ("reader", "s3cret-of-reader", "(InsufficientPrivilege, SQLSTATE 42501)"),
        ("reader", "s3cret-of-nobody", "cannot be opened (OperationalError)"),
    ],
)
def test_who_may_not_read_is_told_so_without_the_password(
    python: str,
    postgres: OwnPostgres,
    tmp_path: Path,
    user: str,
    password: str,
    said: str,
) -> None:
    out = str(tmp_path / "cells.json")
    given = ("--table", "readings", *NAMED, *FOR_WHOM, "--out", out)

    found = rom(python, *given, url=postgres.url(user, password))

    assert found.returncode == 2
    assert said in found.stderr
    assert "s3cret" not in found.stderr


def test_a_connection_that_is_lost_is_told_and_nothing_is_written(
    python: str, postgres: OwnPostgres, tmp_path: Path
) -> None:
    out = tmp_path / "cells.json"
    given = ("--table", "slow", *NAMED, *FOR_WHOM, "--out", str(out))
    url = postgres.url("owner", PASSWORD)

    with ThreadPoolExecutor(1) as aside:
        asking = aside.submit(rom, python, *given, url=url)
        postgres.wait_for_a_question('"slow"')
        postgres.stop()
        found = asking.result()
    postgres.start()

    assert (found.returncode, out.exists()) == (2, False)
    assert "did not answer (OperationalError): was the connection lost" in found.stderr
    assert "s3cret" not in found.stderr


@pytest.mark.parametrize(
    "dialect", ["bigquery", "mssql", "oracle", "postgres", "snowflake", "trino"]
)
def test_the_question_is_written_in_a_warehouse_s_own_sql(
    python: str, dialect: str
) -> None:
    found = rom(python, "--print-sql", dialect, "--table", "a.b", *NAMED, *FOR_WHOM)

    assert found.returncode == 0, found.stderr
    assert found.stdout.rstrip().endswith(";")
    assert "phq-9 1.0.0 from 0 to 27, no knot" in found.stdout


def test_a_dialect_that_nobody_knows_is_refused_with_those_that_are(
    python: str,
) -> None:
    found = rom(python, "--print-sql", "latin", "--table", "a", *NAMED, *FOR_WHOM)

    assert found.returncode == 2
    assert "snowflake" in found.stderr


def asked_of_spark(
    python: str, file: Path, given: tuple[str, ...], folder: Path
) -> Path:
    asked = rom(python, "--print-sql", "spark", "--table", "readings", *NAMED, *given)
    assert asked.returncode == 0, asked.stderr
    question, answer = folder / "question.sql", folder / "answer.csv"
    question.write_text(asked.stdout)
    done = subprocess.run(
        [python, HERE / "asked_of_spark.py", file, question, answer],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return answer


def rom(python: str, *given: str, url: str = "") -> subprocess.CompletedProcess[str]:
    """`rom norms cells`, by the Python that has Ibis and behind it what we need."""
    packages = sysconfig.get_path("purelib")
    return subprocess.run(
        [python, HERE / "rom_with_ibis.py", packages, "norms", "cells", *given],
        env={"PYTHONPATH": str(ROOT), **({"ROM_DATABASE_URL": url} if url else {})},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )


def cells_in(file: Path) -> Cells:
    return cells_from_json(file.read_text("ascii")).cells
