"""A norm pack goes through FHIR and comes back byte for byte, or is refused."""

import base64
import json
from hashlib import sha1

import pytest

from clinical.errors import NormPackError
from clinical.norms.pack import hashed, pack_bytes
from clinical.norms.source_attributes import KEYS, NOT_AVAILABLE, PARAGRAPH
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.norm_library import (
    SOURCE_ATTRIBUTE,
    library_from_pack,
    pack_from_library,
)
from fhir_mapping.r4.json import Json, json_bytes
from tests.instruments import PHQ9
from tests.norm_packs import SIGNER, pack, signed


def library() -> Json:
    """Written and read again, as another system would."""
    written = json_bytes(library_from_pack(signed(pack()), PHQ9))
    found: Json = json.loads(written)
    return found


def content(found: Json) -> dict[str, object]:
    parts = found["content"]
    assert isinstance(parts, list)
    part: dict[str, object] = parts[0]
    return part


def test_a_pack_comes_back_byte_for_byte() -> None:
    found = pack_from_library(library())

    assert pack_bytes(found) == pack_bytes(signed(pack()))


def test_the_library_says_who_signed_and_until_when() -> None:
    found = library()

    assert found["status"] == "active"
    assert found["endorser"] == [{"name": SIGNER}]
    assert found["effectivePeriod"] == {"start": "2026-01-15", "end": "2027-01-15"}


def test_an_unsigned_pack_is_a_draft() -> None:
    assert library_from_pack(hashed(pack()), PHQ9)["status"] == "draft"


def test_all_31_source_attributes_are_there_and_none_is_empty() -> None:
    extensions = library()["extension"]
    assert isinstance(extensions, list)

    said = [
        [part.get("valueCode", part.get("valueString")) for part in each["extension"]]
        for each in extensions
        if each["url"] == SOURCE_ATTRIBUTE
    ]

    assert [name.replace("-", "_") for name, _, _ in said] == list(KEYS)
    assert all(paragraph.startswith(PARAGRAPH) for _, paragraph, _ in said)
    assert {text for _, _, text in said} == {NOT_AVAILABLE}


def test_the_attachment_has_the_hash_that_r4_asks_for() -> None:
    part = content(library())

    data = base64.b64decode(str(part["data"]))

    assert part["hash"] == base64.b64encode(sha1(data).digest()).decode()
    assert part["size"] == len(data)


def test_a_pack_that_was_changed_inside_the_library_is_refused() -> None:
    found = library()
    part = content(found)
    data = base64.b64decode(str(part["data"]))
    part["data"] = base64.b64encode(data.replace(b'"8"', b'"9"')).decode()

    with pytest.raises(NormPackError):
        pack_from_library(found)


@pytest.mark.parametrize(
    "change",
    [
        {"resourceType": "Questionnaire"},
        {"content": []},
        {"content": None},
        {"content": [{"contentType": "application/json"}]},
        {"content": [{"contentType": "application/json", "data": "?"}]},
    ],
)
def test_what_is_no_library_of_one_pack_is_refused(change: Json) -> None:
    with pytest.raises(UnreadableResource):
        pack_from_library(library() | change)
