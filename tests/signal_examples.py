"""One of each signal, built from its fields, so that a new signal comes by itself."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from clinical.attendance import Visit
from clinical.signals.kinds import Signal
from clinical.trajectory import Reading
from questionnaires.instrument import Instrument

KINDS: tuple[type, ...] = get_args(Signal)
SCORE = Decimal("17.25")  # written as long as a score ever is
READING = Reading(
    session_number=24,
    authored=datetime(2026, 9, 30, 10, 0, tzinfo=UTC),
    value=SCORE,
    prorated=False,
    in_record=True,
    source="QuestionnaireResponse/17",
)
VISIT = Visit(READING.authored, "missed")


def examples(kind: type, instrument: Instrument) -> Iterator[Any]:
    """This signal of this instrument, once for each of its fixed choices."""
    hints = get_type_hints(kind)
    names = [each.name for each in fields(kind)]
    choices = [_values(name, hints[name], instrument) for name in names]
    for each in product(*choices):
        yield kind(**dict(zip(names, each, strict=True)))


def _values(name: str, hint: Any, instrument: Instrument) -> tuple[Any, ...]:
    named = {
        "instrument_id": instrument.id,
        "link_id": instrument.items[-1].link_id,
        "authored_on": "2026-09-30",
        "low_lines": tuple(each.link_id for each in instrument.items[-2:]),
    }
    if name in named:
        return (named[name],)
    origin = get_origin(hint)
    if origin is Literal:
        return get_args(hint)
    if origin in (Union, UnionType):
        return tuple(
            value
            for each in get_args(hint)
            for value in _values(name, each, instrument)
        )
    if origin is tuple:
        return (_values(name, get_args(hint)[0], instrument)[:2],)
    if hint in KINDS:  # a signal that rests on others
        return (next(examples(hint, instrument)),)
    if hint is bool:
        return (True, False)
    plain = {str: "x", int: 24, Decimal: SCORE, Reading: READING, NoneType: None}
    plain[Visit] = VISIT
    return (plain[hint],)
