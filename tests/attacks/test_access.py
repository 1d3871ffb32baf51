"""Refresh tokens, client assertions, backend tokens (A11, A12)."""

import base64
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ehr.errors import AccessExpired, EhrUnreachable, MetadataRefused
from ehr.smart.access import AccessTokens
from ehr.smart.backend import BackendTokens
from ehr.smart.client_keys import generate_client_key, public_jwks
from ehr.smart.context import LaunchContext, load_context, store_context
from ehr.smart.discovery import discover
from tests.attacks.conftest import Launching, now
from tests.hostile_ehr.server import HostileEhr
from tests.hostile_ehr.switches import ABSENT
from vault.errors import NotFound

KEYS = {
    "ES384": generate_client_key("ES384", "ES384"),
    "RS384": generate_client_key("RS384", "RS384"),
}
BOTH_KEYS = '{"keys":[' + ",".join(KEYS.values()) + "]}"
ASYMMETRIC = {"auth": "private_key_jwt", "secret": None}


@pytest.fixture
def opened(launching: Launching) -> LaunchContext:
    context = launching.whole()
    store_context(launching.vault, context, browser="browser-9", now=now())
    launching.ehr.ledger.clear()
    return context


def test_a_context_opens_in_its_own_browser_only(
    opened: LaunchContext, launching: Launching
) -> None:
    assert (
        load_context(launching.vault, opened.id, browser="browser-9", now=now())
        == opened
    )
    with pytest.raises(NotFound):
        load_context(launching.vault, opened.id, browser="browser-1", now=now())


def test_a_good_token_is_used_without_any_request(
    opened: LaunchContext, launching: Launching
) -> None:
    access = AccessTokens(launching.tenant, launching.vault)

    assert access.token(opened.id, now()) == opened.access_token
    assert launching.ehr.ledger == []


@pytest.mark.req("SM-34", "SM-35")
def test_twenty_callers_with_an_expired_token_refresh_once(
    opened: LaunchContext,
    launching: Launching,
    later: Callable[[float], datetime],
) -> None:
    # Two objects, as two worker processes have; they share only the vault.
    workers = [AccessTokens(launching.tenant, launching.vault) for _ in range(2)]
    moment = later(400)

    with (
        launching.ehr.odd(seconds_per_token=0.1),
        ThreadPoolExecutor(20) as pool,
    ):
        tokens = set(
            pool.map(lambda n: workers[n % 2].token(opened.id, moment), range(20))
        )

    (seen,) = launching.ehr.token_requests
    assert seen.form["grant_type"] == "refresh_token"
    assert "scope" not in seen.form
    assert len(tokens) == 1
    assert tokens != {opened.access_token}


def test_each_refresh_token_is_used_once_and_the_new_one_kept(
    opened: LaunchContext, launching: Launching, later: Callable[[float], datetime]
) -> None:
    access = AccessTokens(launching.tenant, launching.vault)

    for seconds in (400, 800, 1_200):
        access.token(opened.id, later(seconds))

    used = [each.form["refresh_token"] for each in launching.ehr.token_requests]
    assert len(set(used)) == 3


def test_a_refresh_token_that_somebody_else_used_closes_the_launch(
    opened: LaunchContext, launching: Launching, later: Callable[[float], datetime]
) -> None:
    thief = AccessTokens(launching.tenant, launching.vault)
    stolen = opened.refresh_token
    with launching.ehr.odd(token={"refresh_token": stolen}):
        thief.token(opened.id, later(400))  # the EHR forgets to hand out a new one

    with pytest.raises(AccessExpired):
        thief.token(opened.id, later(800))

    assert launching.vault.launches.for_delivery(opened.id) is None


def test_a_refresh_that_fails_for_a_moment_leaves_the_launch_usable(
    opened: LaunchContext, launching: Launching, later: Callable[[float], datetime]
) -> None:
    access = AccessTokens(launching.tenant, launching.vault)
    with (
        launching.ehr.odd(canned={"/token": (503, {}, b"")}),
        pytest.raises(EhrUnreachable),
    ):
        access.token(opened.id, later(400))

    # The lease is free again at once, not only when its time is over.
    lease = launching.vault.launches.refresh_lease
    assert lease(opened.id, now=later(400), until=later(401))
    assert access.token(opened.id, later(402)) != opened.access_token


def test_an_expired_token_without_refresh_token_means_a_new_launch(
    launching: Launching, later: Callable[[float], datetime]
) -> None:
    with launching.ehr.odd(token={"refresh_token": "(absent)"}):
        context = launching.whole()
    store_context(launching.vault, context, browser="browser-9", now=now())

    with pytest.raises(AccessExpired):
        AccessTokens(launching.tenant, launching.vault).token(context.id, later(400))


