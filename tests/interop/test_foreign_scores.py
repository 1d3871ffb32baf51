"""Every calculatedExpression that we publish, computed by software of others.

The expression is documentation: our scores come from `questionnaires.scoring`. It is
true documentation only if an engine that nobody here wrote gets the same number.
"""

import json
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from fhir_mapping.r4.json import json_bytes
from questionnaires.instrument import Instrument
from tests.interop.conftest import Ledger
from tests.interop.foreign_forms.fhirpath_js import (
    EngineFailed,
    Row,
    affordable,
    rows_of,
    scores_of,
)
from tests.interop.foreign_forms.forms import (
    INSTRUMENTS,
    LIBRARY,
    ForeignForm,
    form_of,
    ways_to_answer,
)
from tests.interop.npm_tools import npm_packages
from tests.vectors import Vectors, vectors_of

pytestmark = pytest.mark.interop

PACKAGES = Path(__file__).parent / "foreign_forms" / "package.json"
ENGINE = "fhirpath.js 5.2.2"
# A form whose turned items only the clinic names publishes no way to score it.
SCORED = [each for each in INSTRUMENTS if each.scores and each.reversed_known]


@pytest.fixture(scope="module")
def modules() -> Path:
    return npm_packages(PACKAGES)


def disagreements(
    form: ForeignForm, vectors: Vectors, *, modules: Path, folder: Path
) -> tuple[int, list[tuple[Row, object, object]]]:
    """How many rows were computed, and those for which the engine differs."""
    rows = rows_of(vectors)
    computed = 0
    differ: list[tuple[Row, object, object]] = []
    for row, theirs in scores_of(form, vectors, rows, modules=modules, folder=folder):
        computed += 1
        ours = vectors.scores(row.vector)
        if ours != theirs:
            differ.append((row, ours, theirs))
    return computed, differ


@pytest.mark.req("SD-07", "SD-08")
@pytest.mark.parametrize("instrument", SCORED, ids=lambda each: each.id)
def test_fhirpath_js_computes_every_score_as_we_do(
    instrument: Instrument, modules: Path, tmp_path: Path, vector_ledger: Ledger
) -> None:
    form = form_of(instrument)
    asked = len(vectors_of(instrument, at_most=0).questions)
    vectors = vectors_of(instrument, at_most=affordable(form, questions=asked))

    computed, differ = disagreements(form, vectors, modules=modules, folder=tmp_path)

    assert differ[:5] == []
    assert len(form.expressions) == len(instrument.scores)
    assert computed == len(rows_of(vectors))
    vector_ledger.add(ENGINE, instrument.id, vectors, rows=computed)


def test_a_wrong_weight_in_the_form_is_found(modules: Path, tmp_path: Path) -> None:
    form = form_of(LIBRARY.instrument("phq-9"))
    vectors = vectors_of(form.instrument, at_most=2000)
    wrong = deepcopy(form.questionnaire)
    option = wrong["item"][3]["answerOption"][2]
    for extension in option["extension"]:
        extension["valueDecimal"] = Decimal(3)

    _, differ = disagreements(
        replace(form, questionnaire=wrong), vectors, modules=modules, folder=tmp_path
    )

    assert differ
    assert all(row.vector[2] == 2 and row.way == 1 for row, _, _ in differ)


def test_a_blank_that_counts_as_zero_is_found(modules: Path, tmp_path: Path) -> None:
    form = form_of(LIBRARY.instrument("gad-7"))
    vectors = vectors_of(form.instrument, at_most=2000)
    text = json_bytes(form.questionnaire).replace(b".count() = 7", b".count() >= 0")
    lenient = json.loads(text, parse_float=Decimal)

    _, differ = disagreements(
        replace(form, questionnaire=lenient), vectors, modules=modules, folder=tmp_path
    )

    partly = [
        each
        for each in rows_of(vectors)
        if None in each.vector and any(place is not None for place in each.vector)
    ]
    assert len(differ) == len(partly)
    assert {ours for _, ours, _ in differ} == {(None,)}


def test_an_option_without_weight_ends_the_run_with_words(
    modules: Path, tmp_path: Path
) -> None:
    form = form_of(LIBRARY.instrument("gad-7"))
    vectors = vectors_of(form.instrument, at_most=10)
    weightless = deepcopy(form.questionnaire)
    del weightless["item"][1]["answerOption"][0]["extension"]
    broken = replace(form, questionnaire=weightless)

    with pytest.raises(EngineFailed, match="vectors"):
        disagreements(broken, vectors, modules=modules, folder=tmp_path)


@pytest.mark.parametrize("instrument", SCORED, ids=lambda each: each.id)
def test_the_responses_put_together_for_the_engines_are_those_we_write(
    instrument: Instrument,
) -> None:
    form = form_of(instrument)
    vectors = vectors_of(instrument, at_most=0)
    ours, _ = ways_to_answer(form, vectors)

    for vector in vectors.rows[:200]:
        written = form.response(vectors.answers(vector)).get("item", [])
        assert written == [
            ours[question][place]
            for question, place in enumerate(vector)
            if place is not None
        ]


def test_the_vectors_hold_what_matters() -> None:
    phq9 = vectors_of(LIBRARY.instrument("phq-9"), at_most=0)
    edges = phq9.rows[: phq9.edges]

    blanks = {each.count(None) for each in edges}
    scores = [phq9.scores(each)[0] for each in edges]
    assert len(edges) == len(set(edges)) == phq9.edges
    assert {0, 1, 2, 3, 9} <= blanks  # the limit is two
    assert {None, Decimal(0), Decimal(27)} <= set(scores)
    assert {each[0] for each in edges} == {None, 0, 1, 2, 3}
