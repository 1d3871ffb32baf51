"""Reading to the end, writing with headers, and saying what could not be had."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from ehr.answers import place_of
from ehr.errors import (
    AccessExpired,
    EhrRefused,
    EhrUnreachable,
    Redirected,
    UnsafeAnswer,
)
from ehr.server import MOST_PAGES, search_path
from tests.unit.ehr.canned import Canned, CannedEhr, bundle, outcome

SEARCH = "Observation?patient=p-1"
BY_PATIENT = {"patient": "p-1"}


@pytest.fixture
def ehr() -> Iterator[CannedEhr]:
    found = CannedEhr()
    yield found
    found.close()


def observation(name: str, **fields: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": name, "status": "final", **fields}


def found_by(ehr: CannedEhr) -> tuple[list[str], bool]:
    result = ehr.fhir().search("Observation", BY_PATIENT)
    return [each.id for each in result.resources], result.partial


@pytest.mark.req("RW-12")
def test_pages_are_followed_to_the_end(ehr: CannedEhr) -> None:
    ehr.says(SEARCH, bundle(observation("1"), next_url=f"{ehr.issuer}?page=2"))
    ehr.says("?page=2", bundle(observation("2"), next_url=f"{ehr.issuer}/more"))
    ehr.says("more", bundle(observation("3")))

    assert found_by(ehr) == (["1", "2", "3"], False)
    assert {each.headers["authorization"] for each in ehr.seen} == {"Bearer t-1"}


def test_no_answer_out_of_the_ehr_s_memory_is_asked_for(ehr: CannedEhr) -> None:
    ehr.says(SEARCH, bundle(observation("1"), next_url=f"{ehr.issuer}?page=2"))
    ehr.says("?page=2", bundle(observation("2")))
    ehr.says("Observation/1", Canned(200, observation("1")))

    found_by(ehr)
    ehr.fhir().read("Observation", "1")

    assert [each.headers["cache-control"] for each in ehr.seen] == ["no-cache"] * 3


@pytest.mark.req("RW-12")
def test_a_page_at_another_origin_is_not_asked_and_the_result_is_partial(
    ehr: CannedEhr,
) -> None:
    elsewhere = CannedEhr()
    ehr.says(SEARCH, bundle(observation("1"), next_url=f"{elsewhere.issuer}/x"))

    found = found_by(ehr)
    elsewhere.close()

    assert found == (["1"], True)
    assert elsewhere.seen == []


@pytest.mark.req("RW-12")
def test_pages_that_go_in_a_circle_end_and_are_partial(ehr: CannedEhr) -> None:
    ehr.says(SEARCH, bundle(observation("1"), next_url=f"{ehr.issuer}/a"))
    ehr.says("a", bundle(observation("2"), next_url=f"{ehr.issuer}/b"))
    ehr.says("b", bundle(observation("3"), next_url=f"{ehr.issuer}/a"))

    assert found_by(ehr) == (["1", "2", "3"], True)


@pytest.mark.req("RW-12")
def test_a_search_without_an_end_is_cut_and_partial(ehr: CannedEhr) -> None:
    ehr.says(SEARCH, bundle(observation("0"), next_url=f"{ehr.issuer}/p1"))
    for number in range(1, 30):
        after = f"{ehr.issuer}/p{number + 1}"
        ehr.says(f"p{number}", bundle(observation(str(number)), next_url=after))

    names, partial = found_by(ehr)

    assert (len(names), partial) == (MOST_PAGES, True)


@pytest.mark.req("RW-12")
def test_more_entries_than_a_chart_can_have_are_cut_and_partial(
    ehr: CannedEhr,
) -> None:
    many = [observation(str(number)) for number in range(2_001)]
    ehr.says(SEARCH, bundle(*many, next_url=f"{ehr.issuer}/next"))

    _, partial = found_by(ehr)

    assert partial
    assert len(ehr.seen) == 1


@pytest.mark.req("RW-12")
def test_a_resource_on_two_pages_counts_once_in_its_newest_version(
    ehr: CannedEhr,
) -> None:
    old = observation("1", meta={"lastUpdated": "2026-03-01T10:00:00Z"})
    new = observation("1", meta={"lastUpdated": "2026-03-01T11:00:00Z"}) | {
        "status": "amended"
    }
    ehr.says(SEARCH, bundle(new, next_url=f"{ehr.issuer}/more"))
    ehr.says("more", bundle(old))

    (found,) = ehr.fhir().search("Observation", BY_PATIENT).resources

    assert found.status == "amended"


@pytest.mark.parametrize(
    "answer",
    [
        Canned(200, b"<html>"),
        Canned(200, b'{"resourceType":"Bund'),
        Canned(200, outcome("error")),
        Canned(302, b"", (("Location", "/login"),)),
        Canned(503),
    ],
)
def test_a_later_page_that_fails_leaves_a_partial_result(
    ehr: CannedEhr, answer: Canned
) -> None:
    ehr.says(SEARCH, bundle(observation("1"), next_url=f"{ehr.issuer}/more"))
    ehr.says("more", answer)

    assert found_by(ehr) == (["1"], True)


def test_one_unreadable_entry_is_reported_and_the_others_are_read(
    ehr: CannedEhr,
) -> None:
    odd = observation("2", valueQuantity="seventeen")
    ehr.says(SEARCH, bundle(observation("1"), odd, observation("3")))

    result = ehr.fhir().search("Observation", BY_PATIENT)

    assert [each.id for each in result.resources] == ["1", "3"]
    assert [each.resource_id for each in result.unread] == ["2"]


def test_a_warning_among_the_entries_is_no_resource(ehr: CannedEhr) -> None:
    ehr.says(SEARCH, bundle(observation("1"), outcome("warning", "4122")))

    assert found_by(ehr) == (["1"], False)


def test_a_search_that_expired_is_begun_again_once(ehr: CannedEhr) -> None:
    expired = Canned(400, outcome("fatal", "4113"))
    ehr.says(SEARCH, bundle(observation("1"), next_url=f"{ehr.issuer}/more"))
    ehr.says("more", expired, bundle(observation("2")))

    assert found_by(ehr) == (["1", "2"], False)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, EhrRefused),
        (401, AccessExpired),
        (403, EhrRefused),
        (404, EhrRefused),
        (408, EhrUnreachable),
        (410, EhrRefused),
        (429, EhrUnreachable),
        (500, EhrUnreachable),
        (501, EhrRefused),
        (503, EhrUnreachable),
        (302, Redirected),
    ],
)
@pytest.mark.req("TR-05")
def test_each_answer_that_is_no_resource_has_its_error(
    ehr: CannedEhr, status: int, error: type[Exception]
) -> None:
    ehr.says("Patient/1", Canned(status))
    ehr.says("Observation", Canned(status))

    with pytest.raises(error):
        ehr.fhir().read("Patient", "1")
    with pytest.raises(error):
        ehr.fhir().create(observation("x"))


@pytest.mark.req("TR-05")
def test_a_refusal_brings_the_codes_and_not_the_text(ehr: CannedEhr) -> None:
    said = outcome("fatal", "59141")
    said["issue"][0]["diagnostics"] = "Jane Doe has it already"
    ehr.says("Observation", Canned(422, said))

    with pytest.raises(EhrRefused) as raised:
        ehr.fhir().create(observation("x"))

    assert raised.value.status == 422
    assert raised.value.operation_outcome is not None
    assert "Jane" not in str(raised.value)


@pytest.mark.req("TR-05", "RW-07")
def test_an_error_inside_a_201_is_a_refusal(ehr: CannedEhr) -> None:
    ehr.says("Observation", Canned(201, outcome("error")))

    with pytest.raises(EhrRefused) as raised:
        ehr.fhir().create(observation("x"))

    assert raised.value.status == 201


def test_a_warning_inside_a_201_is_none(ehr: CannedEhr) -> None:
    place = (("Location", f"{ehr.issuer}/Observation/9/_history/1"),)
    ehr.says("Observation", Canned(201, outcome("warning"), place))

    assert ehr.fhir().create(observation("x")).location == "Observation/9"


@pytest.mark.req("TR-07", "RW-15")
def test_a_create_carries_its_condition_and_every_digit(ehr: CannedEhr) -> None:
    ehr.says("Observation", Canned(201))
    body = observation("x", valueQuantity={"value": Decimal("7.10")})

    ehr.fhir().create(body, if_none_exist="identifier=s|v")

    (sent,) = ehr.seen
    assert sent.headers["if-none-exist"] == "identifier=s|v"
    assert sent.headers["content-type"] == "application/fhir+json"
    assert sent.headers["prefer"] == "return=minimal"
    assert b'"value":7.10' in sent.body


@pytest.mark.req("RW-06")
def test_an_update_names_the_version_it_replaces(ehr: CannedEhr) -> None:
    ehr.says("Observation/x", Canned(200, b"", (("ETag", 'W/"4"'),)))

    written = ehr.fhir().update(observation("x"), if_match="3")

    assert ehr.seen[0].headers["if-match"] == 'W/"3"'
    assert written.version == "4"


def test_a_transaction_gives_one_place_per_entry(ehr: CannedEhr) -> None:
    answer = {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": [
            {"response": {"status": "201 Created", "location": "Observation/1"}},
            {"response": {"status": "200", "location": f"{ehr.issuer}/Observation/2"}},
        ],
    }
    ehr.says("", Canned(200, answer))

    found = ehr.fhir().transaction({"resourceType": "Bundle", "entry": [{}, {}]})

    assert [(each.status, each.location) for each in found] == [
        (201, "Observation/1"),
        (200, "Observation/2"),
    ]


@pytest.mark.req("RW-14")
def test_an_entry_that_failed_inside_a_200_is_a_refusal(ehr: CannedEhr) -> None:
    entries = [
        {"response": {"status": "201"}},
        {"response": {"status": "422", "outcome": outcome("error")}},
    ]
    ehr.says("", Canned(200, {"resourceType": "Bundle", "entry": entries}))

    with pytest.raises(EhrRefused) as raised:
        ehr.fhir().transaction({"resourceType": "Bundle", "entry": [{}, {}]})

    assert raised.value.status == 422


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"resourceType":"Bundle"}', b'{"entry":[]}', b"no"]
)
def test_a_transaction_whose_answer_cannot_be_read_names_no_place(
    ehr: CannedEhr, body: bytes
) -> None:
    ehr.says("", Canned(200, body))

    found = ehr.fhir().transaction({"resourceType": "Bundle", "entry": [{}]})

    assert [each.location for each in found] == [None]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("https://ehr.example/fhir/Observation/1/_history/2", "Observation/1"),
        ("https://ehr.example/fhir/Observation/1", "Observation/1"),
        ("Observation/1/_history/2", "Observation/1"),
        ("https://evil.example/fhir/Observation/1", None),
        ("https://ehr.example/fhirx/Observation/1", None),
        ("https://ehr.example/fhir/Observation/../Patient/1", None),
        ("Observation/1?x=y", None),
        ("", None),
        (None, None),
    ],
)
def test_a_location_counts_only_below_our_own_base(
    text: str | None, place: str | None
) -> None:
    assert place_of(text, base="https://ehr.example/fhir")[0] == place


@pytest.mark.parametrize("name", ["../Patient/2", "1/../../x", "", "a b", "1?x", "é"])
def test_an_id_that_is_none_is_never_put_into_a_url(ehr: CannedEhr, name: str) -> None:
    with pytest.raises(EhrRefused):
        ehr.fhir().read("Patient", name)

    assert ehr.seen == []


def test_values_of_a_search_are_encoded() -> None:
    path = search_path("Observation", {"identifier": "https://x/y|1&patient=2"})

    assert path == "Observation?identifier=https%3A%2F%2Fx%2Fy%7C1%26patient=2"


def test_the_statement_is_asked_without_a_token(ehr: CannedEhr) -> None:
    ehr.says("metadata", Canned(200, {"resourceType": "CapabilityStatement"}))

    ehr.fhir().capabilities()

    assert "authorization" not in ehr.seen[0].headers


def test_nothing_is_sent_without_a_right(ehr: CannedEhr) -> None:
    def none() -> str:
        raise AccessExpired

    with pytest.raises(AccessExpired):
        ehr.fhir(token=none).read("Patient", "1")
    assert ehr.seen == []


def test_a_body_that_is_not_what_its_headers_say_is_no_answer(
    ehr: CannedEhr,
) -> None:
    whole = json.dumps(observation("1")).encode()
    ehr.says("Observation/1", Canned(200, whole, (("Content-Encoding", "gzip"),)))

    with pytest.raises((EhrUnreachable, UnsafeAnswer)):
        ehr.fhir().read("Observation", "1")
