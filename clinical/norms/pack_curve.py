"""The curve in a norm pack: exact decimals as texts, checked when read."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import product
from typing import Any

from clinical.expected_response import ExpectedResponse, Sample, Term
from clinical.norms.canonical import NotCanonical, decimal_of, text_of
from clinical.norms.rules import shipped_rules
from questionnaires.instrument import Direction
from questionnaires.table import Table

TIME_AXIS = "log_session"
_TERMS: Mapping[str, Term] = {
    "intercept": "intercept",
    "time": "time",
    "intake": "intake",
    "time_by_intake": "time_by_intake",
    "knot": "knot",
}
_DIRECTION: Mapping[str, Direction] = {
    "higher_is_better": "higher_is_better",
    "higher_is_worse": "higher_is_worse",
}


def curve_json(curve: ExpectedResponse) -> dict[str, Any]:
    """The curve as JSON; `cov_b` row by row."""
    knot = curve.knot_session
    return {
        "time_axis": TIME_AXIS,
        "terms": list(curve.terms),
        "b": [text_of(each) for each in curve.b],
        "cov_b": [text_of(each) for row in curve.cov_b for each in row],
        "g": [text_of(each) for each in curve.g],
        "sigma2": text_of(curve.sigma2),
        "knot_session": None if knot is None else text_of(knot),
        "k_68": text_of(curve.k_68),
        "k_80": text_of(curve.k_80),
        "reference_intake": text_of(curve.reference_intake),
        "low": text_of(curve.low),
        "high": text_of(curve.high),
        "direction": curve.direction,
        "intake_low": text_of(curve.intake_low),
        "intake_high": text_of(curve.intake_high),
        "max_session": curve.max_session,
    }


def curve_from(
    pack: Table, *, pack_id: str, pack_hash: str, provenance: str
) -> ExpectedResponse:
    """The curve of a pack's table.

    Raises:
        InstrumentFileError: a number is missing or cannot be.
    """
    table = pack.table("curve")
    table.one_of("time_axis", {TIME_AXIS: TIME_AXIS})
    terms = tuple(_term(table, each) for each in table.texts("terms"))
    knot = None
    if table.content.get("knot_session") is None:
        table.read.add("knot_session")
    else:
        knot = _decimal(table, "knot_session")
    n = len(terms)
    flat = _decimals(table, "cov_b", n * n)
    g = _decimals(table, "g", 3)
    curve = ExpectedResponse(
        terms=terms,
        b=_decimals(table, "b", n),
        cov_b=tuple(flat[n * row : n * row + n] for row in range(n)),
        g=(g[0], g[1], g[2]),
        sigma2=_decimal(table, "sigma2"),
        knot_session=knot,
        k_68=_decimal(table, "k_68"),
        k_80=_decimal(table, "k_80"),
        reference_intake=_decimal(table, "reference_intake"),
        low=_decimal(table, "low"),
        high=_decimal(table, "high"),
        direction=table.one_of("direction", _DIRECTION),
        intake_low=_decimal(table, "intake_low"),
        intake_high=_decimal(table, "intake_high"),
        max_session=table.whole("max_session"),
        sample=Sample(
            pack_id,
            pack_hash,
            n_persons=count(pack, "n_persons"),
            n_per_session=_counts(pack, "n_per_session"),
            provenance=provenance,
        ),
    )
    table.finish()
    _check(table, curve)
    return curve


def count(table: Table, key: str) -> int:
    """How many; also more than a plan's numbers may be.

    Raises:
        InstrumentFileError: no whole number, or a negative one.
    """
    table.read.add(key)
    return _whole(table, key, table.content.get(key))


def _counts(table: Table, key: str) -> tuple[int, ...]:
    table.read.add(key)
    found = table.content.get(key)
    if not isinstance(found, list):
        raise table.refuse(key, "must be a list of whole numbers")
    return tuple(_whole(table, key, each) for each in found)


def _whole(table: Table, key: str, found: object) -> int:
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise table.refuse(key, "must be a whole number, zero or more")
    return found


def _check(table: Table, curve: ExpectedResponse) -> None:
    """What holds for every fit: otherwise a band has no width, or no sense."""
    terms = curve.terms
    if not terms or terms != tuple(each for each in _TERMS.values() if each in terms):
        raise table.refuse("terms", "are not named once each, in their order")
    if ("knot" in terms) != (curve.knot_session is not None):
        raise table.refuse("knot_session", "belongs to the term knot, and only to it")
    if curve.knot_session is not None and curve.knot_session < 1:
        raise table.refuse("knot_session", "is below 1")
    places = range(len(terms))
    if any(curve.cov_b[i][j] != curve.cov_b[j][i] for i, j in product(places, places)):
        raise table.refuse("cov_b", "is not symmetric")
    if any(curve.cov_b[i][i] < 0 for i in places):
        raise table.refuse("cov_b", "has a negative variance")
    # A hair of room: singular fits are written rounded.
    g = curve.g
    if g[0] < 0 or g[2] < 0 or g[1] ** 2 > g[0] * g[2] + Decimal("1e-6"):
        raise table.refuse("g", "is no covariance")
    if curve.sigma2 <= 0:
        raise table.refuse("sigma2", "is not above zero")
    if not 0 < curve.k_68 <= curve.k_80:
        raise table.refuse("k_68", "must be above zero and at most k_80")
    if not curve.low <= curve.intake_low <= curve.intake_high <= curve.high:
        raise table.refuse("intake_low", "to intake_high is not within low to high")
    if not curve.low < curve.high:
        raise table.refuse("low", "is not below high")
    if curve.max_session < 2 or len(curve.sample.n_per_session) != (
        curve.max_session - 1
    ):
        raise table.refuse("max_session", "does not fit n_per_session")
    least = shipped_rules().persons_per_session
    if min(curve.sample.n_per_session) < least:
        raise table.refuse(
            "n_per_session", f"goes on after fewer than {least} people were left"
        )


def _term(table: Table, text: str) -> Term:
    if text not in _TERMS:
        raise table.refuse("terms", f"must be among {', '.join(_TERMS)}")
    return _TERMS[text]


def _decimal(table: Table, key: str) -> Decimal:
    try:
        return decimal_of(table.text(key))
    except NotCanonical as problem:
        raise table.refuse(key, str(problem)) from None


def _decimals(table: Table, key: str, length: int) -> tuple[Decimal, ...]:
    try:
        found = tuple(decimal_of(each) for each in table.texts(key))
    except NotCanonical as problem:
        raise table.refuse(key, f"holds what {problem}") from None
    if len(found) != length:
        raise table.refuse(key, f"must hold {length} numbers")
    return found
