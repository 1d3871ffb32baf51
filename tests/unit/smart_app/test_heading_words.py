"""The clinician's page says where a course is heading: in words, never as a chance."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from flask_babel import force_locale

from clinical.forecast import CannotTellYet, Forecast, NotOnTrack, OnTrack, Outlook
from clinical.norms.pack import NormPack, pack_bytes
from clinical.plan import DEMO_PLAN
from clinical.signals.kinds import BothDown
from clinical.signals.read import SignalReport, read_signals
from ehr.queries import chart_queries
from fhir_mapping.dialect import load_dialect
from server.settings import Settings
from server.wsgi import create_app, read_installation
from smart_app.heading_words import headings
from smart_app.services import EXTENSION
from tests.hook_calls import ISSUER, course, environment, write_files
from tests.installation import STAFF
from tests.instruments import LIBRARY, PHQ9, on_day, plan_with, weekly
from tests.norm_packs import asked, chance_after, is_told, norms_toml, signed
from tests.signal_examples import examples
from tests.unit.ehr.canned import Canned, CannedEhr, bundle
from tests.unit.smart_app.conftest import CALLER, Clinic

FORECAST = Forecast(reliably_worse=0.4321, no_reliable_gain=0.8765)
WORSE, BETTER = [12, 14, 17, 19], [15, 13, 11]


@pytest.fixture
def page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., str]]:
    """A page of the clinician on a course, at a clinic that asks; in a language."""
    ehr, opened = CannedEhr(), []

    def shown(made: NormPack, scores: list[int], language: str, part: str = "") -> str:
        (tmp_path / "pack-0.json").write_bytes(pack_bytes(made))
        plan = DEMO_PLAN.read_text(encoding="utf-8")
        plan += norms_toml(made, false_alarms="0.10")
        write_files(tmp_path, CALLER, plan=plan)
        file = tmp_path / "tenants.toml"
        file.write_text(file.read_text().replace(ISSUER, ehr.issuer))
        for name, value in environment(tmp_path).items():
            monkeypatch.setenv(name, value)
        opened.append(create_app(read_installation(Settings())))  # type: ignore[call-arg]
        person = {"resourceType": "Patient", "id": "p1", "birthDate": "1985-12-10"}
        ehr.says("Patient/p1", Canned(200, person))
        for place, query in enumerate(chart_queries(load_dialect("plain-r4"))):
            parameters = query.search_parameters("p1").items()
            text = "&".join(f"{name}={value}" for name, value in parameters)
            found = bundle(*course(list(scores))) if place == 0 else bundle()
            ehr.says(f"{query.resource_type}?{text}", found)
        clinic = Clinic(opened[-1].app.extensions[EXTENSION], opened[-1].app)
        browser = clinic.client()
        answer = browser.get(
            clinic.launch(browser) + part,
            base_url=STAFF,
            headers={"Accept-Language": language},
        )
        assert answer.status_code == 200, answer.text
        return answer.text

    yield shown
    for each in opened:
        each.vault.close()
    ehr.close()


@pytest.mark.parametrize(
    ("at_least", "scores", "language", "said"),
    [
        ("0.000001", WORSE, "en", "PHQ-9: not on track."),
        ("0.000001", WORSE, "de", "PHQ-9: nicht im erwarteten Rahmen."),
        ("0.000001", WORSE, "es", "PHQ-9: fuera del curso esperado."),
        ("1", WORSE, "en", "PHQ-9: the signal stands, but sends no card"),
        ("1", BETTER, "en", "PHQ-9: on track, as far as the scores so far can tell."),
        ("1", [15], "en", "PHQ-9: cannot tell yet whether the course is on track."),
    ],
)
def test_the_page_says_where_a_course_is_heading_and_no_probability(
    page: Callable[..., str], at_least: str, scores: list[int], language: str, said: str
) -> None:
    made = signed(asked(at_least))

    text = page(made, scores, language)

    assert said in text
    assert not is_told(text, chance_after(made, scores))


def test_beside_it_the_change_since_the_start_is_classed(
    page: Callable[..., str],
) -> None:
    text = page(signed(asked("1")), BETTER, "en")

    assert "PHQ-9 since the start: better by 4; no reliable change" in text


def test_the_support_path_knows_the_norm_as_the_page_does(
    page: Callable[..., str],
) -> None:
    made, stalled = signed(asked("0.000001")), [15, 14, 15, 16]

    first = page(made, stalled, "en")
    path = page(made, stalled, "en", part="support")

    assert 'data-signal="S3"' in first
    assert 'data-signal="S3"' in path
    assert 'name="trigger" value="S3" checked' in path
    assert 'data-domain="method-fit" data-pointed open' in path


def report(*scores: int, outlook: Outlook) -> SignalReport:
    found = read_signals(
        weekly(PHQ9, [Decimal(each) for each in scores]),
        plan_with(PHQ9),
        today=on_day(40).date(),
        unread=0,
    )
    return replace(found, outlooks={("phq-9", "self"): outlook})


@pytest.mark.hazard("H16")
def test_on_track_is_not_said_beside_a_signal_that_says_otherwise(
    clinic: Clinic,
) -> None:
    stalled = report(14, 14, 14, 14, 14, outlook=OnTrack(FORECAST))
    gained = report(20, 19, 12, outlook=OnTrack(FORECAST))

    with clinic.app.test_request_context():
        assert list(headings(stalled, LIBRARY)) == []
        assert [each[:16] for each in headings(gained, LIBRARY)] == ["PHQ-9: on track,"]


def test_beside_r8_nobody_is_told_that_no_card_is_sent(clinic: Clinic) -> None:
    """R8 waits for no forecast: its card has been sent."""
    worse = report(12, 14, 17, 19, outlook=OnTrack(FORECAST))
    both = next(examples(BothDown, PHQ9))
    with_r8 = replace(worse, signals=(both, *worse.signals))

    with clinic.app.test_request_context():
        assert "sends no card" in " ".join(headings(worse, LIBRARY))
        assert list(headings(with_r8, LIBRARY)) == []


@pytest.mark.hazard("H16")
@pytest.mark.parametrize("scores", [(12, 14, 17, 19, 19), (12, 26, 19)])
def test_where_s2_comes_in_place_of_a_milder_card_nobody_is_told_that_none_is_sent(
    clinic: Clinic, scores: tuple[int, ...]
) -> None:
    worse = report(*scores, outlook=OnTrack(FORECAST))

    with clinic.app.test_request_context():
        assert list(headings(worse, LIBRARY)) == []


@pytest.mark.parametrize("language", ["en", "es", "de"])
@pytest.mark.parametrize(
    "outlook",
    [OnTrack(FORECAST), NotOnTrack(FORECAST), CannotTellYet("rule_is_silent")],
)
def test_no_language_has_a_word_or_a_number_for_the_probability(
    clinic: Clinic, language: str, outlook: Outlook
) -> None:
    with clinic.app.test_request_context(), force_locale(language):
        (text,) = headings(report(14, 13, outlook=outlook), LIBRARY)

    assert not any(each.isdigit() for each in text.replace("PHQ-9", ""))
    assert not is_told(text, FORECAST.reliably_worse)


@pytest.mark.parametrize(
    "text", ["0.43", "0.432", "0,43", "43 %", "43\u00a0%", "43.2%", "probability"]
)
def test_a_probability_would_be_found(text: str) -> None:
    assert is_told(f"<p>PHQ-9: {text}.</p>", FORECAST.reliably_worse)
