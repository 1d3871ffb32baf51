"""`rom demo` as a person starts it: a subprocess, its own ports, its own folder."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

START_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demonstration."""

    ehr: str
    process: "subprocess.Popen[str]"
    folder: Path

    def stored(self) -> dict[str, int]:
        """How many resources of each type the EHR holds now."""
        answer = requests.get(f"{self.ehr}/sandbox/ledger", timeout=20)
        answer.raise_for_status()
        counts: dict[str, int] = answer.json()["resources"]
        return {
            kind: counts.get(kind, 0)
            for kind in ("QuestionnaireResponse", "Observation")
        }


@contextmanager
def running_demo(folder: Path, *options: str) -> Iterator[Demo]:
    """Start it, wait for its one address, end it by its own process."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "server", "demo"),
            *("--port", "0", "--app-port", "0", "--keep", str(folder)),
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[str] = []
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    try:
        yield Demo(_address(process, lines), process, folder)
    finally:
        process.terminate()
        process.wait(timeout=30)
        reader.join(timeout=5)
        assert process.stdout is not None
        process.stdout.close()


def _read(process: "subprocess.Popen[str]", lines: list[str]) -> None:
    assert process.stdout is not None
    for line in iter(process.stdout.readline, ""):
        lines.append(line)


def _address(process: "subprocess.Popen[str]", lines: list[str]) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        for line in list(lines):
            if "Open http://" in line:
                return (
                    line.split("Open ", 1)[1].split("/ ", 1)[0].split()[0].rstrip("/")
                )
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"rom demo did not start:\n{''.join(lines)}")
