"""The page of figures says what was missed, was left out, and is not there."""

import json
from pathlib import Path

from benchmarks.figures import page

FOUND = {
    "benchmark": "norm_fit",
    "targets": {
        "lme4_per_ours_10k": {
            "target": ">= 50",
            "measured": 143.98,
            "low": 137.8,
            "high": 148.5,
            "holds": True,
        },
        "fit_per_reading": {"target": 0.5, "measured": 3.533, "holds": False},
    },
    "n": {"persons_10000": 10000},
    "seed": "1",
    "skipped": ["duckdb is absent"],
    "versions": {"python": "3.11"},
}


def test_a_missed_target_is_a_line_as_the_others(tmp_path: Path) -> None:
    (tmp_path / "norm_fit.json").write_text(json.dumps(FOUND))

    lines = page(tmp_path).splitlines()

    assert "| lme4 per ours 10k | >= 50 | 144 (138 to 148) | holds |" in lines
    assert "| fit per reading | 0.5 | 3.53 | **missed** |" in lines
    assert (
        "n: persons 10000 10000 · seed: 1 · left out: duckdb is absent · python 3.11"
    ) in lines


def test_a_benchmark_that_was_not_run_is_not_on_the_page(tmp_path: Path) -> None:
    (tmp_path / "norm_fit.json").write_text(json.dumps(FOUND))

    assert page(tmp_path).count("\n## ") == 1


def test_a_run_that_was_not_the_default_says_how_it_was_asked_for(
    tmp_path: Path,
) -> None:
    found = {**FOUND, "benchmark": "mutation", "n": 300, "seed": 30}
    (tmp_path / "mutation.json").write_text(json.dumps(found))

    command = "`python -m benchmarks.mutation --n 300 --seed 30 --json`"
    assert command in page(tmp_path).splitlines()
