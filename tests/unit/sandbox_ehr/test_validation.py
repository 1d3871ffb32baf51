"""R4's own examples pass, and no shape of JSON makes the validator stumble."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox_ehr.errors import FhirRefusal
from sandbox_ehr.json_text import parsed, text_of
from sandbox_ehr.store.database import Database
from sandbox_ehr.store.definitions import r4
from sandbox_ehr.store.interface import FhirRequest
from sandbox_ehr.store.local import LocalStore
from sandbox_ehr.store.validation import check_resource
from tests.shared_material import shared

# Its Observation.performer points at an Encounter, which R4 does not allow.
KNOWN_WRONG = frozenset({"observation-example-clinical-gender.json"})


def test_the_official_examples_are_accepted():
    paths = sorted(shared("spec/fhir-examples").glob("*.json"))
    documents = {path.name: parsed(path.read_bytes()) for path in paths}
    ours = {n: d for n, d in documents.items() if d["resourceType"] in r4().resources}

    refused = set()
    for name, document in ours.items():
        try:
            check_resource(document, kind=document["resourceType"])
        except FhirRefusal:
            refused.add(name)

    assert len(ours) > 80
    assert refused == KNOWN_WRONG


PLACES = (
    *("id", "meta", "text", "contained", "extension", "identifier", "status"),
    *("code", "subject", "item", "component", "period", "name", "category"),
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["reference", "value", "code", "coding", "url", "item", "start", "end"]
            )
            | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(
    kind=st.sampled_from(sorted(r4().resources)),
    key=st.sampled_from(PLACES),
    value=anything,
)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_json_is_accepted_or_refused_with_places(kind, key, value):
    issues = []
    try:
        check_resource({"resourceType": kind, key: value}, kind=kind)
    except FhirRefusal as refusal:
        issues = refusal.issues

    assert all(each["expression"] for each in issues)


@given(value=st.dictionaries(st.text(), anything))
@settings(max_examples=100, deadline=None)
def test_json_is_written_as_it_was_read(value):
    assert parsed(text_of(value)) == value


@pytest.mark.parametrize("round_number", range(3))
def test_eight_conditional_creates_at_once_store_one(clock, round_number):
    store = LocalStore(Database(":memory:"), base_url="http://x/fhir", clock=clock)
    body = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:x", "value": "one"}],
    }
    asked = FhirRequest(
        "POST", "Patient", headers={"if-none-exist": "identifier=urn:x|one"}, body=body
    )

    with ThreadPoolExecutor(8) as pool:
        statuses = [
            each.status for each in pool.map(lambda _: store.answer(asked), range(8))
        ]

    assert sorted(statuses) == [200] * 7 + [201]
    assert store.counts() == {"Patient": 1}
