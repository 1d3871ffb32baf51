"""The strict way in for JSON: forms, tokens, settings, metadata, short answers.

Nothing here depends on the parser's own limits: the depth at which Python gives up
differs by release, so brackets are counted before parsing. Numbers become `Decimal`.
"""

import json
import logging
import re
from decimal import Decimal
from itertools import accumulate
from typing import Literal, NoReturn

from ehr.errors import JsonRefused

log = logging.getLogger(__name__)

Profile = Literal["request", "ehr"]

LARGEST = {"request": 256_000, "ehr": 10_000_000}  # bytes
DEEPEST = 32  # the official R4 examples reach 21
LONGEST_INTEGER = 20  # characters, sign included
LONGEST_FRACTION = 128
LARGEST_EXPONENT = 308

_BOM = b"\xef\xbb\xbf"
# An unfinished string runs to the end, so that each character is looked at once.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_NOT_A_BRACKET = re.compile(r"[^\[\]{}]+")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def safe_json(body: bytes, *, profile: Profile) -> dict[str, object]:
    """A JSON object, or a refusal that says where and never what.

    Args:
        body: as received.
        profile: `request` for what people and callers send us: any doubt is a refusal.
            `ehr` for what an EHR answers: one leading BOM is dropped, and characters
            that no text may hold become U+FFFD, counted in the log, so that one bad
            note does not hide a chart.

    Raises:
        JsonRefused: size, encoding, depth, syntax, a doubled member, a number out of
            bounds, a forbidden character, or a top level that is no object.
    """
    if len(body) > LARGEST[profile]:
        raise JsonRefused("size")
    if profile == "ehr":
        body = body.removeprefix(_BOM)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonRefused(f"byte {error.start}") from None
    _refuse_depth(text)
    # `from None` below: the parser's message would carry the document along.
    try:
        found = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JsonRefused(f"character {error.pos}") from None
    except (RecursionError, MemoryError):
        raise JsonRefused("depth") from None
    if not isinstance(found, dict):
        raise JsonRefused("top level")
    # Without an escape the parser itself has refused every forbidden character.
    if "\\" not in text:
        return found
    return _with_allowed_text(found, profile)


def _refuse_depth(text: str) -> None:
    brackets = _NOT_A_BRACKET.sub("", _STRING.sub("", text))
    steps = (1 if each in "[{" else -1 for each in brackets)
    if max(accumulate(steps), default=0) > DEEPEST:
        raise JsonRefused("depth")


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonRefused("doubled member")
    return members


def _no_constant(_name: str) -> NoReturn:
    raise JsonRefused("number")


def _integer(text: str) -> int:
    if len(text) > LONGEST_INTEGER:
        raise JsonRefused("number")
    return int(text)


def _fraction(text: str) -> Decimal:
    if len(text) > LONGEST_FRACTION:
        raise JsonRefused("number")
    number = Decimal(text)
    if not number.is_finite() or abs(number.adjusted()) > LARGEST_EXPONENT:
        raise JsonRefused("number")
    return number


# Made once: to make a decoder costs more than to read a token with it.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_constant=_no_constant,
    parse_int=_integer,
    parse_float=_fraction,
)


def _with_allowed_text(found: dict[str, object], profile: Profile) -> dict[str, object]:
    replaced = 0

    def text(value: str) -> str:
        nonlocal replaced
        cleaned, count = _FORBIDDEN.subn("\ufffd", value)
        if count and profile == "request":
            raise JsonRefused("forbidden character")
        replaced += count
        return cleaned

    def value_of(value: object) -> object:
        match value:
            case str():
                return text(value)
            case list():
                return [value_of(each) for each in value]
            case dict():
                return members_of(value)
            case _:
                return value

    def members_of(members: dict[str, object]) -> dict[str, object]:
        return _members([(text(key), value_of(each)) for key, each in members.items()])

    cleaned = members_of(found)
    if replaced:
        log.warning("forbidden characters replaced: %d", replaced)
    return cleaned
