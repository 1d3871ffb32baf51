"""R8 and D1 say of the outcome what their rule found, and nothing worse."""

from collections.abc import Iterator

import pytest
from flask_babel import force_locale

from cds_hooks.card_words import card_text
from clinical.signals.kinds import BothDown, MissedWhileDown, OutsideBand, ReliablyWorse
from smart_app.words import sentence
from tests.instruments import LIBRARY, PHQ9
from tests.signal_examples import VISIT, examples
from tests.unit.smart_app.conftest import Clinic

WORSE = {"en": "worse", "es": "peor", "de": "schlechter"}


@pytest.fixture(params=sorted(WORSE))
def language(clinic: Clinic, request: pytest.FixtureRequest) -> Iterator[str]:
    with clinic.app.test_request_context(), force_locale(request.param):
        yield request.param


def told(signal: BothDown | MissedWhileDown) -> tuple[str, str]:
    """On the page, and on the card."""
    return sentence(signal, LIBRARY).text, card_text(signal, PHQ9).summary


def test_less_change_than_expected_is_not_called_worse(language: str) -> None:
    both = {type(each.outcome): each for each in examples(BothDown, PHQ9)}
    [stalled, *_] = examples(OutsideBand, PHQ9)
    missed = MissedWhileDown("phq-9", VISIT, (stalled,))

    for signal in (both[OutsideBand], missed):
        assert not any(WORSE[language] in each for each in told(signal))
    assert all(WORSE[language] in each for each in told(both[ReliablyWorse]))


def test_both_down_shows_what_each_half_rests_on(language: str) -> None:
    for signal in examples(BothDown, PHQ9):
        page = dict(sentence(signal, LIBRARY).why).values()
        card = " ".join(card_text(signal, PHQ9).detail)

        halves = (signal.outcome, signal.alliance)
        for half in halves:
            text = sentence(half, LIBRARY)
            assert {text.text, *dict(text.why).values()} <= set(page)
        outcome = signal.outcome
        if isinstance(outcome, OutsideBand):
            assert outcome.pack_hash[:12] in card
        else:
            assert "NHS Talking Therapies" in card
