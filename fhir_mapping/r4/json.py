"""FHIR JSON as we build it, and its bytes with every digit of a decimal kept."""

from decimal import Decimal
from json.encoder import encode_basestring

Json = dict[str, object]

# FHIR strings hold no control characters but tab, line feed and carriage return, and
# a lone surrogate cannot be sent at all: both become the replacement character.
_FORBIDDEN = {
    code: "�"
    for code in (*range(0x20), 0x7F, *range(0xD800, 0xE000))
    if code not in (0x09, 0x0A, 0x0D)
}


def fhir_text(text: str) -> str:
    """The text with what a FHIR string may not hold replaced by U+FFFD."""
    return text.translate(_FORBIDDEN)


def json_bytes(resource: Json) -> bytes:
    """UTF-8 JSON in the order of the keys; 7.10 stays 7.10.

    Raises:
        TypeError: a value that has no exact JSON form (binary float, date, ...).
    """
    return _text(resource).encode()


def pretty_json_bytes(resource: Json) -> bytes:
    """The same for people: two spaces a step, one member a line, a last line feed.

    Raises:
        TypeError: as `json_bytes`.
    """
    return f"{_pretty(resource, '')}\n".encode()


def _pretty(value: object, margin: str) -> str:
    deeper = f"{margin}  "
    match value:
        case dict() if value:
            lines = [
                f"{deeper}{encode_basestring(key)}: {_pretty(each, deeper)}"
                for key, each in value.items()
            ]
            opening, closing = "{}"
        case list() | tuple() if value:
            lines = [f"{deeper}{_pretty(each, deeper)}" for each in value]
            opening, closing = "[]"
        case _:
            return _text(value)
    return "\n".join([opening, ",\n".join(lines), f"{margin}{closing}"])


def _text(value: object) -> str:
    # `bool` before `int`: True is an int in Python.
    match value:
        case str():
            return encode_basestring(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal() if value.is_finite():
            return format(value, "f")
        case dict():
            pairs = (f"{encode_basestring(key)}:{_text(v)}" for key, v in value.items())
            return "{" + ",".join(pairs) + "}"
        case list() | tuple():
            return "[" + ",".join(map(_text, value)) + "]"
        case _:
            raise TypeError(f"no exact JSON form for {type(value).__name__}")
