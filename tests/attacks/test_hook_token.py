"""Forged tokens of CDS Hooks callers (A28 to A33, A37)."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ehr.errors import TokenRefused
from ehr.tenants import HookCaller
from ehr.wire.jwks import KeyCaches
from ehr.wire.verify_jwt import HookClaims, verify_hook_token
from tests.attacks.conftest import HOOK_AUDIENCE, now, tenant_for
from tests.hostile_ehr.keys import Pair, b64, ec_pair, jwt, rsa_pair
from tests.hostile_ehr.server import HostileEhr

Claims = dict[str, Any]
Forge = Callable[[Claims, HostileEhr], str]

ES384 = {"alg": "ES384", "kid": "hook-1", "typ": "JWT"}
P256, P521, WEAK, STRONG = "p256", "p521", "rsa1024", "rsa2048"


@pytest.fixture
def judge(ehr: HostileEhr) -> Callable[[str], HookClaims]:
    tenant = tenant_for(ehr)
    keys = KeyCaches()
    ehr.behaviour.jwks = [
        ehr.hook_pair.jwk(),
        ec_pair(P256, "P-256").jwk(),
        rsa_pair(WEAK, 1024).jwk(),
        rsa_pair(STRONG).jwk(),
        ec_pair("for-256").jwk(alg="ES256"),
    ]

    def judged(token: str) -> HookClaims:
        return verify_hook_token(
            token,
            callers=tenant.hook_callers,
            keys_of=lambda caller: keys.of_caller(caller, tenant),
            now=now(),
        )

    return judged


@pytest.fixture(autouse=True)
def well_behaved_again(ehr: HostileEhr) -> Any:
    yield
    ehr.behaviour.jwks = None


def claims_of(ehr: HostileEhr) -> Claims:
    begun = int(time.time())
    return {
        "iss": ehr.base,
        "aud": HOOK_AUDIENCE,
        "iat": begun,
        "exp": begun + 300,
        "jti": "one-use",
    }


def with_claims(**changes: Any) -> Forge:
    def forge(claims: Claims, ehr: HostileEhr) -> str:
        changed = {**claims, **changes}
        kept = {name: value for name, value in changed.items() if value != "-"}
        return jwt(ES384, kept, pair=ehr.hook_pair)

    return forge


def shifted(**seconds: int) -> Forge:
    def forge(claims: Claims, ehr: HostileEhr) -> str:
        moved = {name: claims["iat"] + shift for name, shift in seconds.items()}
        return jwt(ES384, {**claims, **moved}, pair=ehr.hook_pair)

    return forge


def with_header(pair: Pair | None = None, **changes: Any) -> Forge:
    def forge(claims: Claims, ehr: HostileEhr) -> str:
        members = {k: v for k, v in (ES384 | changes).items() if v != "-"}
        return jwt(members, claims, pair=pair or ehr.hook_pair, sign_as="ES384")

    return forge


def with_text(name: str, text: str) -> Forge:
    """A claim whose JSON text no Python value writes."""

    def forge(claims: Claims, ehr: HostileEhr) -> str:
        body = json.dumps({**claims, name: "MARK"}).replace('"MARK"', text)
        return jwt(ES384, body, pair=ehr.hook_pair)

    return forge


def by(pair_of: Callable[[HostileEhr], Pair], alg: str, **header: Any) -> Forge:
    def forge(claims: Claims, ehr: HostileEhr) -> str:
        pair = pair_of(ehr)
        return jwt(
            {"alg": alg, "kid": pair.kid, "typ": "JWT", **header}, claims, pair=pair
        )

    return forge


THIEF = ec_pair("thief")

FORGERIES: dict[str, Forge] = {
    # A28 algorithms
    "none": lambda c, e: jwt({**ES384, "alg": "none"}, c),
    "nOnE": lambda c, e: jwt({**ES384, "alg": "nOnE"}, c),
    "no alg": lambda c, e: jwt(
        {"kid": "hook-1", "typ": "JWT"}, c, pair=e.hook_pair, sign_as="ES384"
    ),
    "alg a list": with_header(alg=["ES384"]),
    "alg null": with_header(alg=None),
    "signature empty": lambda c, e: jwt(ES384, c),
    "HS384 with the public key": lambda c, e: jwt(
        {**ES384, "alg": "HS384"}, c, secret=e.hook_pair.public_pem()
    ),
    "HS256 with the RSA key as text": lambda c, e: jwt(
        {"alg": "HS256", "kid": STRONG, "typ": "JWT"},
        c,
        secret=rsa_pair(STRONG).public_pem(),
    ),
    "HS256 with the key set's member": lambda c, e: jwt(
        {"alg": "HS256", "kid": STRONG, "typ": "JWT"},
        c,
        secret=rsa_pair(STRONG).jwk()["n"].encode(),
    ),
    "ES256 by a P-256 key of the caller": by(lambda e: ec_pair(P256, "P-256"), "ES256"),
    "ES384 named over a P-256 key": lambda c, e: jwt(
        {"alg": "ES384", "kid": P256, "typ": "JWT"}, c, pair=ec_pair(P256, "P-256")
    ),
    "ES512": by(lambda e: e.hook_pair, "ES512"),
    "RS256": by(lambda e: rsa_pair(STRONG), "RS256"),
    "PS384": by(lambda e: rsa_pair(STRONG), "PS384"),
    "RSA of 1024 bits": by(lambda e: rsa_pair(WEAK, 1024), "RS384"),
    "RS384 named over the EC key": lambda c, e: jwt(
        {**ES384, "alg": "RS384"}, c, pair=rsa_pair(STRONG)
    ),
    "ES384 named over the RSA key": lambda c, e: jwt(
        {**ES384, "kid": STRONG}, c, pair=rsa_pair(STRONG), sign_as="RS384"
    ),
    "a key meant for another algorithm": by(lambda e: ec_pair("for-256"), "ES384"),
    "EdDSA": lambda c, e: jwt({**ES384, "alg": "EdDSA"}, c),
    # A29 keys from the header
    "jwk": with_header(pair=THIEF, jwk=THIEF.jwk()),
    "jwk under a new kid": with_header(pair=THIEF, kid="thief", jwk=THIEF.jwk()),
    "x5u": with_header(pair=THIEF, x5u="https://evil.example/cert"),
    "x5c": with_header(pair=THIEF, x5c=["MIIB"]),
    "foreign jku": with_header(pair=THIEF, jku="https://evil.example/jwks"),
    "foreign jku over the right signature": with_header(jku="https://evil.example/k"),
    "jku a list": with_header(jku=["https://evil.example/jwks"]),
    "jku null": with_header(jku=None),
    # A30 kid
    "no kid": with_header(kid="-"),
    "kid null": with_header(kid=None),
    "kid empty": with_header(kid=""),
    "kid a list": with_header(kid=["hook-1"]),
    "kid an object": with_header(kid={"kid": "hook-1"}),
    "kid true": with_header(kid=True),
    "kid a path": with_header(kid="../../../../dev/null"),
    "kid with SQL": with_header(kid="hook-1' OR '1'='1"),
    "kid with NUL": with_header(kid="hook-1\x00"),
    "kid in capitals": with_header(kid="HOOK-1"),
    "kid with a blank": with_header(kid="hook-1 "),
    "kid of ten thousand": with_header(kid="k" * 10_000),
    "kid of a megabyte": with_header(kid="k" * 1_000_000),
    # other header members
    "crit": with_header(crit=["x"]),
    "b64": with_header(b64=False),
    "zip": with_header(zip="DEF"),
    "typ absent": with_header(typ="-"),
    "typ of an access token": with_header(typ="at+jwt"),
    # A31 times and missing claims
    "exp absent": with_claims(exp="-"),
    "iat absent": with_claims(iat="-"),
    "jti absent": with_claims(jti="-"),
    "iss absent": with_claims(iss="-"),
    "aud absent": with_claims(aud="-"),
    "expired": shifted(iat=-400, exp=-100),
    "expired at the edge": shifted(iat=-350, exp=-61),
    "from the future": shifted(iat=120, exp=400),
    "not valid yet": shifted(nbf=120),
    "life of six minutes": shifted(exp=361),
    "life of a year": shifted(exp=31_536_000),
    "ends before it begins": shifted(exp=-10),
    "exp 1e308": with_text("exp", "1e308"),
    "exp -1": with_text("exp", "-1"),
    "exp 0": with_text("exp", "0"),
    "exp Infinity": with_text("exp", "Infinity"),
    "exp NaN": with_text("exp", "NaN"),
    "exp of twenty digits": with_text("exp", "9" * 20),
    "exp of a thousand digits": with_text("exp", "9" * 1_000),
    "exp a text": with_text("exp", '"9999999999"'),
    "exp true": with_text("exp", "true"),
    "exp null": with_text("exp", "null"),
    "exp a list": with_text("exp", "[9999999999]"),
    "exp an object": with_text("exp", "{}"),
    "exp with fraction": with_text("exp", f"{time.time() + 200:.3f}"),
    "iat a text": with_text("iat", '"1"'),
    "iat true": with_text("iat", "true"),
    "iat 1e308": with_text("iat", "1e308"),
    "iat -1e9": with_text("iat", "-1e9"),
    "nbf a text": with_text("nbf", '"0"'),
    "nbf null": with_text("nbf", "null"),
    # A32 audience and issuer
    "other audience": with_claims(aud="https://evil.example/cds-services/progress"),
    "audience with slash": with_claims(aud=f"{HOOK_AUDIENCE}/"),
    "audience in capitals": with_claims(aud=HOOK_AUDIENCE.upper()),
    "audience only the host": with_claims(aud="https://rom.example"),
    "audience beside another": with_claims(aud=[HOOK_AUDIENCE, "https://b.example"]),
    "audience list empty": with_claims(aud=[]),
    "audience nested": with_claims(aud=[[HOOK_AUDIENCE]]),
    "audience null": with_claims(aud=None),
    "audience a number": with_claims(aud=1),
    "other issuer": with_claims(iss="https://evil.example/fhir"),
    "issuer with slash": lambda c, e: jwt(
        ES384, {**c, "iss": c["iss"] + "/"}, pair=e.hook_pair
    ),
    "issuer a list": lambda c, e: jwt(
        ES384, {**c, "iss": [c["iss"]]}, pair=e.hook_pair
    ),
    # jti
    "jti empty": with_claims(jti=""),
    "jti a number": with_claims(jti=5),
    "jti null": with_claims(jti=None),
    "jti too long": with_claims(jti="j" * 300),
    # form
    "another key": with_header(pair=THIEF),
    "empty": lambda c, e: "",
    "dots": lambda c, e: "..",
    "two parts": lambda c, e: with_claims()(c, e).rsplit(".", 1)[0],
    "four parts": lambda c, e: with_claims()(c, e) + ".AAAA",
    "padding": lambda c, e: with_claims()(c, e) + "=",
    "a blank before": lambda c, e: " " + with_claims()(c, e),
    "a line break after": lambda c, e: with_claims()(c, e) + "\n",
    "standard base64": lambda c, e: with_claims()(c, e).replace("e", "+", 1),
    "letters that are not ASCII": lambda c, e: with_claims()(c, e) + "é",
    "too large": with_claims(x="y" * 20_000),
    "doubled iss": lambda c, e: jwt(
        ES384, '{"iss":"https://evil.example",' + json.dumps(c)[1:], pair=e.hook_pair
    ),
    "doubled alg": lambda c, e: jwt(
        '{"alg":"none","alg":"ES384","kid":"hook-1","typ":"JWT"}',
        c,
        pair=e.hook_pair,
    ),
    "header a list": lambda c, e: jwt("[]", c, pair=e.hook_pair),
    "claims a text": lambda c, e: jwt(ES384, '"x"', pair=e.hook_pair),
    "claims nested too deep": lambda c, e: jwt(
        ES384, '{"a":' * 2_000 + "1" + "}" * 2_000, pair=e.hook_pair
    ),
    "JSON form": lambda c, e: json.dumps(
        dict(zip(("protected", "payload", "signature"), with_claims()(c, e).split(".")))  # noqa: B905  # three and three
    ),
    "signature in DER": lambda c, e: (
        with_claims()(c, e).rsplit(".", 1)[0]
        + "."
        + b64(b"0\x06\x02\x01\x01\x02\x01\x01")
    ),
    "signature of zeros": lambda c, e: (
        with_claims()(c, e).rsplit(".", 1)[0] + "." + b64(bytes(96))
    ),
    "an ID token": lambda c, e: jwt(
        {"alg": "RS256", "kid": "id-1", "typ": "JWT"},
        e.id_claims("nonce"),
        pair=e.id_pair,
    ),
}


@pytest.mark.req("CH-51", "CH-52", "CH-53", "CH-54", "CH-55")
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_hook_token_is_refused(
    name: str, judge: Callable[[str], HookClaims], ehr: HostileEhr
) -> None:
    token = FORGERIES[name](claims_of(ehr), ehr)

    with pytest.raises(TokenRefused):
        judge(token)


HONEST: dict[str, Forge] = {
    "ES384": with_claims(),
    "RS384": by(lambda e: rsa_pair(STRONG), "RS384"),
    "the registered jku": lambda c, e: with_header(jku=f"{e.origin}/jwks")(c, e),
    "audience in a list": with_claims(aud=[HOOK_AUDIENCE]),
    "an unknown header member": with_header(x="y"),
    "header keys that are ignored": with_header(
        jwk=THIEF.jwk(), x5u="https://evil.example/"
    ),
    "a slow clock": shifted(iat=-350, exp=-50),
    "a fast clock": shifted(iat=50, exp=350),
    "an early nbf": shifted(nbf=-30),
    "a subject": with_claims(sub="ehr-service"),
}


@pytest.mark.req("CH-50")
@pytest.mark.parametrize("name", HONEST)
def test_an_honest_hook_token_passes(
    name: str, judge: Callable[[str], HookClaims], ehr: HostileEhr
) -> None:
    claims = judge(HONEST[name](claims_of(ehr), ehr))

    assert (claims.issuer, claims.jti) == (ehr.base, "one-use")


def test_a_caller_with_a_longer_life_by_setting_passes(ehr: HostileEhr) -> None:
    tenant = tenant_for(ehr)
    keys = KeyCaches()
    caller: HookCaller = tenant.hook_callers[0]
    patient_caller = replace(caller, max_lifetime=timedelta(minutes=15))
    token = shifted(exp=900)(claims_of(ehr), ehr)

    claims = verify_hook_token(
        token,
        callers=[patient_caller],
        keys_of=lambda each: keys.of_caller(each, tenant),
        now=now(),
    )

    assert claims.jti == "one-use"


def test_a_thousand_unknown_kids_cost_one_download(
    judge: Callable[[str], HookClaims], ehr: HostileEhr
) -> None:
    for number in range(1_000):
        with pytest.raises(TokenRefused):
            judge(with_header(kid=f"k-{number}")(claims_of(ehr), ehr))

    assert len(ehr.seen("/jwks")) == 1
    assert judge(with_claims()(claims_of(ehr), ehr)).jti == "one-use"


def test_an_unlisted_jku_is_never_fetched(
    judge: Callable[[str], HookClaims], ehr: HostileEhr, another_ehr: HostileEhr
) -> None:
    with pytest.raises(TokenRefused):
        judge(with_header(jku=f"{another_ehr.origin}/jwks")(claims_of(ehr), ehr))

    assert another_ehr.ledger == []
