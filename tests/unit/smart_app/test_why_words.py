"""Each rule in one sentence, and its limits, in every language of the interface."""

from typing import get_args

import pytest

from clinical.signals.kinds import RuleId
from server.languages import TRANSLATIONS, read_catalogues, words_without_request
from smart_app.why_words import does_not_tell, rule_in_words

CATALOGUES = read_catalogues(TRANSLATIONS)
RULES = [rule for part in get_args(RuleId) for rule in get_args(part)]


@pytest.mark.parametrize("language", CATALOGUES.languages)
def test_each_rule_has_its_own_sentence_and_says_what_it_does_not_tell(language):
    with words_without_request(CATALOGUES, language):
        said = [rule_in_words(rule) for rule in RULES]
        limits = [does_not_tell(rule) for rule in RULES]

    assert len(set(said)) == len(RULES) == 17
    assert all(limits)
