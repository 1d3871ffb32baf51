"""Mean and spread that a fit expects of people it has not seen."""

from dataclasses import dataclass

import numpy as np

from clinical.norms.fit import Fit
from clinical.norms.form import Form
from clinical.norms.readings import FloatArray, Readings


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Each (n_rows,): expected score, and SD of a new person's score around it."""

    mean: FloatArray
    sd: FloatArray


def predict(
    fit: Fit, time: FloatArray, *, intake: FloatArray, knot_session: float | None
) -> Prediction:
    """What is expected at these times L of people with these intakes.

    The spread holds a person's own course, the residual, and how uncertain the curve
    itself is; for one reading of somebody new.
    """
    x = design(fit.form, time, c=intake - fit.reference, knot_session=knot_session)
    own = fit.g[0, 0] + 2 * time * fit.g[0, 1] + time * time * fit.g[1, 1]
    of_curve = ((x @ fit.cov_beta) * x).sum(axis=1)
    return Prediction(x @ fit.beta, np.sqrt(own + fit.sigma2 + of_curve))


def predict_readings(
    fit: Fit, readings: Readings, *, knot_session: float | None
) -> Prediction:
    """What was expected of each reading, before anything but the intake was known."""
    return predict(
        fit, readings.time, intake=readings.intake_of_row, knot_session=knot_session
    )


def design(
    form: Form, time: FloatArray, *, c: FloatArray, knot_session: float | None
) -> FloatArray:
    """(n_rows, n_terms): what each coefficient is multiplied with.

    Raises:
        ValueError: the form has a knot and none is given.
    """
    if form.has_knot and knot_session is None:
        raise ValueError("the form has a knot: its session is needed")
    knot = np.inf if knot_session is None else np.log(knot_session)
    columns = {
        "intercept": np.ones_like(time),
        "time": time,
        "intake": c,
        "time_by_intake": time * c,
        "knot": np.maximum(time - knot, 0.0),
    }
    return np.column_stack([columns[term] for term in form.terms])
