"""Invented cohorts and the norms made of them, for tests."""

import numpy as np

from clinical.norms.form import FULL, Form
from clinical.norms.norm import Norm, Scale, make_norm
from clinical.norms.readings import Readings
from clinical.norms.rules import shipped_rules
from clinical.norms.simulate import HARD, Law, simulate

RULES = shipped_rules()
WORSE_UP = Scale(0.0, 27.0, "higher_is_worse")
WORSE_DOWN = Scale(0.0, 27.0, "higher_is_better")
# For the plain law, whose scores have no ends.
ENDLESS = Scale(-1e9, 1e9, "higher_is_worse")


def cohort(n_persons: int, law: Law = HARD, seed: int = 7) -> Readings:
    return simulate(law, n_persons, random=np.random.default_rng(seed))


def norm_of(
    readings: Readings,
    form: Form = FULL,
    scale: Scale = WORSE_UP,
    knot_session: float | None = None,
) -> Norm:
    return make_norm(
        readings,
        scale,
        form=form,
        rules=RULES,
        knot_session=knot_session,
        random=np.random.default_rng(1),
    )


def turned_over(readings: Readings) -> Readings:
    """The same people on the scale of 0-27 turned upside down."""
    return Readings(
        readings.person,
        readings.session,
        score=27.0 - readings.score,
        intake=27.0 - readings.intake,
    )
