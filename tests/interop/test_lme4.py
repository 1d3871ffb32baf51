"""Our fits are those of R's lme4, to five digits and more."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clinical.norms.fit import Method, fit
from clinical.norms.form import FULL, INTERCEPT_ONLY, NO_INTERACTION, Form
from clinical.norms.simulate import HARD, PLAIN, at_site_b, simulate
from tests.interop.lme4.lme4 import (
    WHY_ABSENT,
    Lme4Fit,
    fit_with_lme4,
    lme4_is_here,
    write_rows,
)
from tests.unit.clinical.norms.public_data import (
    RIESBY_MEAN,
    SGDATA_MEAN,
    PublicData,
    riesby_after_intake,
    riesby_growth,
    sgdata_after_intake,
)

pytestmark = pytest.mark.interop

GROWTH = Form(("intercept", "time"), "intercept_and_slope")
# lme4 writes L:c after c; so do we.
FORMULAS = {
    FULL: "y ~ L + c + L:c + (1 + L | id)",
    NO_INTERACTION: "y ~ L + c + (1 + L | id)",
    INTERCEPT_ONLY: "y ~ L + c + (1 | id)",
    GROWTH: "y ~ L + (1 + L | id)",
}
SIMULATED = {"plain": PLAIN, "hard": HARD, "site-b": at_site_b(HARD)}


@pytest.fixture(scope="module", autouse=True)
def _lme4() -> None:
    if not lme4_is_here():
        pytest.skip(WHY_ABSENT)


def compared(
    data: PublicData, form: Form, folder: Path, *, method: Method, reference: float
) -> None:
    """Fails unless both agree in every figure."""
    rows = folder / "rows.csv"
    c = data.intake[data.person] - reference
    write_rows(rows, data.person, data.time, score=data.score, c=c)
    theirs: Lme4Fit = fit_with_lme4(
        rows, FORMULAS[form], method=method, precision="tight", passes=1
    )

    ours = fit(data.sums, form, reference=reference, method=method)

    slopes = 2 if form.random == "intercept_and_slope" else 1
    assert ours.beta == pytest.approx(theirs.beta, rel=1e-5)
    assert ours.g[:slopes, :slopes] == pytest.approx(theirs.g, rel=1e-5)
    assert ours.sigma2 == pytest.approx(theirs.sigma2, rel=1e-5)
    assert ours.loglik == pytest.approx(theirs.loglik, abs=1e-5)
    assert ours.cov_beta == pytest.approx(theirs.cov_beta, rel=1e-5, abs=1e-9)
    assert ours.singular == theirs.singular


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize(
    ("read", "form", "reference"),
    [
        pytest.param(riesby_growth, GROWTH, 0.0, id="riesby-growth"),
        pytest.param(riesby_after_intake, FULL, RIESBY_MEAN, id="riesby"),
        pytest.param(sgdata_after_intake, FULL, SGDATA_MEAN, id="sgdata"),
    ],
)
def test_public_data(
    tmp_path: Path,
    read: Callable[[], PublicData],
    form: Form,
    reference: float,
    method: Method,
) -> None:
    compared(read(), form, tmp_path, method=method, reference=reference)


@pytest.mark.parametrize("form", [FULL, NO_INTERACTION, INTERCEPT_ONLY])
@pytest.mark.parametrize("law", SIMULATED)
def test_invented_people(tmp_path: Path, law: str, form: Form) -> None:
    readings = simulate(SIMULATED[law], 500, random=np.random.default_rng(17))
    data = PublicData(
        readings.person, readings.time, score=readings.score, intake=readings.intake
    )

    compared(data, form, tmp_path, method="reml", reference=14.0)


def test_a_singular_fit_is_called_so_by_both(tmp_path: Path) -> None:
    readings = simulate(PLAIN, 200, random=np.random.default_rng(2))
    noise = np.random.default_rng(2).normal(10, 3, len(readings.score))
    rows = tmp_path / "rows.csv"
    data = PublicData(
        readings.person, readings.time, score=noise, intake=readings.intake
    )
    write_rows(
        rows, data.person, data.time, score=noise, c=data.intake[data.person] - 14.0
    )

    theirs = fit_with_lme4(
        rows, FORMULAS[FULL], method="reml", precision="tight", passes=1
    )
    ours = fit(data.sums, FULL, reference=14.0)

    assert ours.singular and theirs.singular
    assert ours.loglik == pytest.approx(theirs.loglik, abs=1e-5)
    assert ours.beta == pytest.approx(theirs.beta, abs=1e-5)
