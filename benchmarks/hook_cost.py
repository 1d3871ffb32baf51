"""CPU of one signed patient-view call, as shipped, against a route that does nothing.

`python -m benchmarks.hook_cost [--quick] [--json]`

As shipped: `rom serve` on granian; token checked, replay guard and card row committed
before the answer, rules read, one card written. The peer is a Flask route on the same
server with the same settings that parses the same body with orjson and answers a
constant. CPU is user + system time of the serving processes per answered call; passes
are interleaved, servers on one core and the caller on another. Figures are synthetic.

The clock of a process ticks in hundredths of a second, so the peer gets four calls for
each of ours. Each call is about another patient: a card is written each time, and all
of them are counted in the database when the server has ended.
"""

import argparse
import http.client
import json
import os
import platform
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from tests.hook_calls import (
    ALLIANCE,
    PHQ_9,
    Caller,
    call,
    course,
    environment,
    new_caller,
    write_files,
)

TARGETS = {50: 1.0, 200: 0.6, 1000: 0.35}
CALLS = {50: 240, 200: 120, 1000: 40}
PEER_CALLS = 4  # for each of ours
PATH = "/clinic/cds-services/progress"
CONNECTIONS = 4
PASSES = 5
PACKAGES = ("flask", "granian", "orjson", "msgspec", "joserfc", "sqlalchemy")
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A serving process tree on its own port."""

    port: int
    process: psutil.Process

    def cpu(self) -> float:
        """Seconds of user and system time so far, of the whole tree."""
        tree = [self.process, *self.process.children(recursive=True)]
        times = [each.cpu_times() for each in tree]
        return float(sum(each.user + each.system for each in times))


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back in one pass."""

    seconds: float  # CPU per call
    good: int  # answers that are right
    calls: int


_patients = count(1)


def measure(*, quick: bool) -> dict[str, object]:
    """All sizes and both algorithms, in one run."""
    passes = 2 if quick else PASSES
    with tempfile.TemporaryDirectory(prefix="rom-hook-cost-") as name:
        folder = Path(name)
        caller = new_caller()
        write_files(folder, caller)
        port = free_port()
        ours = {**os.environ, **environment(folder, port)}
        with (
            serving([sys.executable, "-m", "server", "serve"], port, env=ours) as rom,
            serving_null() as null,
        ):
            pin(rom, null)
            keys = search_keys(rom)
            raw = {
                f"{algorithm} n={size}": compare(
                    rom,
                    null,
                    caller,
                    keys=keys,
                    size=size,
                    algorithm=algorithm,
                    passes=passes,
                    calls=8 if quick else CALLS[size],
                )
                for algorithm in ("RS384", "ES384")
                for size in TARGETS
            }
            replay = caller.token()
            payload = body(keys, 50)
            twice = [ask(port, [(payload, replay)]) for _ in range(2)]
        sent = next(_patients)  # one number per patient, and the one of the replay
        kept = logged_cards(folder / "data")
    checks = {
        f"every call answered with its card, {name}": found["right"] == found["calls"]
        for name, found in raw.items()
    }
    checks["a used token is refused"] = twice == [1, 0]
    checks["one card in the database per call"] = kept == sent
    return report(raw, passes=passes, checks=checks)


def logged_cards(folder: Path) -> int:
    """Cards in the ended server's database files."""
    total = 0
    for file in sorted(folder.glob("*.db")) + sorted(folder.glob("*.sqlite*")):
        if file.name.endswith(("-wal", "-shm")):
            continue
        connection = sqlite3.connect(file)
        tables = connection.execute("select name from sqlite_master").fetchall()
        if ("cards",) in tables:
            total += connection.execute("select count(*) from cards").fetchone()[0]
        connection.close()
    return total


