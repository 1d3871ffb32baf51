"""The fast way in for JSON: hook bodies, charts, bulk, into typed structures.

msgspec is strict where it looks and blind where it does not: bad UTF-8 and escaped
controls in unread members pass. So the text is checked before. One difference to
`safe_json` is left and accepted: of doubled members the last one wins.
"""

import re
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from ehr.errors import JsonRefused
from ehr.wire.safe_json import Profile

T = TypeVar("T")

LARGEST = {"request": 4_000_000, "ehr": 10_000_000}  # bytes

_BOM = b"\xef\xbb\xbf"
# May also catch an escaped backslash followed by a letter; then we look closely.
_SUSPECT = re.compile(rb"\\(?:u(?:00[01]|[dD][89a-fA-F])|[bf])")
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ALLOWED_CONTROLS = {0x09, 0x0A, 0x0D}
_PLACE = re.compile(r" - at `(\$[^`]*)`")
_BYTE = re.compile(r"\(byte (\d+)\)")
_REPLACEMENT = b"\\ufffd"


def checked_text(body: bytes, *, profile: Profile = "request") -> bytes:
    """The body, once its text can be trusted; to be decoded by a typed reader.

    Args:
        body: as received.
        profile: `request` refuses; `ehr` drops a BOM and replaces forbidden escapes
            by U+FFFD, so that one bad note does not hide a chart.

    Raises:
        JsonRefused: too large, not UTF-8, or with escapes of forbidden characters.
    """
    if len(body) > LARGEST[profile]:
        raise JsonRefused("size")
    if profile == "ehr":
        body = body.removeprefix(_BOM)
    if not body.isascii():
        try:
            body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise JsonRefused(f"byte {error.start}") from None
    if b"\\" in body and _SUSPECT.search(body):
        return _without_forbidden_escapes(body, profile)
    return body


def decode(body: bytes, type_: type[T]) -> T:
    """A checked body as one of our structures.

    Raises:
        JsonRefused: with the JSON path, or the byte where the syntax breaks.
    """
    # `from None` throughout: msgspec's own message may quote a value.
    try:
        wanted: Any = type_
        decoder: msgspec.json.Decoder[T] = _decoder(wanted)
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        raise JsonRefused(_place_in(str(error))) from None
    except RecursionError:
        raise JsonRefused("depth") from None


@lru_cache(maxsize=64)
def _decoder(type_: Any) -> Any:
    # Building a decoder costs more than using it.
    return msgspec.json.Decoder(type_)


def _place_in(message: str) -> str:
    found: Any = _PLACE.search(message)
    if found:
        return str(found[1])
    found = _BYTE.search(message)
    return f"byte {found[1]}" if found else "$"


def _without_forbidden_escapes(body: bytes, profile: Profile) -> bytes:
    pieces, copied_to = [], 0
    for start, end in _forbidden_escapes(body):
        if profile == "request":
            raise JsonRefused(f"byte {start}")
        pieces += [body[copied_to:start], _REPLACEMENT]
        copied_to = end
    return b"".join([*pieces, body[copied_to:]])


def _forbidden_escapes(body: bytes) -> list[tuple[int, int]]:
    found, high = [], None
    for each in _ESCAPE.finditer(body):
        start, end = each.span()
        code = int(each[1], 16) if each[1] else None
        is_low = code is not None and 0xDC00 <= code <= 0xDFFF
        if high is not None:
            if is_low and high[1] == start:
                high = None  # a pair: one character beyond the first plane
                continue
            found.append(high)
            high = None
        if code is not None and 0xD800 <= code <= 0xDBFF:
            high = (start, end)
        elif is_low or _is_control(code, each[2]):
            found.append((start, end))
    return [*found, high] if high is not None else found


def _is_control(code: int | None, letter: bytes | None) -> bool:
    if code is None:
        return letter in (b"b", b"f")
    return code < 0x20 and code not in _ALLOWED_CONTROLS
