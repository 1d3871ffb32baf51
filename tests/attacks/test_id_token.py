"""Forged ID tokens: none opens a launch (A08)."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from ehr.errors import EhrUnreachable, KeysUnavailable, LaunchRefused, UnsafeAnswer
from tests.attacks.conftest import Launching
from tests.hostile_ehr.keys import b64, ec_pair, jwt, rsa_pair
from tests.hostile_ehr.server import CLIENT_ID, HostileEhr

Claims = dict[str, Any]
Forge = Callable[[Claims, HostileEhr], str]

RS256 = {"alg": "RS256", "kid": "id-1", "typ": "JWT"}


def signed(claims: Claims, ehr: HostileEhr, **header: Any) -> str:
    members = {name: value for name, value in (RS256 | header).items() if value != "-"}
    return jwt(members, claims, pair=ehr.id_pair, sign_as="RS256")


def with_claims(**changes: Any) -> Forge:
    def forge(claims: Claims, ehr: HostileEhr) -> str:
        changed = {**claims, **changes}
        return signed({k: v for k, v in changed.items() if v != "-"}, ehr)

    return forge


def with_header(**changes: Any) -> Forge:
    return lambda claims, ehr: signed(claims, ehr, **changes)


def shifted(**seconds: int) -> Forge:
    """Times moved against the moment of issue, which is when the test runs."""

    def forge(claims: Claims, ehr: HostileEhr) -> str:
        moved = {name: claims["iat"] + shift for name, shift in seconds.items()}
        return signed({**claims, **moved}, ehr)

    return forge


def _flipped_signature(claims: Claims, ehr: HostileEhr) -> str:
    head, body, signature = signed(claims, ehr).split(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[10] ^= 1
    return f"{head}.{body}.{b64(bytes(raw))}"


def _other_body(claims: Claims, ehr: HostileEhr) -> str:
    head, _, signature = signed(claims, ehr).split(".")
    return f"{head}.{b64(json.dumps({**claims, 'sub': 'admin'}).encode())}.{signature}"


FORGERIES: dict[str, Forge] = {
    "signature of another key": lambda c, e: jwt(RS256, c, pair=rsa_pair("thief")),
    "a bit of the signature flipped": _flipped_signature,
    "body replaced": _other_body,
    "signature empty": lambda c, e: jwt(RS256, c),
    "alg none": lambda c, e: jwt({**RS256, "alg": "none"}, c),
    "alg None": lambda c, e: jwt({**RS256, "alg": "None"}, c),
    "HS256 with the public key": lambda c, e: jwt(
        {**RS256, "alg": "HS256"}, c, secret=e.id_pair.public_pem()
    ),
    "HS256 with the client secret": lambda c, e: jwt(
        {**RS256, "alg": "HS256"}, c, secret=b"s:cr t/\xc3\xbc+%"
    ),
    "RS512": lambda c, e: jwt({**RS256, "alg": "RS512"}, c, pair=e.id_pair),
    "PS256": lambda c, e: jwt({**RS256, "alg": "PS256"}, c, pair=e.id_pair),
    "ES256 named over an RSA key": with_header(alg="ES256"),
    "unknown kid": with_header(kid="id-2"),
    "no kid": with_header(kid="-"),
    "key in the header": lambda c, e: jwt(
        {**RS256, "kid": "thief", "jwk": rsa_pair("thief").jwk()},
        c,
        pair=rsa_pair("thief"),
    ),
    "critical extension": with_header(crit=["exp"]),
    "unencoded payload": with_header(b64=False),
    "access token type": with_header(typ="at+jwt"),
    "logout token type": with_header(typ="logout+jwt"),
    "type a number": with_header(typ=5),
    "other issuer": with_claims(iss="https://evil.example"),
    "issuer with slash": lambda c, e: signed({**c, "iss": c["iss"] + "/"}, e),
    "issuer absent": with_claims(iss="-"),
    "other audience": with_claims(aud="another-app"),
    "audience absent": with_claims(aud="-"),
    "audience longer": with_claims(aud=f"{CLIENT_ID}-2"),
    "several audiences without azp": with_claims(aud=[CLIENT_ID, "b"]),
    "several audiences, foreign azp": with_claims(aud=[CLIENT_ID, "b"], azp="b"),
    "foreign azp": with_claims(azp="another-app"),
    "audience with a number": with_claims(aud=[CLIENT_ID, 5], azp=CLIENT_ID),
    "other nonce": with_claims(nonce="guessed"),
    "nonce absent": with_claims(nonce="-"),
    "nonce null": with_claims(nonce=None),
    "nonce a list": lambda c, e: signed({**c, "nonce": [c["nonce"]]}, e),
    "expired": shifted(exp=-120, iat=-400),
    "expiry absent": with_claims(exp="-"),
    "expiry a text": with_claims(exp="9999999999"),
    "expiry true": with_claims(exp=True),
    "expiry 1e308": lambda c, e: jwt(
        RS256,
        json.dumps({**c, "exp": 0}).replace('"exp": 0', '"exp": 1e308'),
        pair=e.id_pair,
    ),
    "expiry Infinity": with_claims(exp=float("inf")),
    "expiry beyond the calendar": with_claims(exp=10**15),
    "issued in the future": shifted(iat=600, exp=900),
    "issued absent": with_claims(iat="-"),
    "not valid yet": shifted(nbf=600),
    "subject absent": with_claims(sub="-"),
    "subject empty": with_claims(sub=""),
    "subject too long": with_claims(sub="s" * 256),
    "subject a number": with_claims(sub=17),
    "two issuers": lambda c, e: jwt(
        RS256,
        '{"iss":"https://evil.example",' + json.dumps(c)[1:],
        pair=e.id_pair,
    ),
    "four parts": lambda c, e: signed(c, e) + ".x",
    "two parts": lambda c, e: signed(c, e).rsplit(".", 1)[0],
    "not base64": lambda c, e: signed(c, e).replace(".", ".*", 1),
    "a list as body": lambda c, e: jwt(RS256, "[1]", pair=e.id_pair),
    "too large": with_claims(x="y" * 20_000),
    "no token at all": lambda c, e: "yes",
}


@pytest.mark.req("SM-59")
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_id_token_opens_no_launch(name: str, launching: Launching) -> None:
    ehr = launching.ehr

    with (
        ehr.odd(id_token=lambda claims: FORGERIES[name](claims, ehr)),
        pytest.raises(LaunchRefused),
    ):
        launching.whole()

    assert ehr.seen("/apis/fhir/Patient/p1") == []


HONEST: dict[str, Forge] = {
    "as it should be": with_claims(),
    "RS384": lambda c, e: jwt({**RS256, "alg": "RS384"}, c, pair=e.id_pair),
    "no type": with_header(typ="-"),
    "one audience in a list": with_claims(aud=[CLIENT_ID]),
    "several audiences and our azp": with_claims(aud=[CLIENT_ID, "b"], azp=CLIENT_ID),
    "a clock fifty seconds slow": shifted(iat=-350, exp=-50),
    "a clock fifty seconds fast": shifted(iat=50, exp=350),
    "unknown header and claims": lambda c, e: signed({**c, "x": 1}, e, x="y"),
}


@pytest.mark.req("SM-59")
@pytest.mark.parametrize("name", HONEST)
def test_an_honest_id_token_passes(name: str, launching: Launching) -> None:
    ehr = launching.ehr

    with ehr.odd(id_token=lambda claims: HONEST[name](claims, ehr)):
        assert launching.whole().user.subject == "user-17"


KEY_SETS: dict[str, Callable[[HostileEhr], list[dict[str, Any]]]] = {
    "empty": lambda e: [],
    "two keys of one id": lambda e: [
        e.id_pair.jwk(),
        rsa_pair("other").jwk(kid="id-1"),
    ],
    "two keys of one id, the right one last": lambda e: [
        rsa_pair("other").jwk() | {"kid": "id-1"},
        e.id_pair.jwk(),
    ],
    "for encryption": lambda e: [e.id_pair.jwk(use="enc")],
    "for another algorithm": lambda e: [e.id_pair.jwk(alg="RS512")],
    "for signing only": lambda e: [e.id_pair.jwk(key_ops=["sign"])],
    "a private key": lambda e: [e.id_pair.jwk(d="AQAB")],
    "symmetric": lambda e: [{"kty": "oct", "k": "AAAA", "kid": "id-1"}],
    "another kind": lambda e: [ec_pair("id-1").jwk()],
    "kid a list": lambda e: [e.id_pair.jwk() | {"kid": ["id-1"]}],
    "texts": lambda e: ["id-1"],  # type: ignore[list-item]  # that is the oddity
    "too many": lambda e: [e.id_pair.jwk()] + [{"kty": "RSA"}] * 20,
    "RSA of 1024 bits": lambda e: [rsa_pair("id-1", 1024).jwk()],
    "RSA without end": lambda e: [
        {"kty": "RSA", "kid": "id-1", "e": "AQAB", "n": "A" * 40_000}
    ],
    "a point off the curve": lambda e: [
        ec_pair("x").jwk() | {"kid": "id-1", "x": b64(b"\x01" * 48)}
    ],
}


@pytest.mark.parametrize("name", KEY_SETS)
def test_a_key_set_without_the_one_right_key_opens_no_launch(
    name: str, launching: Launching
) -> None:
    ehr = launching.ehr

    with (
        ehr.odd(jwks=KEY_SETS[name](ehr)),
        pytest.raises((LaunchRefused, KeysUnavailable)),
    ):
        launching.whole()


CANNED_KEY_SETS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "redirects": (302, {"Location": "{evil}/jwks"}, b""),
    "is missing": (404, {}, b""),
    "fails": (500, {}, b""),
    "is a page": (200, {}, b"<html>"),
    "is huge": (200, {}, b'{"keys":[' + b"{}," * 40_000 + b"{}]}"),
}


@pytest.mark.parametrize("name", CANNED_KEY_SETS)
def test_a_key_set_that_cannot_be_had_opens_no_launch(
    name: str, launching: Launching, another_ehr: HostileEhr
) -> None:
    with (
        launching.ehr.odd(canned={"/jwks": CANNED_KEY_SETS[name]}),
        pytest.raises((LaunchRefused, KeysUnavailable, EhrUnreachable, UnsafeAnswer)),
    ):
        launching.whole()

    assert another_ehr.ledger == []


def test_a_rotated_key_set_passes(launching: Launching) -> None:
    ehr = launching.ehr
    fresh = rsa_pair("id-next")
    header = RS256 | {"kid": fresh.kid}

    with ehr.odd(
        jwks=[ehr.id_pair.jwk(), fresh.jwk()],
        id_token=lambda claims: jwt(header, claims, pair=fresh),
    ):
        assert launching.whole().user.subject == "user-17"


@pytest.mark.req("SM-60")
def test_keys_are_found_by_way_of_the_issuer_if_the_configuration_has_none(
    launching: Launching,
) -> None:
    with launching.ehr.odd(configuration={"jwks_uri": "(absent)"}):
        assert launching.whole().user.issuer == launching.ehr.issuer


@pytest.mark.req("SM-61")
@pytest.mark.parametrize(
    ("fhir_user", "meant"),
    [
        ("Practitioner/17", "Practitioner/17"),
        ("{base}/Patient/p1", "Patient/p1"),
        ("{base}/PractitionerRole/r-1", "PractitionerRole/r-1"),
        ("https://evil.example/fhir/Practitioner/17", None),
        ("Practitioner/../Patient/1", None),
        ("Device/1", None),
        ("Practitioner", None),
    ],
)
def test_the_fhir_user_is_a_person_of_this_ehr_or_nobody(
    fhir_user: str, meant: str | None, launching: Launching
) -> None:
    named = fhir_user.replace("{base}", launching.ehr.base)

    with launching.ehr.odd(id_claims={"fhirUser": named}):
        assert launching.whole().user.fhir_user == meant
