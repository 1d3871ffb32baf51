"""The authorization server refuses what SMART App Launch says it must."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from tests.unit.sandbox_ehr.conftest import (
    AUTH,
    BASE,
    CHALLENGE,
    FHIR,
    REDIRECT,
    RSA,
    VERIFIER,
    App,
    callback,
)


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]


def test_discovery_names_every_endpoint_without_a_token(app):
    found = app.client.get("/fhir/.well-known/smart-configuration").json

    assert found["issuer"] == FHIR
    assert found["authorization_endpoint"] == f"{BASE}/authorize"
    assert found["token_endpoint"] == f"{BASE}/token"
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["authorization_response_iss_parameter_supported"] is True
    openid = app.client.get("/fhir/.well-known/openid-configuration").json
    assert openid["jwks_uri"] == f"{BASE}/jwks"


def test_published_keys_hold_no_private_members(app):
    keys = app.client.get("/jwks").json["keys"]

    assert {key["kty"] for key in keys} == {"RSA", "EC"}
    assert not any({"d", "p", "q", "dp", "dq", "qi", "k"} & key.keys() for key in keys)


def test_a_standalone_launch_gives_the_chosen_patient_and_a_signed_identity(app):
    page = app.authorize(
        scope="launch/patient openid fhirUser patient/Observation.rs", nonce="n-1"
    )
    returned = app.chosen(page, patient="marta")

    answer = app.exchange(returned["code"]).json

    assert returned["state"] == "s-123"
    assert returned["iss"] == FHIR
    assert answer["patient"] == "marta"
    assert answer["need_patient_banner"] is True
    keys = KeySet.import_key_set(app.client.get("/jwks").json)
    claims = jwt.decode(answer["id_token"], keys, algorithms=["RS256"]).claims
    assert claims["iss"] == FHIR
    assert claims["aud"] == "app"
    assert claims["nonce"] == "n-1"
    assert claims["fhirUser"] == f"{FHIR}/Practitioner/okafor"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": VERIFIER}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"aud": "http://other.example/fhir"}, "invalid_request"),
        ({"aud": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "launch user/Patient.r"}, "invalid_scope"),
        (
            {"launch": "never-given", "scope": "launch user/Patient.r"},
            "invalid_request",
        ),
    ],
)
def test_an_inexact_authorization_request_goes_back_as_an_error(app, change, error):
    returned = callback(app.authorize(**change))

    assert returned["error"] == error
    assert "code" not in returned
    assert returned["iss"] == FHIR


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "nobody"},
        {"redirect_uri": REDIRECT + "/"},
        {"redirect_uri": "http://evil.example/callback"},
        {"redirect_uri": None},
    ],
)
def test_an_unregistered_return_address_is_never_redirected_to(app, change):
    answer = app.authorize(**change)

    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "verifier", ["v" * 42, "v" * 129, "w" * 64, "v" * 63 + "!", ""]
)
def test_a_wrong_verifier_gets_no_token_and_burns_the_code(app, verifier):
    code = app.chosen(app.authorize(), patient=None)["code"]

    answer = app.exchange(code, code_verifier=verifier)

    assert error_of(answer) == (400, "invalid_grant")
    assert error_of(app.exchange(code)) == (400, "invalid_grant")


def test_a_code_used_twice_ends_the_tokens_of_its_first_use(app):
    code = app.chosen(app.authorize(), patient=None)["code"]
    token = app.exchange(code).json["access_token"]

    second = app.exchange(code)

    assert error_of(second) == (400, "invalid_grant")
    assert app.with_token(token).fhir("GET", "Patient/marta").status_code == 401


def test_a_code_is_over_after_a_minute(app, clock):
    code = app.chosen(app.authorize(), patient=None)["code"]
    clock.forward(seconds=61)

    assert error_of(app.exchange(code)) == (400, "invalid_grant")


def test_a_code_needs_the_redirect_uri_it_was_given_for(app):
    code = app.chosen(app.authorize(), patient=None)["code"]

    answer = app.exchange(code, redirect_uri=REDIRECT + "2")

    assert error_of(answer) == (400, "invalid_grant")


def test_a_wrong_secret_is_an_unknown_client(app):
    answer = app.client.post(
        "/token", data={"grant_type": "refresh_token"}, auth=("app", "guess")
    )

    assert error_of(answer) == (401, "invalid_client")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_confidential_client_cannot_pass_as_a_public_one(app):
    answer = app.client.post(
        "/token", data={"grant_type": "refresh_token", "client_id": "app"}
    )

    assert error_of(answer) == (401, "invalid_client")


@pytest.mark.parametrize("alg", ["ES384", "RS384"])
def test_a_signed_assertion_opens_the_backend_door(app, alg):
    key = {"RS384": {"key": RSA}}.get(alg, {})

    answer = app.backend_token("system/Observation.rs", app.assertion(alg=alg, **key))

    assert answer.status_code == 200
    assert answer.json["scope"] == "system/Observation.rs"
    assert "refresh_token" not in answer.json


@pytest.mark.parametrize(
    "change",
    [
        {"aud": f"{BASE}/other"},
        {"aud": None},
        {"iss": "app"},
        {"sub": "app"},
        {"exp": None},
        {"exp": 1},
        {"exp": 4_000_000_000},
        {"jti": None},
        {"iat": 4_000_000_000},
        {"header": {"kid": "unknown"}},
        {"header": {"typ": "at+jwt"}},
        {"header": {"jku": "http://evil.example/jwks"}},
        {"key": ECKey.generate_key("P-384", parameters={"kid": "ec-1"})},
    ],
)
def test_an_assertion_with_one_fault_is_refused(app, change):
    answer = app.backend_token("system/Observation.rs", app.assertion(**change))

    assert error_of(answer) == (401, "invalid_client")


@pytest.mark.parametrize("alg", ["RS256", "HS256"])
def test_other_algorithms_are_refused(app, alg):
    key = RSA if alg == "RS256" else OctKey.generate_key(256, {"kid": "ec-1"})

    answer = app.backend_token("system/Observation.rs", app.assertion(key=key, alg=alg))

    assert error_of(answer) == (401, "invalid_client")


def test_an_assertion_is_good_once(app):
    assertion = app.assertion()

    first = app.backend_token("system/Observation.rs", assertion)
    second = app.backend_token("system/Observation.rs", assertion)

    assert first.status_code == 200
    assert error_of(second) == (401, "invalid_client")


def test_refreshing_rotates_and_a_reused_refresh_token_ends_the_family(app):
    first = app.standalone("online_access user/Patient.rs")
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}

    second = app.client.post("/token", data=form, auth=AUTH).json
    stolen = app.client.post("/token", data=form, auth=AUTH)
    after = app.client.post(
        "/token", data={**form, "refresh_token": second["refresh_token"]}, auth=AUTH
    )

    assert second["refresh_token"] != first["refresh_token"]
    assert error_of(stolen) == (400, "invalid_grant")
    assert error_of(after) == (400, "invalid_grant")
    stolen_access = app.with_token(second["access_token"])
    assert stolen_access.fhir("GET", "Patient/marta").status_code == 401


def test_a_refresh_may_narrow_but_never_widen(app):
    first = app.standalone("online_access user/Patient.rs user/Observation.rs")
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}

    narrow = app.client.post(
        "/token", data={**form, "scope": "user/Patient.rs"}, auth=AUTH
    ).json
    wide = app.client.post(
        "/token",
        data={
            **form,
            "refresh_token": narrow["refresh_token"],
            "scope": "user/Questionnaire.c",
        },
        auth=AUTH,
    )

    assert narrow["scope"] == "user/Patient.rs"
    assert error_of(wide) == (400, "invalid_scope")


def test_without_online_access_there_is_no_refresh_token(app):
    assert "refresh_token" not in app.standalone("user/Patient.rs")


def test_a_revoked_token_opens_nothing(app):
    answer = app.standalone("user/Patient.rs")

    app.client.post("/revoke", data={"token": answer["access_token"]}, auth=AUTH)

    reader = app.with_token(answer["access_token"])
    assert reader.fhir("GET", "Patient/marta").status_code == 401


def test_granted_is_what_was_asked_and_registered_for(app):
    answer = app.standalone(
        "openid user/Observation.cruds user/Patient.read system/*.rs"
    )

    assert answer["scope"] == "openid user/Observation.crus user/Patient.read"


def test_a_parameter_given_twice_is_refused(app):
    answer = app.client.post(
        "/token",
        data={"grant_type": ["refresh_token", "client_credentials"]},
        auth=AUTH,
    )

    assert error_of(answer) == (400, "invalid_request")


def test_a_public_client_needs_its_id_and_pkce(app: App):
    page = app.authorize(client_id="public", scope="user/Patient.r")
    code = app.chosen(page, patient=None)["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "client_id": "public",
        "code_verifier": VERIFIER,
    }

    answer = app.client.post("/token", data=form)

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["scope"] == "user/Patient.r"
