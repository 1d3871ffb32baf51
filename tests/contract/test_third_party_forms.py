"""Forms and responses that nobody here wrote: read, or refused with place and reason.

Official examples, the validator's own test cases (many of them wrong on purpose), and
each of them again with one place changed into something odd.
"""

import copy
import json
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fhir_mapping.errors import UnreadableResource
from fhir_mapping.form_structure import structure_from_questionnaire
from fhir_mapping.known_codes import known_codes
from fhir_mapping.questionnaire_response import answers_from_response
from fhir_mapping.r4.json import Json
from fhir_mapping.r4.reading import resource_from_bytes
from questionnaires.library import load_library
from tests.shared_material import shared

LIBRARY = load_library()
CODES = known_codes(LIBRARY)
FOLDERS = ("spec", "corpora/fhir-test-cases")
PACKAGES = "spec/us-core/packages"
ODD = (
    *(None, True, -1, 5, 10**30, Decimal("NaN"), Decimal("1E400"), "", "x", "\x00"),
    *([], {}, [None], [5], [[]], [{}], {"a": 1}),
)
ODD_PLACES = 120  # a resource

Kind = str
Outcome = str


@cache
def material() -> tuple[tuple[str, Json], ...]:
    """Name and JSON of each form and response, also inside other resources."""
    found = []
    for name, text in texts():
        try:
            parsed = json.loads(text, parse_float=Decimal)
        except ValueError:  # some cases are no JSON on purpose
            continue
        found += [(name, each) for each in forms_in(parsed)]
    return tuple(found)


def texts() -> Iterator[tuple[str, bytes]]:
    for folder in FOLDERS:
        for path in sorted(shared(folder).rglob("*.json")):
            yield path.name, path.read_bytes()
    for package in sorted(shared(PACKAGES).glob("*.tgz")):
        with tarfile.open(package) as files:
            for member in files:
                content = files.extractfile(member)
                if content is not None and member.name.endswith(".json"):
                    yield f"{package.name}/{Path(member.name).name}", content.read()


def forms_in(value: Any) -> Iterator[Json]:
    match value:
        case dict():
            if value.get("resourceType") in ("Questionnaire", "QuestionnaireResponse"):
                yield value
            for each in value.values():
                yield from forms_in(each)
        case list():
            for each in value:
                yield from forms_in(each)


def of_kind(kind: Kind) -> list[tuple[str, Json]]:
    return [each for each in material() if each[1]["resourceType"] == kind]


def form_read(resource: Json) -> Outcome:
    try:
        structure_from_questionnaire(resource)
    except UnreadableResource as error:
        return f"refused: {error.reason}" if error.place else "refused without place"
    return "read"


def response_read(resource: Json) -> Outcome:
    return text_read(json.dumps(resource, default=float).encode())


def text_read(body: bytes) -> Outcome:
    try:
        read = resource_from_bytes(body)
        answers = answers_from_response(read, CODES, default_language="en")
    except UnreadableResource as error:
        return f"refused: {error.reason}"
    return "none of ours" if answers is None else "read"


READERS: dict[Kind, Callable[[Json], Outcome]] = {
    "Questionnaire": form_read,
    "QuestionnaireResponse": response_read,
}


@pytest.mark.parametrize(
    ("kind", "at_least"), [("Questionnaire", 120), ("QuestionnaireResponse", 100)]
)
def test_every_third_party_form_and_response_is_read_or_refused(
    kind: Kind, at_least: int
) -> None:
    outcomes = Counter(READERS[kind](resource) for _, resource in of_kind(kind))

    print(f"third-party {kind}: {outcomes.total()}, {dict(outcomes)}")
    assert outcomes.total() >= at_least
    assert outcomes["read"] > 0
    assert "refused without place" not in outcomes


def test_a_response_that_claims_to_be_to_our_form_is_read_by_it_or_refused() -> None:
    responses = [each for _, each in of_kind("QuestionnaireResponse")]
    outcomes = Counter(
        response_read(each | {"questionnaire": instrument.canonical})
        for each in responses
        for instrument in LIBRARY.instruments.values()
    )

    print(f"third-party responses that claim to be ours: {dict(outcomes)}")
    assert outcomes.total() >= 100 * len(LIBRARY.instruments)
    assert outcomes["refused: unknown_code"] > 100
    assert outcomes["none of ours"] == 0


@pytest.mark.parametrize("kind", READERS)
def test_no_odd_value_at_any_place_breaks_a_reader(kind: Kind) -> None:
    random = Random(20261125)  # a seed, no secret
    outcomes: Counter[Outcome] = Counter()
    for _, resource in of_kind(kind):
        places = list(places_of(resource))
        for place in random.sample(places, min(ODD_PLACES, len(places))):
            odd = with_odd(resource, place, random.choice(ODD))
            outcomes[READERS[kind](odd)] += 1

    print(f"{kind} with one odd value: {outcomes.total()}, {dict(outcomes)}")
    assert outcomes["refused: malformed"] > 500
    assert "refused without place" not in outcomes


def places_of(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    match value:
        case dict():
            pairs = list(value.items())
        case list():
            pairs = list(enumerate(value))
        case _:
            return
    for key, each in pairs:
        yield (*before, key)
        yield from places_of(each, (*before, key))


def with_odd(resource: Json, place: tuple[Any, ...], odd: object) -> Json:
    changed = copy.deepcopy(resource)
    target: Any = changed
    *steps, last = place
    for step in steps:
        target = target[step]
    target[last] = odd
    return changed


def nested_form(levels: int) -> Json:
    item: Json = {"linkId": "end", "type": "string"}
    for level in range(levels):
        item = {"linkId": str(level), "type": "group", "item": [item]}
    return {"resourceType": "Questionnaire", "url": "https://e.example", "item": [item]}


@pytest.mark.parametrize("levels", [33, 1000, 50_000])
def test_a_form_nested_too_deep_is_refused_at_its_place(levels: int) -> None:
    with pytest.raises(UnreadableResource) as caught:
        structure_from_questionnaire(nested_form(levels))

    assert caught.value.place.startswith("item[0].item[0].item[0]")
    assert len(caught.value.place) < 400


def test_a_form_nested_as_deep_as_forms_are_is_read() -> None:
    structure = structure_from_questionnaire(nested_form(20))

    assert [each.link_id for each in structure.items] == ["end"]


@pytest.mark.parametrize("levels", [20, 1000, 50_000])
def test_a_response_nested_deep_is_read_or_refused(levels: int) -> None:
    opened = '{"linkId":"a","item":[' * levels
    inner = '{"linkId":"b","answer":[{"valueString":"x"}]}'
    text = (
        '{"resourceType":"QuestionnaireResponse","status":"completed","item":['
        f"{opened}{inner}{']}' * levels}]}}"
    )

    outcome = text_read(text.encode())

    assert outcome == ("none of ours" if levels < 100 else "refused: malformed")


def test_a_huge_form_and_a_huge_response_are_read() -> None:
    number = 100_000
    items = [{"linkId": str(each), "type": "string"} for each in range(number)]
    form = {"resourceType": "Questionnaire", "url": "https://e.example", "item": items}
    answered = [{**each, "answer": [{"valueString": "x"}]} for each in items]
    response = {"resourceType": "QuestionnaireResponse", "item": answered}

    structure = structure_from_questionnaire(form)

    assert len(structure.items) == number
    assert response_read(response | {"status": "completed"}) == "none of ours"
