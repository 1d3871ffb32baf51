"""Starts a HAPI FHIR R4 server on loopback and ends it again."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.interop.java_tools import java_class_path, say

PROJECT = Path(__file__).resolve().parent
START_SECONDS = 240
STOP_SECONDS = 20


class HapiDidNotStart(RuntimeError):
    """The server ended or stayed silent; the message ends with its last lines."""


@contextmanager
def hapi_server(
    work_folder: Path, *, validating: bool = False, heap: str = "1500m"
) -> Iterator[str]:
    """The base URL of a running HAPI server, `http://127.0.0.1:<port>/fhir`.

    Its database and its log lie in `work_folder`; the same folder again is the
    same server after a restart. Skips the test where Java or Maven is absent.

    Args:
        work_folder: an existing folder of the caller.
        validating: refuse (422) what HAPI's validator calls an error, instead of
            storing whatever can be parsed, which is HAPI's default.
        heap: the most memory Java takes for objects, as `-Xmx` has it.

    Raises:
        BuildFailed: Maven could not build it.
        HapiDidNotStart: built, but it did not answer in time.
    """
    class_path = java_class_path(PROJECT)
    (work_folder / "database").mkdir(exist_ok=True)
    output, log = work_folder / "hapi.out", work_folder / "hapi.log"
    command = [
        "java",
        f"-Xmx{heap}",
        # One short-lived process: a quick start is worth more than peak speed.
        *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
        "-Duser.timezone=UTC",
        *("-cp", class_path, "romonfhir.interop.HapiServer"),
        "0",
        str(work_folder / "database"),
        "validating" if validating else "storing",
    ]
    with (
        output.open("w", encoding="utf-8") as out,
        log.open("w", encoding="utf-8") as err,
    ):
        # It ends by itself when this pipe closes, even if we are killed.
        server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=out, stderr=err
        )
    try:
        yield _wait_until_ready(server, output=output, log=log)
    finally:
        _end(server)


def _wait_until_ready(
    server: subprocess.Popen[bytes], *, output: Path, log: Path
) -> str:
    say("starting HAPI FHIR")
    begun = time.monotonic()
    said = begun
    while (now := time.monotonic()) - begun < START_SECONDS:
        text = output.read_text(encoding="utf-8")
        for line in text.splitlines(keepends=True):
            if line.startswith("READY ") and line.endswith("\n"):
                say(f"HAPI FHIR answers after {now - begun:.0f} s")
                return line.removeprefix("READY ").strip()
        if server.poll() is not None:
            raise HapiDidNotStart(
                f"HAPI ended with code {server.returncode} before it answered. Look"
                f" for the first 'Caused by' in {log}. Its last lines:\n{_tail(log)}"
            )
        if now - said > 10:
            say(f"HAPI FHIR is starting ({now - begun:.0f} s)")
            said = now
        time.sleep(0.2)
    raise HapiDidNotStart(
        f"HAPI did not answer within {START_SECONDS} s: is the machine busy, or short"
        f" of memory for `heap`? Log: {log}. Its last lines:\n{_tail(log)}"
    )


def _end(server: subprocess.Popen[bytes]) -> None:
    """By its own handle: first politely, in the end by force."""
    assert server.stdin is not None  # opened as a pipe above
    server.stdin.close()
    for insist in (server.terminate, server.kill):
        try:
            server.wait(timeout=STOP_SECONDS)
            return
        except subprocess.TimeoutExpired:
            insist()
    server.wait()


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(line[:300] for line in lines[-12:])
