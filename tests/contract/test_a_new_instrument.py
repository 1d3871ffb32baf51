"""A new instrument takes a folder and no Python.

Each folder in tests/fixtures/instruments goes the whole way as a clinic's own: scored,
shown in the app and sent from it, published, written into a chart and read back, and
described in the reference. Nothing here knows any of them; what their answers must give
stands beside each folder.
"""

import html
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any
from uuid import UUID

import pytest

from clinical.plan import DEMO_PLAN
from fhir_mapping.dialect import load_dialect
from fhir_mapping.episode import chart_reading
from fhir_mapping.form_structure import (
    structure_from_questionnaire,
    structure_of_instrument,
)
from fhir_mapping.questionnaire import questionnaire_from_instrument
from fhir_mapping.r4.json import json_bytes
from fhir_mapping.r4.reading import resource_from_bytes
from fhir_mapping.submission import (
    Submission,
    resources_from_submission,
    with_response_reference,
)
from questionnaires.answers import Answers, answers_from_offered
from questionnaires.instrument import ChoiceItem, Instrument, SliderItem, Wording
from questionnaires.library import Library, load_library
from questionnaires.scoring import Score, score_answers
from server.instruments_reference import pages
from server.settings import Settings, safe
from server.wsgi import create_app, read_installation
from smart_app.services import EXTENSION
from tests.hook_calls import environment, write_files
from tests.unit.fhir_mapping.material import ANSWERED
from tests.unit.smart_app.conftest import CALLER, Clinic, hidden

FOLDERS = Path(__file__).parents[1] / "fixtures" / "instruments"
SLUGS = sorted(each.name for each in FOLDERS.iterdir() if each.is_dir())
CASES = [
    pytest.param(slug, case, id=f"{slug}: {case['says']}")
    for slug in SLUGS
    for case in json.loads((FOLDERS / f"{slug}.cases.json").read_text("utf-8"))
]
PLAIN = load_dialect("plain-r4")


@dataclass(frozen=True, slots=True)
class Added:
    """A library to which a clinic's folder was added."""

    folder: Path
    library: Library

    def instrument(self, slug: str) -> Instrument:
        return self.library.instrument(slug)

    def wording(self, slug: str) -> Wording:
        found = self.library.wording(slug, language="en")
        assert isinstance(found, Wording)
        return found

    def answers(self, slug: str, given: dict[str, str]) -> Answers:
        return answers_from_offered(self.instrument(slug), given, language="en")


@pytest.fixture
def added(tmp_path: Path) -> Added:
    folder = tmp_path / "site"
    for slug in SLUGS:
        copytree(FOLDERS / slug, folder / slug)
    return Added(folder, load_library([folder]))


