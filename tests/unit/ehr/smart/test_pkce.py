"""The proof that the code comes back to who asked for it."""

import re

import pytest

from ehr.smart.pkce import challenge, new_verifier


@pytest.mark.req("SM-11")
def test_the_challenge_is_the_one_of_rfc_7636_appendix_b() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.req("SM-11")
def test_a_verifier_has_allowed_characters_and_length_and_is_new() -> None:
    verifiers = {new_verifier() for _ in range(100)}

    assert len(verifiers) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", each) for each in verifiers)
