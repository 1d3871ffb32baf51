"""On a disk that is full a command says so, and leaves nothing that looks whole."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from clinical.norms.pack import pack_bytes
from tests.norm_packs import pack

ROOM = 40  # bytes that a file may have: less than a key


def rom(*given: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server", *map(str, given)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM)),
    )


@pytest.mark.parametrize(
    "given",
    [
        ("norms", "fhir", "pack.json", "--out", "library.json"),
        ("norms", "cells", "scores.csv", "--out", "cells.json"),
        ("keys", "new", "master.key"),
        ("keys", "signing", "ada.key"),
    ],
)
def test_what_cannot_be_written_whole_is_not_there(
    tmp_path: Path, given: tuple[str, ...]
) -> None:
    (tmp_path / "pack.json").write_bytes(pack_bytes(pack()))
    rows = "".join(f"{each},1,9\n{each},2,8\n" for each in range(6))
    (tmp_path / "scores.csv").write_text("person,session,score\n" + rows)
    if "cells" in given:
        whom = ["--instrument", "phq-9", "--language", "en", "--ages", "18-64"]
        given = (*given, *whom, "--setting", "outpatient")
    before = sorted(tmp_path.iterdir())

    ended = rom(*given, cwd=tmp_path)

    assert (ended.returncode, "Traceback" in ended.stderr) == (2, False)
    assert f"{given[-1] if 'keys' in given else given[4]}: " in ended.stderr
    assert "File too large" in ended.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_a_report_that_cannot_be_written_is_no_traceback(tmp_path: Path) -> None:
    with (tmp_path / "report").open("w") as report:
        ended = subprocess.run(
            [sys.executable, "-m", "server", "score", "--list"],
            stdout=report,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM)),
        )

    assert ended.returncode == 2
    assert ended.stderr.endswith(
        "rom: standard output: File too large; nothing more was done\n"
    )
