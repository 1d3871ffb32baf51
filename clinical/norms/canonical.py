"""JSON that can be written in one way only, so that one text has one hash.

Keys sorted, no blanks, UTF-8, no floating-point number: a number with decimals is a
text. Within that, the bytes are those of RFC 8785 (JSON Canonicalization Scheme).
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any, NoReturn

Json = Mapping[str, Any]
LARGEST_PACK = 262_144  # bytes; a pack of 60 sessions takes about 10 KB

_KEY = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,40})?")
_LARGEST_WHOLE = 2**53 - 1  # what every JSON reader keeps


class NotCanonical(Exception):
    """Not JSON of this kind; says where, never what."""


def canonical_bytes(content: Json) -> bytes:
    """The one way to write this.

    Raises:
        NotCanonical: a float, a key of other characters, half a surrogate pair.
    """
    _check(content, "")
    text = json.dumps(
        content,
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
    )
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise NotCanonical("a text holds half a character") from None


def content_of(text: bytes) -> Json:
    """What is written there, if it is written in that one way.

    Raises:
        NotCanonical: too large, not JSON, a key twice, or written in another way.
    """
    if len(text) > LARGEST_PACK:
        raise NotCanonical(f"is larger than {LARGEST_PACK} bytes")
    try:
        found = json.loads(text, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError):
        raise NotCanonical("is not JSON without floating-point numbers") from None
    if not isinstance(found, dict):
        raise NotCanonical("is not a JSON object")
    # Also finds a key that is there twice: one of the two is lost when written again.
    if canonical_bytes(found) != text:
        raise NotCanonical("is not written as a pack is: one line, keys in order")
    return found


def digest_of(content: Json) -> str:
    """SHA-256 (hex) of the canonical bytes."""
    return sha256(canonical_bytes(content)).hexdigest()


def text_of(number: Decimal) -> str:
    """An exact number as a text without exponent."""
    return f"{number:f}"


def decimal_of(text: str) -> Decimal:
    """The way back.

    Raises:
        NotCanonical: not a number as `text_of` writes it.
    """
    if not _DECIMAL.fullmatch(text):
        raise NotCanonical("is not a decimal number in quotes")
    return Decimal(text)


def _no_float(_text: str) -> NoReturn:
    raise ValueError("floating-point number")


def _check(found: object, place: str) -> None:
    if isinstance(found, Mapping):
        for key, each in found.items():
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                raise NotCanonical(f"{place or 'root'}: a key of other characters")
            _check(each, f"{place}.{key}" if place else key)
    elif isinstance(found, list):
        for number, each in enumerate(found):
            _check(each, f"{place}[{number}]")
    elif isinstance(found, int):
        if abs(found) > _LARGEST_WHOLE:
            raise NotCanonical(f"{place}: is out of any range")
    elif found is not None and not isinstance(found, str):
        raise NotCanonical(f"{place}: is no text, whole number, list or object")
