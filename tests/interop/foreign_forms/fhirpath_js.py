"""Drives fhirpath.js over many answer vectors: one Node process a core."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from fhir_mapping.r4.json import json_bytes
from tests.interop.foreign_forms.forms import ForeignForm, ways_to_answer
from tests.vectors import FULL, Vector, Vectors

SCRIPT = Path(__file__).parent / "scores.mjs"
SECONDS = 600  # for one form

# What one form may cost, in items visited. A core visits some 100,000 a second.
MOST_VISITS = 5_000_000

Scores = tuple[Decimal | None, ...]


class EngineFailed(RuntimeError):
    """Node ended with an error; the message ends with its own last lines."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way of writing one vector down."""

    way: int
    vector: Vector

    @property
    def line(self) -> str:
        return json.dumps([self.way, *self.vector], separators=(",", ":"))


def affordable(form: ForeignForm, *, questions: int) -> int:
    """How many rows of this form the time allows.

    Each `repeat(item)` of an expression visits every item of the response, and each
    entry of a look-up table costs about as much as an item.
    """
    text = " ".join(form.expressions)
    visits = text.count("repeat(item)") * questions + text.count("iif($this")
    return min(FULL, MOST_VISITS // max(visits, 1))


def rows_of(vectors: Vectors) -> list[Row]:
    """The edges in both ways, the others alternating between them."""
    first = [Row(1, each) for each in vectors.rows[: vectors.edges]]
    return first + [Row(index % 2, each) for index, each in enumerate(vectors.rows)]


def scores_of(
    form: ForeignForm,
    vectors: Vectors,
    rows: Sequence[Row],
    *,
    modules: Path,
    folder: Path,
) -> Iterator[tuple[Row, Scores]]:
    """Each row with what fhirpath.js makes of the form's expressions.

    Raises:
        EngineFailed: an expression raised, or Node ended early.
    """
    job = folder / "job.json"
    job.write_bytes(
        json_bytes(
            {
                "questionnaire": form.questionnaire,
                "expressions": form.expressions,
                "answers": ways_to_answer(form, vectors),
            }
        )
    )
    workers = min(os.cpu_count() or 1, 4)
    parts = [rows[index::workers] for index in range(workers)]
    with ExitStack() as stack:
        running = [
            stack.enter_context(_started(part, index, job=job, modules=modules))
            for index, part in enumerate(parts)
        ]
        for part, process, index in zip(parts, running, range(workers), strict=True):
            process.wait(SECONDS)
            yield from _told(part, process, job.with_name(f"{index}"))


def _started(
    part: Sequence[Row], index: int, *, job: Path, modules: Path
) -> subprocess.Popen[bytes]:
    asked = job.with_name(f"{index}.vectors")
    asked.write_text("\n".join(each.line for each in part), encoding="utf-8")
    with (
        asked.open("rb") as given,
        job.with_name(f"{index}.scores").open("wb") as told,
        job.with_name(f"{index}.errors").open("wb") as errors,
    ):
        command = ["node", str(SCRIPT), str(modules), str(job)]
        return subprocess.Popen(command, stdin=given, stdout=told, stderr=errors)


def _told(
    part: Sequence[Row], process: subprocess.Popen[bytes], name: Path
) -> Iterator[tuple[Row, Scores]]:
    lines = name.with_suffix(".scores").read_text(encoding="utf-8").splitlines()
    if process.returncode != 0 or len(lines) != len(part):
        errors = name.with_suffix(".errors").read_text(encoding="utf-8").splitlines()
        raise EngineFailed(
            f"Node ended with code {process.returncode} after {len(lines)} of"
            f" {len(part)} vectors:\n" + "\n".join(errors[-12:])
        )
    for row, line in zip(part, lines, strict=True):
        # Exact, as it is printed: 10.125 is no binary fraction here.
        yield row, tuple(json.loads(line, parse_float=Decimal, parse_int=Decimal))