def test_a_refresh_cannot_change_patient_or_user(
    opened: LaunchContext, launching: Launching, later: Callable[[float], datetime]
) -> None:
    with launching.ehr.odd(token={"patient": "p2", "encounter": "e2"}):
        AccessTokens(launching.tenant, launching.vault).token(opened.id, later(400))

    after = load_context(launching.vault, opened.id, browser="browser-9", now=now())
    assert (after.patient, after.encounter, after.user) == ("p1", "e1", opened.user)


@pytest.mark.req("SM-37")
def test_an_ended_launch_gives_its_refresh_token_back(
    opened: LaunchContext, launching: Launching
) -> None:
    access = AccessTokens(launching.tenant, launching.vault)
    odd = {"revocation_endpoint": f"{launching.ehr.origin}/revoke"}

    with launching.ehr.odd(configuration=odd, canned={"/revoke": (200, {}, b"")}):
        access.give_up(opened.id, now())

    (seen,) = launching.ehr.seen("/revoke")
    assert seen.form["token"] == opened.refresh_token
    assert seen.headers["Authorization"].startswith("Basic ")
    with pytest.raises(AccessExpired):
        access.token(opened.id, now())


def test_an_ended_launch_is_over_even_if_the_ehr_cannot_be_told(
    opened: LaunchContext, launching: Launching
) -> None:
    access = AccessTokens(launching.tenant, launching.vault)
    path = "/apis/fhir/.well-known/smart-configuration"

    with (
        launching.ehr.odd(canned={path: (503, {}, b"")}),
        pytest.raises(EhrUnreachable),
    ):
        access.give_up(opened.id, now())

    with pytest.raises(AccessExpired):
        access.token(opened.id, now())


@pytest.mark.req("SM-25", "SM-26", "SM-27")
@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_an_assertion_is_signed_for_this_token_endpoint_and_short(
    algorithm: Any, launching: Launching
) -> None:
    one_key = f'{{"keys":[{KEYS[algorithm]}]}}'
    asymmetric = launching.with_tenant(**ASYMMETRIC, private_keys=one_key)

    asymmetric.whole()

    (seen,) = launching.ehr.token_requests
    assert "Authorization" not in seen.headers
    assert "client_id" not in seen.form
    header, claims = _opened(seen.form["client_assertion"])
    assert header == {"alg": algorithm, "kid": algorithm, "typ": "JWT"}
    assert claims["iss"] == claims["sub"] == launching.tenant.client_id
    assert claims["aud"] == f"{launching.ehr.origin}/token"
    assert claims["exp"] - claims["iat"] <= 300
    (shown,) = public_jwks(asymmetric.tenant)["keys"]  # type: ignore[misc]  # a list
    assert _verifies(seen.form["client_assertion"], shown)


@pytest.mark.req("SM-24")
@pytest.mark.parametrize("offered", ["ES384", "RS384"])
def test_the_algorithm_is_one_the_ehr_takes(offered: str, launching: Launching) -> None:
    both = launching.with_tenant(**ASYMMETRIC, private_keys=BOTH_KEYS)
    names = "token_endpoint_auth_signing_alg_values_supported"

    with launching.ehr.odd(configuration={names: [offered]}):
        both.whole()

    header, _ = _opened(launching.ehr.token_requests[0].form["client_assertion"])
    assert header["alg"] == offered


def test_no_assertion_is_signed_with_an_algorithm_the_ehr_does_not_take(
    launching: Launching,
) -> None:
    names = "token_endpoint_auth_signing_alg_values_supported"

    with (
        launching.ehr.odd(configuration={names: ["RS256", "HS256", "none"]}),
        pytest.raises(MetadataRefused),
    ):
        launching.with_tenant(**ASYMMETRIC).whole()

    assert launching.ehr.token_requests == []


def test_no_assertion_names_the_same_jti_twice(launching: Launching) -> None:
    asymmetric = launching.with_tenant(**ASYMMETRIC)
    for _ in range(5):
        asymmetric.whole()

    assertions = [
        _opened(each.form["client_assertion"])[1]["jti"]
        for each in launching.ehr.token_requests
    ]
    assert len(set(assertions)) == 5


@pytest.mark.req("SM-28")
def test_the_published_keys_have_public_members_only(launching: Launching) -> None:
    tenant = replace(launching.tenant, private_keys=BOTH_KEYS)

    shown: Any = public_jwks(tenant)["keys"]

    assert [each["kid"] for each in shown] == ["ES384", "RS384"]
    assert set(shown[0]) == {"kty", "kid", "use", "alg", "crv", "x", "y"}
    assert set(shown[1]) == {"kty", "kid", "use", "alg", "n", "e"}


@pytest.fixture
def backend(launching: Launching) -> AccessTokens:
    tenant = replace(launching.tenant, **ASYMMETRIC, delivery="backend")  # type: ignore[arg-type]  # two fields
    return AccessTokens(tenant, launching.vault)


