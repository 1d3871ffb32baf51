"""The benchmark's form and its own checks; what it measures is judged elsewhere."""

import json
import subprocess
import sys


def test_the_benchmark_compares_only_those_who_found_the_same() -> None:
    command = [sys.executable, "-m", "benchmarks.bulk", "--quick", "--json"]

    done = subprocess.run(command, capture_output=True, timeout=300, check=True)

    found = json.loads(done.stdout)
    assert set(found) >= {"benchmark", "targets", "n", "seed", "control", "versions"}
    assert found["checks"] and all(found["checks"].values())
    assert ("duckdb" in found["skipped"]) != ("times_duckdb" in found["targets"])
    for name, target in found["targets"].items():
        assert target["low"] <= target["measured"] <= target["high"], name
