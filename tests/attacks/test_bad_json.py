"""Public collections of bad JSON against both ways in (A40).

They are read where they lie; a collection that is absent shows as a skip.
"""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ehr.errors import JsonRefused
from ehr.wire.safe_json import safe_json
from ehr.wire.typed_json import checked_text, decode
from tests.shared_material import shared


class Anything(msgspec.Struct):
    """A body of which nothing is read."""


def strict(body: bytes) -> object:
    return safe_json(body, profile="request")


def typed(body: bytes) -> object:
    return decode(checked_text(body), Anything)


DOORS: dict[str, Callable[[bytes], object]] = {"strict": strict, "typed": typed}


def accepts(door: Callable[[bytes], object], body: bytes) -> bool:
    """Anything but an answer or a refusal is a crash, and fails the test."""
    try:
        door(body)
    except JsonRefused:
        return False
    return True


def _wrapped(files: list[Path]) -> list[bytes]:
    return [b'{"v":' + file.read_bytes() + b"}" for file in files]


@pytest.mark.parametrize("name", DOORS)
def test_json_test_suite(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    folder = shared("corpora/JSONTestSuite/test_parsing")
    files = sorted(folder.glob("*.json"))
    taken = Counter(
        (file.name[0], accepts(DOORS[name], body))
        for file, body in zip(files, _wrapped(files), strict=True)
    )

    record_property(f"JSONTestSuite {name}", dict(taken))
    assert len(files) >= 318
    assert taken["n", True] == 0
    # Refused on purpose: doubled members (strict only) and escaped controls.
    assert taken["y", False] == {"strict": 6, "typed": 4}[name]


def test_unwrapped_and_transformed_files_crash_no_door() -> None:
    folder = shared("corpora/JSONTestSuite")
    files = sorted(folder.glob("test_*/*.json"))

    for file in files:
        for door in DOORS.values():
            accepts(door, file.read_bytes())

    assert len(files) >= 340


def test_naughty_strings_pass_unchanged_or_not_at_all() -> None:
    strings = json.loads(
        shared("corpora/big-list-of-naughty-strings/blns.json").read_bytes()
    )

    outcomes = []
    for each in strings:
        body = json.dumps({"v": each}).encode()
        outcomes.append(accepts(strict, body))
        if outcomes[-1]:
            assert safe_json(body, profile="request") == {"v": each}

    assert len(strings) >= 515
    assert outcomes.count(False) == 5  # they hold control characters


def test_fhir_files_that_are_bad_on_purpose_crash_no_door() -> None:
    folder = shared("corpora/fhir-test-cases/validator")
    files = sorted(folder.rglob("*.json"))

    taken = [
        safe_or_refused(file.read_bytes()) for file in files if file.stat().st_size
    ]

    assert len(files) >= 452
    assert taken.count(True) > 400


def safe_or_refused(body: bytes) -> bool:
    try:
        safe_json(body, profile="ehr")
        decode(checked_text(body, profile="ehr"), Anything)
    except JsonRefused:
        return False
    return True


REFUSED: dict[str, bytes] = {
    "nothing": b"",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "two objects": b"{}{}",
    "trailing text": b"{} x",
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep lists": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep and cut off": b'{"a":' + b"[" * 100_000,
    "thirty-three levels": b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
    "an unfinished string of escapes": b'{"a":"' + b'\\"' * 100_000,
    "doubled member": b'{"a":1,"a":2}',
    "doubled member below": b'{"a":[{"b":1,"b":2}]}',
    "doubled by escape": b'{"a":1,"\\u0061":2}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":-Infinity}',
    "1e400": b'{"a":1e400}',
    "1e-400": b'{"a":1e-400}',
    "1E999999999": b'{"a":1E999999999}',
    "an integer of a thousand digits": b'{"a":' + b"9" * 1_000 + b"}",
    "a fraction of a thousand digits": b'{"a":0.' + b"9" * 1_000 + b"}",
    "a NUL": b'{"a":"\\u0000"}',
    "a NUL in a name": b'{"\\u0000":1}',
    "a raw control": b'{"a":"\x01"}',
    "a backspace": b'{"a":"\\b"}',
    "half a pair": b'{"a":"\\ud800"}',
    "half a pair, the other half": b'{"a":"\\udc00"}',
    "a pair the wrong way round": b'{"a":"\\udc00\\ud800"}',
    "latin-1": b'{"a":"\xe4"}',
    "overlong UTF-8": b'{"a":"\xc0\xaf"}',
    "surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "BOM": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "too large": b'{"a":"' + b"x" * 300_000 + b'"}',
    "single quotes": b"{'a':1}",
    "comment": b'{"a":1}//x',
    "a leading zero": b'{"a":01}',
    "hexadecimal": b'{"a":0x1}',
}


@pytest.mark.req("TR-03")
@pytest.mark.parametrize("name", REFUSED)
def test_the_strict_way_in_refuses(name: str) -> None:
    assert not accepts(strict, REFUSED[name])


LEFT_TO_THE_READER = {
    # What the fast way in accepts, because nothing of it is read or kept.
    "doubled member",
    "doubled member below",
    "doubled by escape",
    "1e400",
    "1e-400",
    "1E999999999",
    "an integer of a thousand digits",
    "a fraction of a thousand digits",
    "too large",
    "thirty-three levels",
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_the_typed_way_in_refuses_all_but_the_documented_difference(name: str) -> None:
    assert accepts(typed, REFUSED[name]) == (name in LEFT_TO_THE_READER)


ACCEPTED: dict[str, bytes] = {
    "thirty-two levels": b'{"a":' + b"[" * 31 + b"]" * 31 + b"}",
    "brackets in a text": b'{"a":"' + b"[{" * 1_000 + b'"}',
    "an escaped quote and brackets": b'{"a":"\\"' + b"[" * 1_000 + b'"}',
    "tab and line break": b'{"a":"\\t\\r\\n"}',
    "a character beyond the first plane": b'{"a":"\\ud83d\\ude42"}',
    "an escaped backslash before u": b'{"a":"\\\\u0000 \\\\b"}',
    "an exact fraction": b'{"a":7.10}',
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_odd_and_right_passes_both(name: str) -> None:
    assert accepts(strict, ACCEPTED[name])
    assert accepts(typed, ACCEPTED[name])


def test_a_number_keeps_its_digits() -> None:
    assert str(safe_json(b'{"a":7.10}', profile="request")["a"]) == "7.10"


def test_one_bad_note_does_not_hide_a_chart() -> None:
    body = b'\xef\xbb\xbf{"note":"a\\u0000b\\ud800c","value":17}'

    class Note(msgspec.Struct):
        note: str
        value: int

    assert safe_json(body, profile="ehr") == {"note": "a�b�c", "value": 17}
    assert decode(checked_text(body, profile="ehr"), Note) == Note("a�b�c", 17)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_names_a_place_and_no_content(name: str) -> None:
    secret = b'{"note":"Anna Schmidt, 17 Elm Street",' + (REFUSED[name][1:] or b"x")

    with pytest.raises(JsonRefused) as raised:
        strict(secret)

    assert "Schmidt" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_refusal_of_a_value_names_its_path_and_not_the_value() -> None:
    class Inner(msgspec.Struct, rename="camel"):
        patient_id: str

    class Outer(msgspec.Struct):
        context: Inner

    with pytest.raises(JsonRefused) as raised:
        decode(b'{"context":{"patientId":4711}}', Outer)

    assert raised.value.place == "$.context.patientId"
    assert "4711" not in str(raised.value)