@pytest.mark.req("SM-70", "SM-71")
def test_many_workers_share_one_backend_token(
    backend: AccessTokens, ehr: HostileEhr
) -> None:
    moment = now()

    with ehr.odd(seconds_per_token=0.1), ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: backend.backend_token(moment), range(16)))

    (seen,) = ehr.token_requests
    assert seen.form["grant_type"] == "client_credentials"
    assert seen.form["scope"] == (
        "system/QuestionnaireResponse.crs system/Observation.crs"
    )
    assert len(tokens) == 1


def test_a_backend_token_is_renewed_before_it_ends_and_after_a_401(
    backend: AccessTokens, later: Callable[[float], datetime], ehr: HostileEhr
) -> None:
    first = backend.backend_token(now())
    renewed = backend.backend_token(later(280))
    backend.forget_backend_token(renewed)
    third = backend.backend_token(later(281))

    assert len({first, renewed, third}) == 3
    assert len(ehr.token_requests) == 3


@pytest.mark.req("SM-72")
def test_a_refused_backend_does_not_ask_in_a_hot_loop(
    backend: AccessTokens, later: Callable[[float], datetime], ehr: HostileEhr
) -> None:
    refused = (401, {}, b'{"error":"invalid_client"}')
    with ehr.odd(canned={"/token": refused}):
        for _ in range(50):
            with pytest.raises(AccessExpired):
                backend.backend_token(now())

    assert len(ehr.token_requests) == 1
    assert backend.backend_token(later(61))


def test_a_launch_token_is_never_lent_to_the_backend(launching: Launching) -> None:
    access = AccessTokens(launching.tenant, launching.vault)

    with pytest.raises(AccessExpired):
        access.backend_token(now())

    assert launching.ehr.ledger == []


def test_a_second_worker_waits_for_the_first_and_takes_its_token(
    opened: LaunchContext, launching: Launching, later: Callable[[float], datetime]
) -> None:
    moment = later(400)
    lease = moment + timedelta(seconds=15)
    assert launching.vault.launches.refresh_lease(opened.id, now=moment, until=lease)
    stored = launching.vault.launches.for_delivery(opened.id)
    assert stored is not None
    fresh = replace(opened, access_token="from-the-first", expires_at=later(900))
    first = threading.Timer(
        0.15,
        lambda: launching.vault.launches.replace_body(
            opened.id, body=fresh.to_bytes(), expected_version=stored.version
        ),
    )
    first.start()

    token = AccessTokens(launching.tenant, launching.vault).token(opened.id, moment)

    first.join()
    assert token == "from-the-first"
    assert launching.ehr.token_requests == []


def _opened(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = assertion.split(".")
    return json.loads(_unb64(header)), json.loads(_unb64(claims))


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(_unb64(text), "big")


def _verifies(assertion: str, jwk: dict[str, Any]) -> bool:
    signed, _, signature = assertion.rpartition(".")
    raw, data = _unb64(signature), signed.encode()
    try:
        if jwk["kty"] == "EC":
            point = ec.EllipticCurvePublicNumbers(
                _number(jwk["x"]), _number(jwk["y"]), ec.SECP384R1()
            )
            der = encode_dss_signature(
                int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big")
            )
            point.public_key().verify(der, data, ec.ECDSA(hashes.SHA384()))
        else:
            numbers = rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"]))
            key = numbers.public_key()
            key.verify(raw, data, padding.PKCS1v15(), hashes.SHA384())
    except InvalidSignature:
        return False
    return True


@pytest.mark.req("SM-41")
def test_an_old_server_is_asked_for_backend_scopes_in_its_own_words(
    backend: AccessTokens, ehr: HostileEhr
) -> None:
    with ehr.odd(configuration={"capabilities": ["launch-ehr", "permission-v1"]}):
        backend.backend_token(now())

    (seen,) = ehr.token_requests
    assert seen.form["scope"] == (
        "system/QuestionnaireResponse.read system/QuestionnaireResponse.write"
        " system/Observation.read system/Observation.write"
    )


@pytest.mark.parametrize(
    ("said", "granted"),
    [
        ("system/Questionnaire.rs", "system/Questionnaire.rs"),
        (ABSENT, "system/Questionnaire.crus"),
    ],
)
def test_what_was_granted_is_kept_beside_the_token(
    launching: Launching, ehr: HostileEhr, said: str, granted: str
) -> None:
    tenant = replace(launching.tenant, **ASYMMETRIC)  # type: ignore[arg-type]  # two fields
    tokens = BackendTokens(
        tenant, tenant.scopes.publish, endpoints=lambda _now: discover(tenant)
    )

    with ehr.odd(token={"scope": said}):
        found = tokens.current(now())

    assert found.granted == granted
    assert found.access_token not in repr(found)
