"""Our own open check-ins: no number, three languages, for these ages."""

import pytest

from questionnaires.library import load_library

LIBRARY = load_library()


OWN = {
    "session-outcome": 16,
    "session-alliance": 16,
    "session-outcome-child": 20,
    "session-alliance-child": 16,
    "relationship-check-in": 20,
}


@pytest.mark.parametrize(("slug", "top"), OWN.items())
def test_our_own_check_in_claims_no_number(slug, top):
    check_in = LIBRARY.instrument(slug)

    assert not check_in.validated
    assert (check_in.bands, check_in.cutoff, check_in.reliable_change) == (
        (),
        None,
        None,
    )
    assert (check_in.total.low, check_in.total.high) == (0, top)
    assert check_in.direction == "higher_is_better"
    assert "CC0" in check_in.licence.terms
    for language, words in NOT_VALIDATED.items():
        wording = LIBRARY.wording(slug, language=language)
        assert words in wording.notice
        assert "Not validated" in wording.validation


NOT_VALIDATED = {
    "en": "Not validated",
    "es": "No validado",
    "de": "Nicht validiert",
}


@pytest.mark.parametrize("slug", OWN)
def test_our_own_check_in_has_a_title_in_each_of_its_languages(slug):
    check_in = LIBRARY.instrument(slug)

    titles = {check_in.title_in(each) for each in NOT_VALIDATED}

    assert len(titles) == len(NOT_VALIDATED)
    assert check_in.title_in("es-MX") == check_in.title_in("es")
    assert check_in.title_in("nl") == check_in.title_in("en") == check_in.title


def test_a_validated_form_keeps_its_official_name_in_every_language():
    renamed = [
        each.id
        for each in LIBRARY.instruments.values()
        if each.validated and each.titles
    ]

    assert renamed == []
