"""Wycheproof's signatures against our verifier and our reading of keys (A28).

The collection is read where it lies; if absent, that shows as a skip.
"""

import base64
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc.jws import JWSRegistry

from ehr.errors import JsonRefused, TokenRefused
from ehr.wire.public_keys import PublicKey, fits, public_keys
from ehr.wire.verify_jwt import _check_signature, _open_header
from tests.hostile_ehr.keys import b64, ec_pair, jwt
from tests.shared_material import shared

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FOLDER = "corpora/wycheproof/testvectors_v1"


class OneKey:
    """A key set of one key, whatever id the token names."""

    def __init__(self, jwk: dict[str, Any]) -> None:
        named = jwk | {"kid": jwk.get("kid") or "none"}
        named.pop("key_ops", None)
        try:
            found = public_keys(json.dumps({"keys": [named]}).encode())
        except JsonRefused:
            found = {}
        self.found: PublicKey | None = next(iter(found.values()), None)

    def key(self, kid: str, *, now: datetime) -> PublicKey | None:
        return self.found


@pytest.mark.parametrize(
    ("file", "algorithm", "valid", "invalid"),
    [
        ("ecdsa_secp384r1_sha384_p1363_test.json", "ES384", 193, 87),
        ("rsa_signature_2048_sha384_test.json", "RS384", 7, 250),
        ("rsa_signature_3072_sha384_test.json", "RS384", 7, 251),
        ("rsa_signature_4096_sha384_test.json", "RS384", 7, 251),
    ],
)
def test_each_valid_signature_is_accepted_and_each_invalid_one_refused(
    file: str,
    algorithm: str,
    valid: int,
    invalid: int,
    record_property: Callable[[str, object], None],
) -> None:
    groups = json.loads((shared(FOLDER) / file).read_bytes())["testGroups"]
    model = JWSRegistry.algorithms[algorithm]
    outcomes: Counter[tuple[str, bool]] = Counter()

    for group in groups:
        key = OneKey(_jwk(group)).found
        for case in group["tests"]:
            accepted = key is not None and fits(key, algorithm)
            if accepted and key is not None:
                message, signature = (bytes.fromhex(case[n]) for n in ("msg", "sig"))
                accepted = model.verify(message, signature, key.key)
            outcomes[case["result"], accepted] += 1

    record_property(file, dict(outcomes))
    assert outcomes["valid", True] == valid
    assert outcomes["valid", False] == 0
    assert outcomes["invalid", True] == 0
    assert outcomes["invalid", False] == invalid


def _jwk(group: dict[str, Any]) -> dict[str, Any]:
    found = group.get("publicKeyJwk") or group.get("keyJwk")
    if found is not None:
        return dict(found)
    # Some groups give the point only as hexadecimal numbers.
    point = {
        name: b64(bytes.fromhex(group["publicKey"][f"w{name}"]).rjust(48, b"\0")[-48:])
        for name in ("x", "y")
    }
    return {"kty": "EC", "crv": "P-384", **point}


def test_no_web_signature_outside_our_two_algorithms_is_accepted(
    record_property: Callable[[str, object], None],
) -> None:
    file = shared(FOLDER) / "json_web_signature_test.json"
    groups = json.loads(file.read_bytes())["testGroups"]
    outcomes: Counter[tuple[str, bool]] = Counter()

    for group in groups:
        keys = OneKey(group.get("public") or group["private"])
        for case in group["tests"]:
            outcomes[case["result"], _accepted(case["jws"], keys)] += 1

    record_property(file.name, dict(outcomes))
    assert outcomes["invalid", True] == 0
    assert outcomes["invalid", False] == 355


def _accepted(token: object, keys: OneKey) -> bool:
    if not isinstance(token, str):
        return False  # the JSON form, which we do not read at all
    try:
        opened = _open_header(token)
        _check_signature(opened, ("ES384", "RS384"), keys=keys, now=NOW)
    except TokenRefused:
        return False
    return True


def test_the_verifier_accepts_what_the_two_algorithms_really_signed() -> None:
    """The twin: the same path says yes to an honest signature."""
    pair = ec_pair("none")
    token = jwt({"alg": "ES384", "kid": "none"}, {"a": 1}, pair=pair)

    assert _accepted(token, OneKey(pair.jwk()))
    assert base64.urlsafe_b64decode(token.split(".")[1] + "==") == b'{"a": 1}'
