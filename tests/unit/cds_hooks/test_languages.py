"""Cards speak the caller's language, and stay short in every one of them."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from flask_babel import force_locale

from cds_hooks.card_words import card_text
from cds_hooks.cards import SUMMARY_LIMIT
from cds_hooks.speech import language, number, one_card
from clinical.signals.kinds import ReliablyWorse, SpeakingSignal
from server.languages import TRANSLATIONS, read_catalogues
from smart_app.words import sentence
from tests.hook_calls import Caller, call, course
from tests.installation import STAFF, running
from tests.instruments import LIBRARY
from tests.signal_examples import KINDS, examples
from tests.unit.cds_hooks.conftest import PATH, Service

WORSE = course([12, 13, 16, 19])
LANGUAGES = read_catalogues(TRANSLATIONS).languages
OTHERS = [each for each in LANGUAGES if each != "en"]
INSTRUMENTS = sorted(LIBRARY.instruments.values(), key=lambda each: each.id)


def cards(service: Service, accept: str | None, *, encounter: str = "e1") -> list[Any]:
    headers = {"Authorization": f"Bearer {service.caller.token()}"}
    if accept is not None:
        headers["Accept-Language"] = accept
    answer = service.client.post(
        PATH,
        base_url=STAFF,
        headers=headers,
        json=call(service.keys, WORSE, encounter=encounter),
    )
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.get_json()["cards"]
    return found


@pytest.mark.parametrize(
    ("accept", "said"),
    [
        ("es", "PHQ-9: peor que al inicio, por más que el error de medición"),
        ("de-DE,de;q=0.9", "PHQ-9: schlechter als zu Beginn, um mehr als"),
        ("ja,de;q=0.5", "PHQ-9: schlechter als zu Beginn, um mehr als"),
        ("en-US", "PHQ-9 is worse than at the start by more than"),
        ("*", "PHQ-9 is worse than at the start by more than"),
        (None, "PHQ-9 is worse than at the start by more than"),
    ],
)
def test_a_card_speaks_the_language_that_the_call_asks_for(
    service: Service, accept: str | None, said: str
) -> None:
    [card] = cards(service, accept)

    assert card["summary"].startswith(said)


@pytest.mark.parametrize(
    ("accept", "heading"),
    [
        (None, "Verlaufsmonitoring"),
        ("*", "Verlaufsmonitoring"),
        ("es", "Seguimiento de resultados"),
    ],
)
def test_a_call_that_asks_for_nothing_gets_the_tenants_language(
    tmp_path: Path,
    caller: Caller,
    monkeypatch: pytest.MonkeyPatch,
    accept: str | None,
    heading: str,
) -> None:
    found = running(tmp_path, caller, monkeypatch, tenant='language = "de"')
    service = Service(tmp_path, caller, lambda plan: found)

    [card] = cards(service, accept)
    found.vault.close()

    assert card["source"]["label"] == heading


def test_the_whole_card_is_in_one_language(service: Service) -> None:
    [english] = cards(service, "en")
    [german] = cards(service, "de", encounter="e2")

    assert german["source"]["label"] == "Verlaufsmonitoring"
    assert german["links"][0]["label"] == "Verlauf öffnen"
    assert re.search(r"\*\*12 am \d+\. \w+\.? \d{4}\*\*", german["detail"])
    for ours, theirs in zip(
        english["overrideReasons"], german["overrideReasons"], strict=True
    ):
        assert ours["code"] == theirs["code"]
        assert ours["display"] != theirs["display"]


@pytest.mark.hazard("H07")
@pytest.mark.parametrize(
    ("language", "warned"), [("en", False), ("en-US", False), ("es", True)]
)
def test_a_card_says_when_its_numbers_belong_to_another_language(
    service: Service, language: str, warned: bool
) -> None:
    answered = [each | {"language": language} for each in WORSE]

    [card] = service.cards(answered)

    assert ("not known to hold" in card["detail"]) is warned


@pytest.mark.hazard("H07")
@pytest.mark.parametrize(("years", "warned"), [(15, True), (30, False), (None, False)])
def test_a_card_says_when_its_numbers_are_for_other_ages(
    service: Service, years: int | None, warned: bool
) -> None:
    body = call(service.keys, WORSE)
    if years is not None:
        born = date.today() - timedelta(days=years * 366)
        person = {"resourceType": "Patient", "id": "p1", "birthDate": born.isoformat()}
        body["prefetch"]["patient"] = person

    [card] = service.post(body).get_json()["cards"]

    assert ("an age at which the cut-off" in card["detail"]) is warned


@pytest.mark.parametrize(
    ("language", "called"),
    [("es", "Registro de bienestar"), ("de", "Kurzbogen Befinden")],
)
def test_a_card_calls_our_own_form_as_its_language_does(
    service: Service, language: str, called: str
) -> None:
    own = LIBRARY.instrument("session-outcome")
    with service.running.app.test_request_context(), force_locale(language):
        said = [card_text(each, own).summary for each in examples(ReliablyWorse, own)]

    assert said
    assert all(each.startswith(called) for each in said)


def test_the_same_number_is_spelt_for_each_reader(service: Service) -> None:
    said = []
    for each in ("en", "de", "en"):
        with service.running.app.test_request_context(), force_locale(each):
            said.append(number(Decimal("17.50")))

    assert said == ["17.5", "17,5", "17.5"]


def test_one_card_is_in_one_language_and_the_next_in_its_own(service: Service) -> None:
    said = []
    for each in ("de", "en"):
        with service.running.app.test_request_context(), force_locale(each):
            with one_card(), force_locale("es"):
                said.append(language())
            said.append(language())

    assert said == ["de", "de", "en", "en"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "kind", get_args(SpeakingSignal), ids=lambda each: each.__name__
)
def test_a_summary_is_short_enough_in_each_language(
    service: Service, language: str, kind: type
) -> None:
    too_long = []
    with (
        service.running.app.test_request_context(base_url=STAFF),
        force_locale(language),
    ):
        for instrument in INSTRUMENTS:
            for signal in examples(kind, instrument):
                summary = card_text(signal, instrument).summary
                if len(summary) > SUMMARY_LIMIT:
                    too_long.append((len(summary), summary))

    assert too_long == []


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda each: each.__name__)
def test_each_signal_has_words_of_its_own_in_each_language(
    service: Service, language: str, kind: type
) -> None:
    said: dict[str, list[str]] = {}
    for each in ("en", language):
        with (
            service.running.app.test_request_context(base_url=STAFF),
            force_locale(each),
        ):
            said[each] = [
                sentence(signal, LIBRARY).text
                for signal in examples(kind, LIBRARY.instrument("phq-9"))
            ]

    assert said["en"]
    assert set(said["en"]) & set(said[language]) == set()
