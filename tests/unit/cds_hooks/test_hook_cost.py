"""The benchmark's form and its own checks; what it measures is judged elsewhere."""

import json
import subprocess
import sys


def test_the_benchmark_counts_only_answers_that_are_right() -> None:
    command = [sys.executable, "-m", "benchmarks.hook_cost", "--quick", "--json"]

    done = subprocess.run(command, capture_output=True, timeout=300, check=True)

    found = json.loads(done.stdout)
    assert set(found) >= {"benchmark", "targets", "n", "seed", "control", "versions"}
    assert found["checks"] and all(found["checks"].values())
    for target in found["targets"].values():
        assert target["holds"] == (target["measured"] <= target["target"])
    assert all(each["right"] == each["calls"] for each in found["raw"].values())
