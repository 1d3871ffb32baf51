"""Frozen dataclasses as JSON and back, exactly: by their own type hints."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

# Of a dataclass the name stands beside its fields, to tell the members of a union.
KIND = "is"
Json = Any  # what `json.loads` gives


class NotOfThisKind(Exception):
    """The JSON is not what this kind is written as; says where, never what."""


def json_of(value: object) -> Json:
    """Texts, numbers, days, tuples, mappings and dataclasses of them.

    A decimal number is a text, so that no digit is lost; a mapping is a list of pairs,
    because its keys need not be texts.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return str(value)
        case date():
            return value.isoformat()
        case Mapping():
            return [[json_of(key), json_of(each)] for key, each in value.items()]
        case tuple():
            return [json_of(each) for each in value]
        case _ if is_dataclass(value):
            names = [each.name for each in fields(value)]
            told = {name: json_of(getattr(value, name)) for name in names}
            return {KIND: type(value).__name__} | told
        case _:
            raise NotOfThisKind(type(value).__name__)


def value_from(kind: Any, told: Json, *, place: str = "$") -> Any:
    """The way back.

    Args:
        kind: the type it was, as a type hint writes it.

    Raises:
        NotOfThisKind: it was not written by `json_of` of this kind.
    """
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _one_of(parts, told, place=place)
    if origin is Literal and told in parts:
        return told
    if origin is tuple and isinstance(told, list):
        kinds = [parts[0]] * len(told) if parts[-1:] == (...,) else list(parts)
        if len(kinds) == len(told):
            return tuple(
                value_from(each, one, place=f"{place}[{at}]")
                for at, (each, one) in enumerate(zip(kinds, told, strict=True))
            )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {
            value_from(parts[0], key, place=place): value_from(
                parts[1], each, place=f"{place}.{key}"
            )
            for key, each in told
        }
    if is_dataclass(kind) and isinstance(told, dict):
        return _dataclass_from(kind, told, place=place)
    return _plain(kind, told, place=place)


def _one_of(kinds: tuple[Any, ...], told: Json, *, place: str) -> Any:
    if told is None and type(None) in kinds:
        return None
    others = [each for each in kinds if each is not type(None)]
    if isinstance(told, dict):
        others = [each for each in others if each.__name__ == told.get(KIND)]
    if len(others) != 1:
        raise NotOfThisKind(place)
    return value_from(others[0], told, place=place)


def _dataclass_from(kind: Any, told: Mapping[str, Json], *, place: str) -> Any:
    hints = _hints(kind)
    if told.get(KIND) != kind.__name__ or set(told) != {KIND, *hints}:
        raise NotOfThisKind(place)
    return kind(
        **{
            name: value_from(hint, told[name], place=f"{place}.{name}")
            for name, hint in hints.items()
        }
    )


@lru_cache(maxsize=128)
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind)}


def _plain(kind: Any, told: Json, *, place: str) -> Any:
    try:
        if kind is Decimal and isinstance(told, str):
            return Decimal(told)
        if kind is date and isinstance(told, str):
            return date.fromisoformat(told)
    except (ArithmeticError, ValueError):
        raise NotOfThisKind(place) from None
    if kind in (bool, int, str) and type(told) is kind:
        return told
    raise NotOfThisKind(place)