@pytest.fixture
def clinic(
    added: Added, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Clinic]:
    asked = json.dumps(["phq-9", "gad-7", *SLUGS])
    plan = re.sub(
        r"^outcome *= .*$",
        f"outcome = {asked}",
        DEMO_PLAN.read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    write_files(tmp_path, CALLER, plan=plan)
    for name in [each for each in os.environ if each.startswith("ROM_")]:
        monkeypatch.delenv(name)
    settings = environment(tmp_path)
    settings["ROM_INSTRUMENT_FOLDERS"] = json.dumps([str(added.folder)])
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    found = create_app(read_installation(safe(Settings())))  # type: ignore[call-arg]
    yield Clinic(found.app.extensions[EXTENSION], found.app)
    found.vault.close()


def expected_scores(case: dict[str, Any]) -> dict[str, tuple[object, object]]:
    """Score id -> value (None: no score) and the blanks that it names."""
    return {
        score: (value and Decimal(value), tuple(case["blank"].get(score, ())))
        for score, value in case["scores"].items()
    }


def told(scores: Any) -> dict[str, tuple[object, object]]:
    return {
        each.score_id: (
            each.value if isinstance(each, Score) else None,
            each.missing,
        )
        for each in scores
    }


@pytest.mark.parametrize(("slug", "case"), CASES)
def test_it_is_scored(added, slug, case):
    answers = added.answers(slug, case["answers"])

    scores = score_answers(added.instrument(slug), answers)

    assert told(scores) == expected_scores(case)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_app_shows_all_of_it(clinic, added, slug):
    tablet = clinic.tablet(forms=(slug,))

    page = html.unescape(tablet.get(f"{tablet.path}form/0").text)

    wording = added.wording(slug)
    assert wording.title in page and wording.introduction in page
    for item in added.instrument(slug).items:
        assert wording.items[item.link_id] in page
        match item:
            case ChoiceItem():
                shown = tuple(wording.options[item.link_id].values())
            case SliderItem():
                shown = wording.anchors[item.link_id]
            case _:
                shown = ()
        assert all(each in page for each in shown)


@pytest.mark.parametrize(("slug", "case"), CASES)
def test_what_is_filled_in_on_the_tablet_is_sealed(clinic, slug, case):
    tablet = clinic.tablet(forms=(slug,))
    answer = tablet.send(tablet.open(), case["answers"])
    if answer.status_code == 422:  # it shows the blanks once, then takes them
        answer = tablet.send(hidden(answer.text), case["answers"])

    assert answer.status_code == 303, answer.text


@pytest.mark.parametrize("slug", SLUGS)
def test_its_questionnaire_is_valid_and_says_the_same(added, slug):
    instrument = added.instrument(slug)

    form = questionnaire_from_instrument(instrument, added.wording(slug))

    as_published = json.loads(json_bytes(form), parse_float=Decimal)
    assert structure_from_questionnaire(as_published) == structure_of_instrument(
        instrument
    )
    gates = [item for item in as_published["item"] if "enableWhen" in item]
    assert len(gates) == sum(item.ask_if is not None for item in instrument.items)


@pytest.mark.parametrize(("slug", "case"), CASES)
def test_it_is_written_into_a_chart_and_read_back(added, slug, case):
    answers = added.answers(slug, case["answers"])
    sent = Submission(
        id=UUID(int=1),
        tenant="hospital",
        patient="p1",
        encounter="e1",
        author="Practitioner/7",
        source="Patient/p1",
        mode="kiosk",
        answers=answers,
        authored=ANSWERED,
    )
    built = resources_from_submission(sent, added.library, PLAIN)
    built = with_response_reference(built, "QuestionnaireResponse/r1")
    chart = [
        built.response | {"id": "r1"},
        *(each | {"id": f"o{n}"} for n, each in enumerate(built.observations)),
    ]

    reading = chart_reading(
        [resource_from_bytes(json_bytes(each)) for each in chart],
        patient="p1",
        library=added.library,
        dialect=PLAIN,
    )

    assert reading.unread == ()
    (measurement,) = reading.episode.measurements
    assert measurement.answers == answers
    assert told(measurement.scores) == expected_scores(case)


@pytest.mark.parametrize("slug", SLUGS)
def test_its_scores_alone_are_read_from_a_chart_without_its_answers(added, slug):
    case = json.loads((FOLDERS / f"{slug}.cases.json").read_text("utf-8"))[0]
    sent = Submission(
        id=UUID(int=1),
        tenant="hospital",
        patient="p1",
        encounter="e1",
        author="Practitioner/7",
        source="Patient/p1",
        mode="kiosk",
        answers=added.answers(slug, case["answers"]),
        authored=ANSWERED,
    )
    built = resources_from_submission(sent, added.library, PLAIN)

    reading = chart_reading(
        [
            resource_from_bytes(json_bytes(each | {"id": f"o{n}"}))
            for n, each in enumerate(built.observations)
        ],
        patient="p1",
        library=added.library,
        dialect=PLAIN,
    )

    (measurement,) = reading.episode.measurements
    assert told(measurement.scores) == expected_scores(case)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_reference_has_a_page_for_it(added, slug):
    found = pages(added.library)

    page = found[f"{slug}.md"]
    assert f"({slug}.md)" in found["README.md"]
    for rule in added.instrument(slug).scores:
        assert f"**{rule.id}**" in page
    for item in added.instrument(slug).items:
        assert f"`{item.link_id}`" in page
