"""Each form, and what we write of it filled in, before two validators of others.

HAPI's validator holds a response against the form it names: offered answers, types,
required items, order. Medplum's checks structure and profiles on its own.
"""

import json
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from fhir_mapping.questionnaire import questionnaire_from_instrument
from fhir_mapping.r4.json import Json, json_bytes
from tests.interop.foreign_forms.forms import (
    INSTRUMENTS,
    LIBRARY,
    form_of,
    observations_of,
    whole_answers,
    wordings,
)
from tests.interop.java_tools import say
from tests.interop.npm_tools import npm_packages
from tests.interop.test_what_we_emit import ACCEPTED, DEFINITIONS, OTHERS
from tests.interop.validator.validate import Report, validate
from tests.shared_material import shared
from tests.vectors import vectors_of

pytestmark = pytest.mark.interop

FOREIGN = Path(__file__).parent / "foreign_forms"
SECONDS = 300
NAMES = [each.id for each in INSTRUMENTS]
RESPONSES = 6  # vectors a form that are written as responses, beside two whole forms


def forms() -> dict[str, Json]:
    """Each Questionnaire with all its languages, and in each language alone."""
    found = {f"form {each.id}": form_of(each).questionnaire for each in INSTRUMENTS}
    for instrument_id, wording in wordings():
        instrument = LIBRARY.instrument(instrument_id)
        made = questionnaire_from_instrument(instrument, wording)
        found[f"form {instrument_id}, {wording.language}"] = made
    return found


