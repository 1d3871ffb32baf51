"""Everything we emit, and the sandbox's seeds, before the HL7 validator's core.

US Core is tried in the version that is newest and in the one that US certification
names; SDC, PCO and the extension pack stand beside each. Nothing is looked up on the
network, so LOINC's own codes are warnings here and never errors.
"""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fhir_mapping.r4.json import Json, json_bytes
from sandbox_ehr.json_text import parsed
from sandbox_ehr.seeding import patient_files, practitioners, resources_of, teams
from tests.contract.written import DIALECTS, SITTINGS, bundles, forms, published
from tests.interop.java_tools import say
from tests.interop.validator.validate import Report, validate
from tests.shared_material import shared
from tests.unit.fhir_mapping.material import stored, with_changed, without

pytestmark = pytest.mark.interop

# Elements of R5 that SDC slices by and that no package at hand defines.
DEFINITIONS = Path(__file__).parent / "validator" / "definitions"
OTHERS = ("sdc/4.0.0", "pco/1.0.0", "fhir-extensions/5.3.0")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

# (resource type, rule, part of the message): why it is no fault of ours.
ACCEPTED = {
    (
        "Questionnaire",
        "Terminology_TX_System_Unknown",
        "http://hl7.org/fhir/version-algorithm",
    ): "a code system of R5; the extension for it is official in R4, and US Core's own"
    " Questionnaire has the same finding",
}


def answers() -> dict[str, Json]:
    """Responses, scores, items and panels as an EHR holds them, and as sent."""
    found = {
        f"{name}, {how}, {each['resourceType']} {each['id']}": each
        for name, sent in SITTINGS.items()
        for how, dialect in DIALECTS.items()
        for each in stored(sent, dialect=dialect)
    }
    return found | bundles()


def seeds() -> dict[str, Json]:
    """The sandbox's people and stories, but for its deliberately odd entries."""
    stories = [parsed(path.read_bytes()) for path in patient_files()]
    found = [
        *practitioners(),
        *teams(),
        *(
            each
            for story in stories
            for each in resources_of(story, user="okafor", now=NOON)
        ),
    ]
    return {f"seed {each['resourceType']} {each['id']}": each for each in found}


def faulty() -> dict[str, Json]:
    """Ours with one fault each: the control without which silence proves nothing."""
    response, score = stored(SITTINGS["all answered"])
    code = "item[0].answer[0].valueCoding.code"
    form = forms()["form phq-9, en"]
    twice: Any = with_changed(form, "item[2].linkId", form["item"][1]["linkId"])  # type: ignore[index,call-overload]  # FHIR JSON
    return {
        "fault: answer not offered": with_changed(response, code, "LA0-0"),
        "fault: no subject": without(score, "subject"),
        "fault: score as text": without(score, "valueQuantity") | {"valueString": "12"},
        "fault: link id twice": twice,
    }


@dataclass(frozen=True, slots=True)
class Held:
    """What the validator said of each resource, by the resource's name."""

    reports: dict[str, Report]

    def sound(self) -> Iterator[tuple[str, Report]]:
        for name, report in self.reports.items():
            if not name.startswith("fault: "):
                yield name, report


def held(
    folder: Path, resources: dict[str, Json], *, us_core: Path, named: str
) -> Held:
    """Validate all of them, our Questionnaires lying among the definitions."""
    ours, sent = folder / "our-forms", folder / "sent"
    for each in (ours, sent):
        each.mkdir()
    for name, form in forms().items():
        if name.endswith(", en"):  # one form a canonical
            (ours / f"{name}.json").write_bytes(json_bytes(form))
    for name, resource in resources.items():
        (sent / f"{name}.json").write_bytes(_bytes(resource))
    others = [shared(f"spec/{each}") for each in OTHERS]
    reports = validate(sent, [ours, us_core, *others, DEFINITIONS])
    say(f"{len(reports)} resources of ours were held against {named}")
    return Held({report.file.removesuffix(".json"): report for report in reports})


def _bytes(resource: Json) -> bytes:
    try:
        return json_bytes(resource)
    except TypeError:  # the sandbox's own resources may hold what ours never do
        return json.dumps(resource).encode()


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Held:
    """Everything, with US Core 9.0.0."""
    return held(
        tmp_path_factory.mktemp("newest"),
        forms() | published() | answers() | seeds() | faulty(),
        us_core=shared("spec/us-core/9.0.0"),
        named="US Core 9.0.0",
    )


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Held:
    """What names a US Core profile, with US Core 6.1.0."""
    folder = tmp_path_factory.mktemp("certified")
    package = shared("spec/us-core/packages/us_core_610.tgz")
    us_core = folder / "us-core"
    us_core.mkdir()
    with tarfile.open(package) as files:
        for member in files.getmembers():
            inside, content = Path(member.name), files.extractfile(member)
            if content is not None and inside.parent == Path("package"):
                (us_core / inside.name).write_bytes(content.read())
    return held(folder, answers() | faulty(), us_core=us_core, named="US Core 6.1.0")


def errors(found: Held) -> set[tuple[str, str, str, str]]:
    """Resource, rule, place and message, without what is accepted."""
    return {
        (name, each.id, each.place, each.message)
        for name, report in found.sound()
        for each in report.errors
        if not any(
            report.resource_type == kind and each.id == rule and part in each.message
            for kind, rule, part in ACCEPTED
        )
    }


@pytest.mark.req("UC-01", "UC-04", "UC-05", "SD-07", "SD-09")
def test_everything_we_emit_is_valid_with_us_core_9(newest: Held) -> None:
    assert errors(newest) == set()


def test_everything_we_emit_is_valid_with_us_core_6_1(certified: Held) -> None:
    assert errors(certified) == set()


def test_each_accepted_exception_still_occurs(newest: Held) -> None:
    occurring = {
        key
        for _, report in newest.sound()
        for error in report.errors
        for key in ACCEPTED
        if key[:2] == (report.resource_type, error.id) and key[2] in error.message
    }

    assert occurring == set(ACCEPTED)


def test_every_kind_of_what_we_emit_was_held_against_its_profiles(newest: Held) -> None:
    kinds = {report.resource_type for _, report in newest.sound()}
    profiles = {
        profile.rpartition("/")[2]
        for resource in [*forms().values(), *answers().values()]
        for profile in resource.get("meta", {}).get("profile", [])  # type: ignore[attr-defined]  # FHIR JSON
    }

    assert {"Questionnaire", "CodeSystem"} <= kinds
    assert {"QuestionnaireResponse", "Observation", "Bundle"} <= kinds
    assert profiles == {
        "sdc-questionnaire",
        "sdc-questionnaire-behave",
        "sdc-questionnaire-extr-obsn",
        "us-core-questionnaireresponse",
        "us-core-observation-screening-assessment",
        "pco-prom-score-observation",
    }


def test_every_response_was_held_against_the_form_it_names(newest: Held) -> None:
    rules = {issue.id for _, report in newest.sound() for issue in report.issues}

    assert "Questionnaire_QR_Q_NotFound" not in rules


@pytest.mark.parametrize("name", faulty())
def test_a_fault_in_ours_is_found(newest: Held, name: str) -> None:
    assert newest.reports[name].errors


@pytest.mark.parametrize("name", ["fault: no subject", "fault: score as text"])
def test_a_fault_is_found_with_us_core_6_1_too(certified: Held, name: str) -> None:
    assert certified.reports[name].errors
