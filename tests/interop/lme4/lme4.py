"""R's lme4, which nobody here wrote, as a function; absent without Rscript and lme4."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from clinical.norms.readings import FloatArray, IntArray

SCRIPT = Path(__file__).with_name("fit.R")
SECONDS = 600
WHY_ABSENT = "R's lme4 is absent: install the Debian package r-cran-lme4"


@dataclass(frozen=True, slots=True, eq=False)
class Lme4Fit:
    """The figures of one fit; `seconds` of CPU for each pass, reading not counted."""

    beta: FloatArray
    cov_beta: FloatArray
    g: FloatArray
    sigma2: float
    loglik: float
    singular: bool
    seconds: tuple[float, ...]
    version: str


def lme4_is_here() -> bool:
    """Whether R can load it."""
    if shutil.which("Rscript") is None:
        return False
    found = subprocess.run(
        ["Rscript", "-e", "suppressMessages(library(lme4))"],
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )
    return found.returncode == 0


def write_rows(
    file: Path, person: IntArray, time: FloatArray, *, score: FloatArray, c: FloatArray
) -> None:
    """Columns id, L, y and c with every digit."""
    np.savetxt(
        file,
        np.column_stack((person, time, score, c)),
        fmt=("%d", "%.17g", "%.17g", "%.17g"),
        delimiter=",",
        header="id,L,y,c",
        comments="",
    )


def fit_with_lme4(
    file: Path,
    formula: str,
    *,
    method: Literal["reml", "ml"],
    precision: Literal["usual", "tight"],
    passes: int,
) -> Lme4Fit:
    """One model of the rows in this file.

    Args:
        formula: in R's words, with the columns id, L, y and c.
        precision: lme4's usual tolerance, or as exact as it can.
    """
    run = subprocess.run(
        ["Rscript", str(SCRIPT), str(file), formula, method, precision, str(passes)],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    if run.returncode:
        raise RuntimeError(f"lme4 has no fit: {run.stderr.strip()[-300:]}")
    said = {
        name: words
        for name, *words in (line.split() for line in run.stdout.splitlines() if line)
    }
    figures = {
        name: np.array([float(each) for each in words])
        for name, words in said.items()
        if name != "version"
    }
    size = len(figures["beta"])
    random = int(np.sqrt(len(figures["g"])))
    return Lme4Fit(
        figures["beta"],
        figures["cov_beta"].reshape(size, size),
        g=figures["g"].reshape(random, random),
        sigma2=float(figures["sigma2"][0]),
        loglik=float(figures["loglik"][0]),
        singular=bool(figures["singular"][0]),
        seconds=tuple(figures["seconds"].tolist()),
        version=said["version"][0],
    )