def filled() -> Iterator[tuple[str, Json]]:
    """Responses and Observations of each instrument, as an EHR would hold them."""
    for instrument in INSTRUMENTS:
        form = form_of(instrument)
        for end in (0, -1):
            answers = whole_answers(instrument, end=end)
            name = f"{instrument.id}, whole {end}"
            yield f"{name}, response", form.response(answers)
            for index, each in enumerate(observations_of(answers)):
                yield f"{name}, observation {index}", _stored(each)
        vectors = vectors_of(instrument, at_most=0)
        step = max(1, len(vectors.rows) // RESPONSES)
        for index, vector in enumerate(vectors.rows[2::step]):
            answers = vectors.answers(vector)
            yield f"{instrument.id}, vector {index}, response", form.response(answers)
            # The last are scores; items were held above.
            for place, each in enumerate(observations_of(answers)[-2:]):
                yield f"{instrument.id}, vector {index}, {place}", _stored(each)


def _stored(observation: Json) -> Json:
    """With the reference that it gets once its response is stored."""
    text = json_bytes(observation).decode()
    stored: Json = json.loads(text.replace("urn:uuid:", "QuestionnaireResponse/"))
    return stored


def faulty() -> dict[str, Json]:
    """One fault a form: the control without which silence proves nothing."""
    found: dict[str, Json] = {}
    for instrument in INSTRUMENTS:
        response = form_of(instrument).response(whole_answers(instrument, end=0))
        answer = deepcopy(response["item"][0]["answer"][0])
        if "valueCoding" in answer:
            answer["valueCoding"]["code"] = "not-offered"
        else:
            answer = {"valueBoolean": True}
        response["item"][0]["answer"] = [answer]
        found[f"fault: {instrument.id}"] = response
    return found


@pytest.fixture(scope="module")
def hapi_reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """What HAPI's validator says, by the resource's name."""
    folder = tmp_path_factory.mktemp("filled")
    ours, sent = folder / "our-forms", folder / "sent"
    for each in (ours, sent):
        each.mkdir()
    for each in INSTRUMENTS:
        (ours / f"{each.id}.json").write_bytes(json_bytes(form_of(each).questionnaire))
    resources = forms() | dict(filled()) | faulty()
    for name, resource in resources.items():
        (sent / f"{name}.json").write_text(_text(resource), encoding="utf-8")
    definitions = [ours, shared("spec/us-core/9.0.0"), DEFINITIONS]
    definitions += [shared(f"spec/{each}") for each in OTHERS]
    reports = validate(sent, definitions)
    return {report.file.removesuffix(".json"): report for report in reports}


@pytest.fixture(scope="module")
def medplum_reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Medplum's validator says, by the resource's name."""
    modules = npm_packages(FOREIGN / "package.json")
    job = tmp_path_factory.mktemp("medplum") / "job.json"
    resources = forms() | dict(filled())
    first = resources[f"form {NAMES[0]}"]
    resources["fault: no status"] = {k: v for k, v in first.items() if k != "status"}
    resources["fault: no subject"] = {
        key: value
        for key, value in next(iter(dict(filled()).values())).items()
        if key != "subject"
    }
    pairs = ",".join(f"[{json.dumps(k)},{_text(v)}]" for k, v in resources.items())
    profiles = json.dumps(list(_profiles()))
    job.write_text(f'{{"profiles":{profiles},"resources":[{pairs}]}}', encoding="utf-8")
    run = subprocess.run(
        ["node", str(FOREIGN / "medplum.mjs"), str(modules), str(job)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    reports = {each["name"]: each for each in map(json.loads, run.stdout.splitlines())}
    assert reports.keys() == resources.keys()
    say(f"{len(reports)} resources of ours were held against Medplum's validator")
    return reports


def _profiles() -> Iterator[Json]:
    """Snapshots of the official profiles that our resources may name."""
    for folder in ("sdc/4.0.0/profiles", "us-core/9.0.0/snapshots", "pco/1.0.0"):
        for path in sorted(shared(f"spec/{folder}").glob("StructureDefinition-*.json")):
            profile = json.loads(path.read_text(encoding="utf-8"))
            if "snapshot" in profile:
                yield profile


def _text(resource: Json) -> str:
    try:
        return json_bytes(resource).decode()
    except TypeError:  # one that was read back by plain JSON
        return json.dumps(resource)


def of(name: str, reports: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The reports of one instrument's form and of what was filled in."""
    for key, report in reports.items():
        if key.removeprefix("form ").partition(",")[0] == name:
            yield key, report


@pytest.mark.req("SD-01", "SD-03", "SD-20", "SD-21")
@pytest.mark.parametrize("name", NAMES)
def test_hapi_finds_no_error_in_the_form_or_in_what_is_filled_in(
    name: str, hapi_reports: dict[str, Report]
) -> None:
    held = dict(of(name, hapi_reports))

    errors = {
        (key, error.id, error.place, error.message)
        for key, report in held.items()
        for error in report.errors
        if not any(
            (report.resource_type, error.id) == listed[:2]
            and listed[2] in error.message
            for listed in ACCEPTED
        )
    }
    assert errors == set()
    kinds = {report.resource_type for report in held.values()}
    assert {"Questionnaire", "QuestionnaireResponse"} <= kinds
    rules = {issue.id for report in held.values() for issue in report.issues}
    assert "Questionnaire_QR_Q_NotFound" not in rules


@pytest.mark.parametrize("name", NAMES)
def test_hapi_holds_an_answer_against_the_form(
    name: str, hapi_reports: dict[str, Report]
) -> None:
    errors = hapi_reports[f"fault: {name}"].errors

    assert any("item[0].answer[0]" in each.place for each in errors)


@pytest.mark.parametrize("name", NAMES)
def test_medplum_finds_no_error_in_the_form_or_in_what_is_filled_in(
    name: str, medplum_reports: dict[str, Any]
) -> None:
    held = dict(of(name, medplum_reports))

    assert {key: each["errors"] for key, each in held.items() if each["errors"]} == {}
    profiles = {
        profile.rpartition("/")[2] for each in held.values() for profile in each["held"]
    }
    assert {"Questionnaire", "sdc-questionnaire", "QuestionnaireResponse"} <= profiles


@pytest.mark.parametrize("name", ["fault: no status", "fault: no subject"])
def test_medplum_finds_a_fault(name: str, medplum_reports: dict[str, Any]) -> None:
    assert medplum_reports[name]["errors"]
