"""The door of the launch: issuer, state, code, endpoints, patient (A01 to A12)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ehr.errors import (
    AuthorizationDenied,
    EhrUnreachable,
    EndpointsMoved,
    LaunchRefused,
    MetadataRefused,
    StateRefused,
    UnknownIssuer,
    UnsafeAnswer,
    WrongAuthorizationServer,
)
from ehr.smart.launch import begin_launch
from ehr.smart.scopes import allows
from ehr.tenants import Tenants
from tests.attacks.conftest import Launching, tenant_for
from tests.hostile_ehr import switches
from tests.hostile_ehr.server import HostileEhr, basic_credentials
from vault.database import Vault

REFUSALS = (LaunchRefused, UnsafeAnswer, EhrUnreachable)


def test_an_untouched_launch_passes(launching: Launching) -> None:
    context = launching.whole()

    assert (context.patient, context.encounter) == ("p1", "e1")
    assert context.user.fhir_user == "Practitioner/17"
    assert allows(context.scopes, "user/Observation.crs openid")


FOREIGN_ISSUERS = [
    "https://ehr.example/fhir//",
    "https://ehr.example/fhir/.",
    "https://ehr.example/fhir/..",
    "https://ehr.example//fhir",
    "https://ehr.example/fhir/../fhir",
    "https://ehr.example/%66hir",
    "https://ehr.example/fhir%2f",
    "https://ehr.example/FHIR",
    "https://ehr.example/fhir?x=1",
    "https://ehr.example/fhir#x",
    "https://ehr.example/fhir;x",
    "https://ehr.example/fhir ",
    " https://ehr.example/fhir",
    "https://ehr.example/fhir\n",
    "https://ehr.example/fhir\x00",
    "https://ehr.example/fhirs",
    "https://ehr.example/fhi",
    "https://ehr.example/",
    "https://ehr.example",
    "https://EHR.example/fhir",
    "HTTPS://ehr.example/fhir",
    "http://ehr.example/fhir",
    "//ehr.example/fhir",
    "ehr.example/fhir",
    "https://ehr.example:443/fhir",
    "https://ehr.example:8443/fhir",
    "https://ehr.example./fhir",
    "https://ehr.example.evil.example/fhir",
    "https://evil.example/ehr.example/fhir",
    "https://evil.example/?https://ehr.example/fhir",
    "https://evil.example/https://ehr.example/fhir",
    "https://ehr.example@evil.example/fhir",
    "https://user:secret@ehr.example/fhir",
    "https://ehr.example\\@evil.example/fhir",
    "https://еhr.example/fhir",  # the first letter is Cyrillic
    "https://xn--hr-nlc.example/fhir",
    "https://2130706433/fhir",
    "https://[::1]/fhir",
    "https://127.1/fhir",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "",
    "x" * 100_000,
]


@pytest.mark.req("SM-03")
@pytest.mark.parametrize("iss", FOREIGN_ISSUERS, ids=range(len(FOREIGN_ISSUERS)))
def test_an_unregistered_issuer_costs_no_packet(iss: str, ehr: HostileEhr) -> None:
    tenants = Tenants([_registered_at(ehr, "https://ehr.example/fhir")])

    with pytest.raises(UnknownIssuer):
        tenants.by_issuer(iss)

    assert ehr.ledger == []


@pytest.mark.parametrize(
    "iss", ["https://ehr.example/fhir", "https://ehr.example/fhir/"]
)
def test_the_registered_issuer_is_known_with_and_without_slash(
    iss: str, ehr: HostileEhr
) -> None:
    tenants = Tenants([_registered_at(ehr, "https://ehr.example/fhir")])

    assert tenants.by_issuer(iss).id == "north"


def _registered_at(ehr: HostileEhr, issuer: str) -> Any:
    return replace(tenant_for(ehr), issuer=issuer)


@pytest.mark.parametrize("launch", ["", "x" * 5_000, "a\x00b", "a\nb"])
def test_a_launch_value_that_is_no_opaque_text_is_refused(
    launch: str, launching: Launching
) -> None:
    with pytest.raises(LaunchRefused):
        launching.begin(launch)

    assert launching.ehr.ledger == []


@pytest.mark.req("SM-02", "SM-08", "SM-09")
def test_a_launch_value_comes_back_byte_for_byte(launching: Launching) -> None:
    opaque = "%2F+=& ü/../?#"

    asked = parse_qs(urlsplit(launching.begin(opaque)).query)

    assert asked["launch"] == [opaque]
    assert set(asked) == {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "aud",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "launch",
    }
    assert asked["aud"] == [launching.ehr.base]


@pytest.mark.req("SM-58")
def test_standalone_asks_for_a_patient_and_sends_no_launch(
    launching: Launching,
) -> None:
    asked = parse_qs(urlsplit(launching.begin(None)).query)

    assert "launch" not in asked
    assert "launch/patient" in asked["scope"][0].split()


@pytest.mark.req("SM-10")
@pytest.mark.parametrize(
    "change",
    [
        lambda query: query | {"state": "guessed"},
        lambda query: query | {"state": ""},
        lambda query: {name: query[name] for name in query if name != "state"},
        lambda query: query | {"state": query["state"] + "x"},
        lambda query: query | {"state": query["state"].swapcase()},
        lambda query: query | {"state": [query["state"], query["state"]]},
    ],
    ids=["guessed", "empty", "absent", "longer", "other case", "doubled"],
)
def test_a_callback_without_the_launchs_state_reaches_no_token_endpoint(
    change: Callable[[dict[str, Any]], dict[str, Any]], launching: Launching
) -> None:
    query = launching.ehr.authorize(launching.begin())

    with pytest.raises(LaunchRefused):
        launching.complete(change(query))

    assert launching.ehr.token_requests == []


@pytest.mark.parametrize("browser", ["browser-2", ""])
def test_another_browser_cannot_complete_a_launch(
    browser: str, launching: Launching
) -> None:
    query = launching.ehr.authorize(launching.begin())

    with pytest.raises(StateRefused):
        launching.complete(query, browser=browser)

    assert launching.ehr.token_requests == []
    assert launching.complete(query).patient == "p1"  # and uses nothing up


def test_a_state_expires_after_ten_minutes(
    launching: Launching, later: Callable[[float], datetime]
) -> None:
    query = launching.ehr.authorize(launching.begin())

    with pytest.raises(StateRefused):
        launching.complete(query, at=later(601))

    assert launching.ehr.token_requests == []


def test_another_tenant_cannot_complete_a_launch(
    launching: Launching, shared_vault: Vault
) -> None:
    query = launching.ehr.authorize(launching.begin())
    south = Launching(
        tenant_for(launching.ehr, name="south"),
        shared_vault.for_tenant("south"),
        launching.ehr,
        launching.keys,
    )

    with pytest.raises(StateRefused):
        south.complete(query)

    assert launching.ehr.token_requests == []


def test_a_tenant_that_was_moved_meanwhile_completes_no_old_launch(
    launching: Launching, another_ehr: HostileEhr
) -> None:
    query = launching.ehr.authorize(launching.begin())

    with pytest.raises(StateRefused):
        launching.with_tenant(issuer=another_ehr.base).complete(query)

    assert launching.ehr.token_requests == []


def test_fifty_callbacks_at_once_exchange_the_code_once(launching: Launching) -> None:
    query = launching.ehr.authorize(launching.begin())

    def attempt(_number: int) -> str:
        try:
            return launching.complete(query).patient
        except StateRefused as error:
            return error.cause

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(attempt, range(50)))

    assert len(launching.ehr.token_requests) == 1
    assert sorted(outcomes) == ["p1"] + ["used"] * 49


@pytest.mark.parametrize(
    "iss",
    ["https://evil.example", "", None, "doubled", "with a slash"],
)
def test_an_answer_in_another_servers_name_reaches_no_token_endpoint(
    iss: str | None, launching: Launching
) -> None:
    odd = {"authorization_response_iss_parameter_supported": True}
    with launching.ehr.odd(configuration=odd):
        query: dict[str, Any] = launching.ehr.authorize(launching.begin())
        own = launching.ehr.issuer
        if iss == "doubled":
            query["iss"] = [own, own]
        elif iss is not None:
            query["iss"] = f"{own}/" if iss == "with a slash" else iss

        with pytest.raises(WrongAuthorizationServer):
            launching.complete(query)

        assert launching.ehr.token_requests == []


def test_the_right_servers_name_passes(launching: Launching) -> None:
    odd = {"authorization_response_iss_parameter_supported": True}
    with launching.ehr.odd(configuration=odd):
        query = launching.ehr.authorize(launching.begin(), iss=launching.ehr.issuer)

        assert launching.complete(query).patient == "p1"


def test_a_wrong_server_name_is_refused_where_none_was_promised(
    launching: Launching,
) -> None:
    query = launching.ehr.authorize(launching.begin(), iss="https://evil.example")

    with pytest.raises(WrongAuthorizationServer):
        launching.complete(query)

    assert launching.ehr.token_requests == []


def test_another_ehrs_code_is_worth_nothing(
    launching: Launching, another_ehr: HostileEhr
) -> None:
    query = launching.ehr.authorize(launching.begin())
    foreign = another_ehr.authorize(launching.begin())["code"]

    with pytest.raises(LaunchRefused):
        launching.complete(query | {"code": f"{foreign}-of-another"})

    assert another_ehr.token_requests == []


@pytest.mark.req("SM-15")
@pytest.mark.parametrize(
    "error", ["access_denied", "<script>alert(1)</script>", "x" * 10_000]
)
def test_an_error_from_the_ehr_ends_the_launch_without_quoting_it(
    error: str, launching: Launching
) -> None:
    query = launching.ehr.authorize(launching.begin())
    del query["code"]

    with pytest.raises(AuthorizationDenied) as raised:
        launching.complete(query | {"error": error, "error_description": "<b>"})

    assert "<" not in str(raised.value)
    assert len(str(raised.value)) < 100


@pytest.mark.parametrize(
    "code", [None, "", "a\x00", "x" * 5_000, ["a", "b"]], ids=range(5)
)
def test_an_odd_code_is_not_sent(code: Any, launching: Launching) -> None:
    query: dict[str, Any] = launching.ehr.authorize(launching.begin())
    query["code"] = code
    if code is None:
        del query["code"]

    with pytest.raises(LaunchRefused):
        launching.complete(query)

    assert launching.ehr.token_requests == []


@pytest.mark.req("SM-06", "SM-11")
@pytest.mark.parametrize("name", switches.CONFIGURATION)
def test_a_bad_configuration_begins_no_launch(
    name: str, launching: Launching, another_ehr: HostileEhr
) -> None:
    with (
        launching.ehr.odd(configuration=switches.CONFIGURATION[name]),
        pytest.raises((EndpointsMoved, MetadataRefused)),
    ):
        launching.begin()

    assert another_ehr.ledger == []


@pytest.mark.parametrize("name", switches.CONFIGURATION_ANSWERS)
def test_an_unreadable_configuration_begins_no_launch(
    name: str, launching: Launching, another_ehr: HostileEhr
) -> None:
    path = f"{urlsplit(launching.ehr.base).path}/.well-known/smart-configuration"
    canned = {path: switches.CONFIGURATION_ANSWERS[name]}

    with launching.ehr.odd(canned=canned), pytest.raises(REFUSALS):
        launching.begin()

    assert another_ehr.ledger == []


def test_s256_is_sent_where_a_reason_covers_the_missing_advertisement(
    launching: Launching,
) -> None:
    odd = switches.CONFIGURATION["PKCE not advertised"]
    allowed = launching.with_tenant(s256_unadvertised="vendor forgot, ticket 5")

    with launching.ehr.odd(configuration=odd):
        asked = parse_qs(urlsplit(allowed.begin()).query)

    assert asked["code_challenge_method"] == ["S256"]


def test_that_reason_does_not_cover_a_server_that_offers_only_plain(
    launching: Launching,
) -> None:
    allowed = launching.with_tenant(s256_unadvertised="vendor forgot, ticket 5")

    with (
        launching.ehr.odd(configuration=switches.CONFIGURATION["only plain PKCE"]),
        pytest.raises(MetadataRefused),
    ):
        allowed.begin()


def test_each_launch_has_its_own_verifier_state_and_nonce(launching: Launching) -> None:
    urls = [launching.begin() for _ in range(20)]
    asked = [parse_qs(urlsplit(url).query) for url in urls]

    for name in ("state", "nonce", "code_challenge"):
        assert len({each[name][0] for each in asked}) == 20
    assert {each["code_challenge_method"][0] for each in asked} == {"S256"}


@pytest.mark.req("SM-05")
def test_relative_endpoints_count_from_the_fhir_base(launching: Launching) -> None:
    odd = {"authorization_endpoint": "oauth/authorize"}

    with launching.ehr.odd(configuration=odd):
        url = launching.begin()

    assert url.startswith(f"{launching.ehr.base}/oauth/authorize?")


@pytest.mark.req("SM-50", "SM-29")
@pytest.mark.parametrize("name", switches.TOKEN_MEMBERS)
def test_an_unusable_token_answer_gives_no_context(
    name: str, launching: Launching
) -> None:
    with (
        launching.ehr.odd(token=switches.TOKEN_MEMBERS[name]),
        pytest.raises(LaunchRefused),
    ):
        launching.whole()


@pytest.mark.parametrize("name", switches.TOKEN_ANSWERS)
def test_a_failing_token_endpoint_gives_no_context_and_no_second_request(
    name: str, launching: Launching, another_ehr: HostileEhr
) -> None:
    canned = {"/token": switches.TOKEN_ANSWERS[name]}

    with launching.ehr.odd(canned=canned), pytest.raises(REFUSALS) as raised:
        launching.whole()

    assert len(launching.ehr.token_requests) == 1
    assert another_ehr.ledger == []
    assert "<" not in str(raised.value)


@pytest.mark.req("SM-29")
@pytest.mark.parametrize("name", switches.HARMLESS_TOKEN_MEMBERS)
def test_an_odd_but_right_token_answer_passes(name: str, launching: Launching) -> None:
    with launching.ehr.odd(token=switches.HARMLESS_TOKEN_MEMBERS[name]):
        assert launching.whole().patient == "p1"


@pytest.mark.req("SM-51")
@pytest.mark.parametrize("name", switches.PATIENT)
def test_a_patient_who_is_not_the_one_meant_stops_the_launch(
    name: str, launching: Launching
) -> None:
    with launching.ehr.odd(patient=switches.PATIENT[name]):
        query = launching.ehr.authorize(launching.begin())

        with pytest.raises(LaunchRefused):
            launching.complete(query)


@pytest.mark.parametrize("name", switches.PATIENT_ANSWERS)
def test_a_patient_who_cannot_be_read_stops_the_launch(
    name: str, launching: Launching, another_ehr: HostileEhr
) -> None:
    path = f"{urlsplit(launching.ehr.base).path}/Patient/p1"

    with (
        launching.ehr.odd(canned={path: switches.PATIENT_ANSWERS[name]}),
        pytest.raises(REFUSALS),
    ):
        launching.whole()

    assert another_ehr.ledger == []


@pytest.mark.req("SM-51")
@pytest.mark.parametrize("name", switches.HARMLESS_PATIENT)
def test_a_patient_linked_to_other_records_passes(
    name: str, launching: Launching
) -> None:
    with launching.ehr.odd(patient=switches.HARMLESS_PATIENT[name]):
        assert launching.whole().patient == "p1"


@pytest.mark.req("SM-20", "SM-21", "SM-22")
def test_the_code_travels_with_basic_credentials_and_without_client_id(
    launching: Launching,
) -> None:
    launching.whole()

    (seen,) = launching.ehr.token_requests
    assert set(seen.form) == {"grant_type", "code", "redirect_uri", "code_verifier"}
    assert seen.form["redirect_uri"] == launching.tenant.redirect_uri
    assert basic_credentials(seen) == (
        launching.tenant.client_id,
        launching.tenant.secret,
    )


@pytest.mark.req("SM-21")
def test_the_client_id_stands_in_the_body_only_if_the_tenant_wants_it(
    launching: Launching,
) -> None:
    launching.with_tenant(send_client_id=True).whole()

    assert launching.ehr.token_requests[0].form["client_id"] == "rom-app"


@pytest.mark.req("SM-21")
def test_a_public_client_sends_its_id_and_no_credentials(launching: Launching) -> None:
    launching.with_tenant(auth="none", secret=None).whole()

    (seen,) = launching.ehr.token_requests
    assert seen.form["client_id"] == "rom-app"
    assert "Authorization" not in seen.headers


@pytest.mark.req("SM-31", "SM-32")
def test_the_token_is_shown_to_the_fhir_base_only(launching: Launching) -> None:
    context = launching.whole()

    shown = [each for each in launching.ehr.ledger if "Authorization" in each.headers]
    assert [each.path for each in shown] == ["/token", "/apis/fhir/Patient/p1"]
    assert shown[1].headers["Authorization"] == f"Bearer {context.access_token}"


def test_a_server_of_the_old_scopes_is_asked_in_the_old_form(
    launching: Launching, shared_vault: Vault
) -> None:
    odd = {"capabilities": ["launch-ehr", "permission-v1"]}

    with launching.ehr.odd(configuration=odd):
        url = begin_launch(
            launching.tenant,
            shared_vault.for_tenant("north"),
            launch="x",
            browser="b",
            now=datetime.fromisoformat("2026-11-23T12:00:00+00:00"),
        )

    scopes = parse_qs(urlsplit(url).query)["scope"][0].split()
    assert "user/Observation.read" in scopes
    assert "user/Observation.write" in scopes
    assert "user/Patient.write" not in scopes
