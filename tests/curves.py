"""Norm curves for tests: invented laws, and the published oracle of the public data."""

from dataclasses import replace
from decimal import Decimal
from itertools import chain

from clinical.expected_response import ExpectedResponse, Sample

D = Decimal


def curve(**changes: object) -> ExpectedResponse:
    """A curve of an invented scale of 0-27 where higher is worse."""
    plain = ExpectedResponse(
        terms=("intercept", "time", "intake", "time_by_intake"),
        b=(D("13"), D("-3"), D("0.85"), D("-0.13")),
        cov_b=((D(0),) * 4,) * 4,
        g=(D(9), D("-1.5"), D("2.5")),
        sigma2=D(8),
        knot_session=None,
        k_68=D("0.994"),
        k_80=D("1.282"),
        reference_intake=D(14),
        low=D(0),
        high=D(27),
        direction="higher_is_worse",
        intake_low=D(2),
        intake_high=D(27),
        max_session=20,
        sample=Sample(
            "invented 1.0.0",
            "0" * 64,
            1000,
            tuple(chain((1000,) * 10, (400,) * 9)),
            "invented; nobody's scores",
        ),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # names of its fields
