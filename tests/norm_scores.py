"""Scores of invented people as tables and as an export, and `rom norms` over them."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner, Result

from clinical.norms.simulate import HARD, simulate
from server.commands.norms import command as norms
from tests.exports import reading

FOR_WHOM = [
    *("--instrument", "phq-9", "--language", "en", "--ages", "18-64"),
    *("--setting", "outpatient"),
]
ORIGIN = [
    *("--id", "phq-9-synthetic", "--country", "XX", "--period", "2020 to 2024"),
    *("--legal-basis", "synthetic", "--licence", "CC0-1.0", "--developer", "tests"),
]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(norms, [str(each) for each in arguments])


def write_scores(path: Path, n_persons: int = 400, seed: int = 3) -> Path:
    """Synthetic people; sessions as they were held, without gaps."""
    readings = simulate(HARD, n_persons, random=np.random.default_rng(seed))
    lines = ["person,session,score,language,sex"]
    counted: dict[int, int] = {}
    for person, intake in enumerate(readings.intake):
        counted[person] = 1
        lines.append(f"p{person},1,{intake:g},en,{'fm'[person % 2]}")
    for person, value in zip(readings.person.tolist(), readings.score, strict=True):
        counted[person] += 1
        sex = "fm"[person % 2]
        lines.append(f"p{person},{counted[person]},{value:g},en,{sex}")
    path.write_text("\n".join(lines) + "\n")
    return path


def observations(scores: Path) -> Iterator[dict[str, Any]]:
    """The same readings as an export has them, a week apart."""
    for number, row in enumerate(scores.read_text().splitlines()[1:]):
        person, session, score, *_ = row.split(",")
        day = date(2024, 1, 1) + timedelta(weeks=int(session))
        yield reading(person, day.isoformat(), float(score), name=f"o{number}")
