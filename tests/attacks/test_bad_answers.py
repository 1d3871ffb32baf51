"""Answers and forms that no form of ours sent: each is refused by name, none floods us.

How much is looked at is counted, never timed.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

import pytest

from fhir_mapping.errors import UnreadableResource
from fhir_mapping.known_codes import known_codes
from fhir_mapping.questionnaire_response import answers_from_response
from fhir_mapping.r4.reading import Item, Resource, resource_from_bytes
from questionnaires.answers import (
    answers_from_json,
    answers_from_offered,
    answers_to_json,
)
from questionnaires.errors import AnswerNotOffered, InstrumentFileError
from questionnaires.library import load_library

LIBRARY = load_library()
CODES = known_codes(LIBRARY)
PHQ9 = LIBRARY.instrument("phq-9")
LINES = LIBRARY.instrument("ors")
CHECK_IN = LIBRARY.instrument("session-alliance")
FIRST, SECOND = PHQ9.items[0].link_id, PHQ9.items[1].link_id
MILLION = 1_000_000

BAD_POINTS = [
    4, -1, 10**40, "4", "0.5", "1e1", "0x1", "١", " 1", "1 ", "NaN", "Infinity",
    "1" * 1000, True, False, 1.0, float("nan"), Decimal("NaN"), Decimal("Infinity"),
    Decimal("1E+999999"), Decimal("1.5"), b"1", ["1"], {"points": 1}, ("1",), object(),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_POINTS, ids=lambda bad: repr(bad)[:20])
def test_points_that_are_not_offered_are_refused_by_the_item(bad):
    with pytest.raises(AnswerNotOffered) as refused:
        answers_from_offered(PHQ9, {FIRST: 1, SECOND: bad}, language="en")

    assert refused.value.link_id == SECOND
    # The reason is one of ours: nothing of the answer is in it.
    assert str(bad) not in refused.value.reason or len(str(bad)) < 3


@pytest.mark.parametrize("bad", ["101", "-1", "0.5", 101, Decimal("50.5"), 50.0, "é"])
def test_a_place_off_the_line_is_refused_by_the_item(bad):
    with pytest.raises(AnswerNotOffered, match="'o2'"):
        answers_from_offered(LINES, {"o1": "0", "o2": bad}, language="en")


@pytest.mark.parametrize(
    "bad", [1, True, ["a"], {"text": "a"}, b"a", "a\x00", "\ud800"]
)
def test_text_that_cannot_be_kept_is_refused_by_the_item(bad):
    with pytest.raises(AnswerNotOffered, match="'a5'"):
        answers_from_offered(CHECK_IN, {"a1": 1, "a5": bad}, language="en")


@pytest.mark.parametrize("unknown", ["q9", "", "a" * 5000, "<b>", 1, None, ("a", "b")])
def test_an_answer_to_no_item_is_refused(unknown):
    with pytest.raises(AnswerNotOffered) as refused:
        answers_from_offered(PHQ9, {FIRST: 1, unknown: 1}, language="en")

    assert refused.value.link_id in ("q9", "?")
    assert refused.value.reason == "is not in this form"


def stored(**given: object) -> dict[str, object]:
    answers = answers_from_offered(PHQ9, {FIRST: 1}, language="en")
    return answers_to_json(answers) | {"given": {FIRST: {"points": "1"}} | given}


@pytest.mark.parametrize(
    "bad",
    [
        None, 1, "1", [], ["1"], {}, {"points": 1}, {"points": None}, {"points": "4"},
        {"points": "-1"}, {"points": "1.5"}, {"points": ["1"]}, {"text": "1"},
        {"points": "1", "text": "a"}, {"points": "1" * 1000}, {"point": "1"},
    ],
    ids=repr,
)  # fmt: skip
def test_a_stored_answer_that_we_never_wrote_is_refused_by_the_item(bad):
    with pytest.raises(AnswerNotOffered) as refused:
        answers_from_json(PHQ9, stored(**{SECOND: bad}))

    assert refused.value.link_id == SECOND


class Flood(Mapping[str, object]):
    """A million answers that counts how many of them are looked at."""

    def __init__(self, known: list[str], value: object) -> None:
        self.known, self.value, self.reads = known, value, 0

    def __len__(self) -> int:
        return MILLION

    def __iter__(self) -> Iterator[str]:
        for number in range(MILLION):
            self.reads += 1
            yield self.known[number] if number < len(self.known) else f"x{number}"

    def __getitem__(self, link_id: str) -> object:
        return self.value


def in_stored_answers(flood: Flood) -> None:
    answers_from_json(PHQ9, stored() | {"given": flood})


def in_a_sent_form(flood: Flood) -> None:
    answers_from_offered(PHQ9, flood, language="en")


@pytest.mark.parametrize("door", [in_stored_answers, in_a_sent_form])
def test_of_a_million_answers_no_more_are_read_than_the_form_has(
    door: Callable[[Flood], None],
):
    flood = Flood([item.link_id for item in PHQ9.items], {"points": "1"})

    with pytest.raises(AnswerNotOffered, match="is not in this form"):
        door(flood)

    assert flood.reads == len(PHQ9.items) + 1


# From here on, answers as FHIR.
NEVER = {"valueCoding": {"system": "http://loinc.org", "code": "LA6568-5"}}


def response(*items: object) -> Resource:
    """A completed PHQ-9 with these items."""
    found = {
        "resourceType": "QuestionnaireResponse",
        "id": "r1",
        "status": "completed",
        "language": "en",
        "questionnaire": PHQ9.canonical,
        "item": items,
    }
    return resource_from_bytes(json.dumps(found).encode())


def refusal(resource: Resource) -> UnreadableResource:
    with pytest.raises(UnreadableResource) as refused:
        answers_from_response(resource, CODES, default_language="en")
    return refused.value


def answered(link_id: str, *answers: object) -> dict[str, object]:
    return {"linkId": link_id, "answer": answers or [NEVER]}


def test_a_good_response_is_read():
    """The control: each test below breaks one thing of it."""
    answers = answers_from_response(
        response(answered(FIRST), answered(SECOND)), CODES, default_language="en"
    )

    assert answers is not None and list(answers.given) == [FIRST, SECOND]


def test_the_same_item_twice_is_refused_at_the_second():
    assert refusal(response(answered(FIRST), answered(FIRST))).place == "item[1].linkId"


def test_two_answers_to_one_item_are_refused_at_the_item():
    assert refusal(response(answered(FIRST, NEVER, NEVER))).place == "item[0].answer"


def test_an_item_of_no_form_is_refused_at_its_place():
    refused = refusal(response(answered(FIRST), answered("zz")))

    assert (refused.place, refused.reason) == ("item[1].linkId", "unknown_code")


@pytest.mark.parametrize(
    "value",
    [
        {"valueCoding": {"system": "http://loinc.org", "code": "LA0000-0"}},
        {"valueInteger": 4},
        {"valueInteger": -1},
        {"valueDecimal": 0.5},
        {"valueString": "never"},
        {"valueBoolean": True},
        {"valueDate": "2026-05-04"},
    ],
)
def test_a_value_that_the_item_does_not_offer_is_refused_at_the_item(value):
    refused = refusal(response(answered(FIRST), answered(SECOND, value)))

    assert refused.place.startswith("item[1]")


class Items(tuple[Item, ...]):
    """Items as the reader holds them, with a count of those that are looked at."""

    reads = 0

    def __iter__(self) -> Iterator[Item]:
        for each in tuple.__iter__(self):
            self.reads += 1
            yield each


@pytest.mark.parametrize(
    ("items", "reads"),
    [
        ([answered("zz")], 1),
        ([answered(FIRST)], 2),  # the second is a repetition
        ([answered(each) for each in PHQ9.total.link_ids], 9 + 1),
    ],
    ids=["unknown", "one repeated", "all repeated"],
)
def test_of_a_million_items_with_answers_few_are_read(items, reads):
    flood = response(*items)
    every = Items(flood.item * (MILLION // len(items)))
    flood.item = every

    refusal(flood)

    assert every.reads == reads


def test_items_nested_without_end_are_refused_as_one():
    deep: object = answered(FIRST)
    text = json.dumps(deep)
    for _ in range(20_000):
        text = '{"linkId":"g","item":[' + text + "]}"
    content = (
        '{"resourceType":"QuestionnaireResponse","id":"r1","status":"completed",'
        f'"questionnaire":"{PHQ9.canonical}","item":[{text}]}}'
    )

    with pytest.raises(UnreadableResource):
        resource_from_bytes(content.encode())


# And forms: what a clinic's folder may hold.
@pytest.mark.parametrize("name", ["instrument.toml", "wording.en.toml"])
def test_a_file_without_end_is_refused_unread(tmp_path, name):
    folder = tmp_path / "site" / "ors"
    folder.mkdir(parents=True)
    (folder / "instrument.toml").write_text(
        'completes = "ors"\nversion = "1.0.0"\n'
        + '[licence]\nholder = "x"\nreference = "x"\nvalid_until = 2027-01-01\n'
        + f'[wording_sha256]\nen = "{"0" * 64}"\n'
    )
    # No disk and no memory holds it: whoever reads it all, fails.
    with (folder / name).open("ab") as endless:
        endless.truncate(10**13)

    if name == "instrument.toml":
        with pytest.raises(InstrumentFileError, match="is larger than") as refused:
            load_library([folder.parent])
        assert (refused.value.file, refused.value.key) == (f"site/ors/{name}", "file")
    else:
        assert load_library([folder.parent]).changed == {("ors", "en")}