def compare(
    rom: Server,
    null: Server,
    caller: Caller,
    *,
    keys: list[str],
    size: int,
    algorithm: str,
    passes: int,
    calls: int,
) -> dict[str, Any]:
    """Interleaved passes of one size; medians and ranges of the ratio."""
    ours, theirs = [], []
    one_pass(rom, caller, keys, size, algorithm, max(2, calls // 4))
    one_pass(null, None, keys, size, algorithm, max(2, calls // 4))
    for _ in range(passes):
        ours.append(one_pass(rom, caller, keys, size, algorithm, calls))
        theirs.append(one_pass(null, None, keys, size, algorithm, PEER_CALLS * calls))
    mine = [each.seconds * 1000 for each in ours]
    peer = [each.seconds * 1000 for each in theirs]
    ratios = [a / b if b else 0.0 for a, b in zip(mine, peer, strict=True)]
    return {
        "ratio": round(statistics.median(ratios), 3),
        "low": round(min(ratios), 3),
        "high": round(max(ratios), 3),
        "calls": sum(each.calls for each in ours),
        "right": sum(each.good for each in ours),
        "body_bytes": len(body(keys, size)),
        "cpu_ms_per_call": round(statistics.median(mine), 3),
        "peer_cpu_ms_per_call": round(statistics.median(peer), 3),
        "passes_cpu_ms": [round(each, 3) for each in mine],
        "passes_peer_cpu_ms": [round(each, 3) for each in peer],
    }


def one_pass(
    server: Server,
    caller: Caller | None,
    keys: list[str],
    size: int,
    algorithm: str,
    calls: int,
) -> Answers:
    """So many calls, each of another patient, signed before the clock runs.

    Args:
        caller: None for the peer, who looks at no token.
    """
    template = body(keys, size)
    prepared = []
    for _ in range(calls):
        token, sent = "x" * 400, template
        if caller is not None:
            patient = f"patient-{next(_patients):07d}".encode()
            token = caller.token(algorithm)
            sent = template.replace(b"patient-0000000", patient)
        prepared.append((sent, token))
    before = server.cpu()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        parts = pool.map(
            lambda part: ask(server.port, part),
            [prepared[start::CONNECTIONS] for start in range(CONNECTIONS)],
        )
        good = sum(parts)
    return Answers((server.cpu() - before) / calls, good, calls)


def ask(port: int, prepared: list[tuple[bytes, str]]) -> int:
    """One connection's calls; how many were answered with the expected card."""
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    good = 0
    for payload, token in prepared:
        connection.request(
            "POST",
            PATH,
            payload,
            {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )
        answer = connection.getresponse()
        cards = json.loads(answer.read())["cards"] if answer.status == 200 else []
        good += len(cards) == 1 and "worse than at the start" in cards[0]["summary"]
    connection.close()
    return good


def body(keys: list[str], size: int) -> bytes:
    """A chart of `size` scores and a fifth as many alliance ratings, getting worse."""
    patient = "patient-0000000"
    values: list[object] = [9 + (12 * week) // size for week in range(size)]
    alliance: list[object] = [12 + week % 2 for week in range(max(2, size // 5))]
    resources = [
        *course(values, patient=patient, coding=PHQ_9),
        *course(alliance, patient=patient, coding=ALLIANCE),
    ]
    # A full page would count as cut; what an EHR pages stands under several keys.
    table = call(keys, [], patient=patient)
    for place, start in enumerate(range(0, len(resources), 99)):
        key = keys[place % len(keys)]
        table["prefetch"][key]["entry"] += [
            {"resource": each} for each in resources[start : start + 99]
        ]
    return json.dumps(table, separators=(",", ":")).encode()


def report(
    raw: dict[str, dict[str, Any]], *, passes: int, checks: dict[str, bool]
) -> dict[str, object]:
    """The one object that is printed."""
    targets = {}
    for name, found in raw.items():
        algorithm, size = name.split(" n=")
        target = TARGETS[int(size)]
        suffix = "" if algorithm == "RS384" else f"_{algorithm.lower()}"
        targets[f"cpu_ratio_n{size}{suffix}"] = {
            "target": target,
            "measured": found["ratio"],
            "low": found["low"],
            "high": found["high"],
            "holds": found["ratio"] <= target,
        }
    return {
        "benchmark": "hook_cost",
        "targets": targets,
        "n": {name: found["calls"] for name, found in raw.items()},
        "seed": 0,
        "control": {
            "what": "Flask route on the same granian server, orjson.loads of the same"
            " body, constant answer",
            "cpu_ms_per_call": {
                name: found["peer_cpu_ms_per_call"] for name, found in raw.items()
            },
        },
        "passes": passes,
        "raw": raw,
        "checks": checks,
        "versions": {
            "python": platform.python_version(),
            **{each: version(each) for each in PACKAGES},
        },
    }


def search_keys(server: Server) -> list[str]:
    """The search keys of the discovery document, in its order."""
    connection = http.client.HTTPConnection("localhost", server.port, timeout=10)
    connection.request("GET", "/clinic/cds-services")
    table = json.loads(connection.getresponse().read())
    connection.close()
    prefetch: dict[str, str] = table["services"][0]["prefetch"]
    return [key for key in prefetch if key != "patient"]


@contextmanager
def serving(
    command: list[str], port: int, *, env: dict[str, str] | None = None
) -> Iterator[Server]:
    """A server from this command; ended by its own process id."""
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise SystemExit(f"hook_cost: {command[2:]} does not answer on {port}")
        yield Server(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def serving_null() -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.null_hook", str(port)]
    with serving(command, port) as found:
        yield found


def pin(*servers: Server) -> None:
    """Servers on the first core, this process on the others, where there are others."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return
    for server in servers:
        for each in (server.process, *server.process.children(recursive=True)):
            for thread in each.threads():
                os.sched_setaffinity(thread.id, {cores[0]})
    os.sched_setaffinity(0, set(cores[1:]))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """Measure, print, and fail if an answer was wrong; a missed target is printed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hook_cost")
    parser.add_argument("--quick", action="store_true", help="a tiny run, for its form")
    parser.add_argument("--json", action="store_true", help="one object, for machines")
    options = parser.parse_args()
    found = measure(quick=options.quick)
    if options.json:
        print(json.dumps(found))
    else:
        print(json.dumps(found, indent=2))
    checks = found["checks"]
    assert isinstance(checks, dict)
    if not all(checks.values()):
        raise SystemExit("hook_cost: an answer was wrong; see checks")


if __name__ == "__main__":
    main()
