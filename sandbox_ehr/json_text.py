"""JSON as FHIR wants it: decimals keep their digits, doubtful text is refused."""

import json
import re
from decimal import Decimal
from typing import Any

from sandbox_ehr.errors import FhirRefusal

Json = dict[str, Any]

SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
DEEPEST = 60  # levels; the deepest resource of R4's own examples has about 20


def parsed(text: str | bytes) -> Json:
    """The JSON object in `text`.

    Raises:
        FhirRefusal: 400 when it is not UTF-8, not JSON, not one object, says a
            key twice, holds NaN, Infinity or half a surrogate pair, or is nested
            too deeply.
    """
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        found = json.loads(
            text,
            parse_float=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_no_double_key,
        )
    except (ValueError, RecursionError) as error:
        raise FhirRefusal(
            400, "structure", f"not one JSON object: {type(error).__name__}"
        ) from None
    if not isinstance(found, dict):
        raise FhirRefusal(400, "structure", "not one JSON object")
    if _depth(found) > DEEPEST:
        raise FhirRefusal(400, "structure", "nested too deeply")
    if SURROGATE.search(text) and not _is_text(found):
        raise FhirRefusal(400, "structure", "half a surrogate pair")
    return found


def text_of(value: object) -> str:
    """JSON text; unlike `json.dumps`, 7.10 stays 7.10."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case int():
            return str(value)
        case Decimal():
            return str(value)
        case float():
            return json.dumps(value)
        case dict():
            inner = ",".join(
                f"{json.dumps(key, ensure_ascii=False)}:{text_of(each)}"
                for key, each in value.items()
            )
            return "{" + inner + "}"
        case list() | tuple():
            return "[" + ",".join(text_of(each) for each in value) + "]"
        case _:
            raise TypeError(f"no JSON for {type(value).__name__}")


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _no_double_key(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _is_text(value: object) -> bool:
    try:
        text_of(value).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(each) for each in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(each) for each in value), default=0)
    return 0
