"""Attacks on the hook and feedback routes: patients, tokens, tenants, bodies."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from fhir_mapping.r4.json import json_bytes
from tests.attacks.test_hook_token import (
    FORGERIES,
    HONEST,
    P256,
    STRONG,
    WEAK,
)
from tests.hook_fixtures import (
    EC,
    FIRST_DAY,
    KIOSK,
    PUBLIC,
    RSA,
    Hospital,
    hospital,
    page,
    risk,
    signed,
    timedelta,
    view,
    worse,
)
from tests.hostile_ehr.keys import ec_pair, rsa_pair
from tests.hostile_ehr.server import HostileEhr
from tests.shared_material import shared

NOW = FIRST_DAY + timedelta(weeks=12)
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    opened = hospital(tmp_path_factory.mktemp("hooks"), now=NOW)
    yield opened
    opened.close()


# A35: the right caller, the wrong patient

ACCESS = {
    "access_token": "t",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "user/Observation.rs",
    "subject": "rom",
}
Spoil = Callable[[dict[str, Any]], dict[str, Any]]


def context(**changes: object) -> Spoil:
    return lambda body: body | {"context": body["context"] | changes}


def sent(key: str, value: object) -> Spoil:
    return lambda body: body | {"prefetch": body["prefetch"] | {key: value}}


def access(**changes: object) -> Spoil:
    return lambda body: (
        body
        | {
            "fhirServer": "https://north.example/fhir",
            "fhirAuthorization": ACCESS | changes,
        }
    )


MISMATCHES: dict[str, Spoil] = {
    "another patient prefetched": sent(
        "patient", {"resourceType": "Patient", "id": "p2"}
    ),
    "a patient without id": sent("patient", {"resourceType": "Patient"}),
    "an id that only begins alike": sent(
        "patient", {"resourceType": "Patient", "id": "p10"}
    ),
    "the id in capitals": sent("patient", {"resourceType": "Patient", "id": "P1"}),
    "something else as the patient": sent(
        "patient", {"resourceType": "Observation", "id": "p1"}
    ),
    "a relative as the patient": sent(
        "patient", {"resourceType": "RelatedPerson", "id": "p1"}
    ),
    "two patients": sent(
        "patient",
        page(
            [
                {"resourceType": "Patient", "id": "p1"},
                {"resourceType": "Patient", "id": "p2"},
            ]
        ),
    ),
    "another patient in a Bundle": sent(
        "patient", page([{"resourceType": "Patient", "id": "p2"}])
    ),
    "the token is another patient's": access(patient="p2"),
    "the token's patient in capitals": access(patient="P1"),
    "another patient in the context": context(patientId="p2"),
    "a reference as the patient": context(patientId="Patient/p1"),
    "a path as the patient": context(patientId="../p1"),
    "two patients in the context": context(patientId="p1,p2"),
    "no patient in the context": context(patientId=""),
    "a wildcard as the patient": context(patientId="*"),
    "a list of patients": context(patientId=["p1"]),
}


@pytest.mark.req("CH-17", "CH-20", "CH-21")
@pytest.mark.hazard("H01")
@pytest.mark.parametrize("name", MISMATCHES)
def test_a_call_about_two_patients_is_refused(clinic: Hospital, name: str) -> None:
    answer = clinic.call(MISMATCHES[name](view(worse(), risk())))

    assert answer.status_code == 400
    assert "p2" not in answer.text


FOREIGN = ["Patient/p2", "Patient/p1x", "Group/p1", "https://b.example/fhir/Patient/p1"]


@pytest.mark.req("CH-17")
@pytest.mark.hazard("H01")
@pytest.mark.parametrize("subject", FOREIGN)
def test_what_is_about_somebody_else_raises_nothing(
    clinic: Hospital, subject: str
) -> None:
    resources = [each | {"subject": {"reference": subject}} for each in worse()]
    responses = [each | {"subject": {"reference": subject}} for each in risk()]

    assert clinic.cards(view(resources, responses)) == []


@pytest.mark.parametrize("user", ["Patient/p1", "RelatedPerson/r1"])
def test_a_patient_who_looks_sees_no_clinicians_card(
    clinic: Hospital, user: str
) -> None:
    body = context(userId=user)(view(worse(), risk()))

    assert clinic.cards(body) == []


# A28-A33, A37: tokens


@pytest.fixture(scope="module")
def hooked_ehr() -> Iterator[HostileEhr]:
    running = HostileEhr()
    running.behaviour.jwks = [
        running.hook_pair.jwk(),
        ec_pair(P256, "P-256").jwk(),
        rsa_pair(WEAK, 1024).jwk(),
        rsa_pair(STRONG).jwk(),
        ec_pair("for-256").jwk(alg="ES256"),
    ]
    yield running
    running.close()


@pytest.fixture(scope="module")
def watched(
    hooked_ehr: HostileEhr, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hospital]:
    """A clinic whose EHR publishes the keys that the forgeries are made with."""
    more = f"""
    [[tenant.north.hook_caller]]
    issuer = "{hooked_ehr.base}"
    jku = "{hooked_ehr.origin}/jwks"
    audiences = ["{PUBLIC}/north/cds-services/progress"]
    """
    opened = hospital(
        tmp_path_factory.mktemp("watched"), north=hooked_ehr.base, more=more, now=NOW
    )
    yield opened
    opened.close()


@pytest.mark.req("CH-50", "CH-51", "CH-52", "CH-53", "CH-54", "CH-55")
def test_no_forged_token_passes_the_route_and_none_learns_why(
    watched: Hospital, hooked_ehr: HostileEhr, record_property: Record
) -> None:
    body = json_bytes(view(worse()))
    answers: dict[str, TestResponse] = {}
    for name, forge in FORGERIES.items():
        token = forge(watched.claims(), hooked_ehr)
        if token.isascii() and token.isprintable():  # else no header can hold it
            answers[name] = watched.call(body, token=token)

    record_property("forged tokens on the route", len(answers))
    assert len(answers) >= 60
    assert [n for n, each in answers.items() if each.status_code != 401] == []
    assert len({each.data for each in answers.values()}) == 1
    assert len({each.headers["WWW-Authenticate"] for each in answers.values()}) == 1
    twin = HONEST["ES384"](watched.claims(), hooked_ehr)
    assert len(watched.call(body, token=twin).json["cards"]) == 1


def test_the_honest_twins_of_both_algorithms_pass(clinic: Hospital) -> None:
    tokens = [signed(clinic.claims(), EC), signed(clinic.claims(), RSA)]

    statuses = [clinic.call(view(), token=each).status_code for each in tokens]

    assert statuses == [200, 200]


def test_every_way_of_not_being_trusted_gives_the_same_answer(
    clinic: Hospital,
) -> None:
    body = json_bytes(view())
    used = clinic.token()
    assert clinic.call(body, token=used).status_code == 200
    path = "/north/cds-services/progress"
    answers = [
        clinic.call(body, token=used),
        clinic.call(body, token=clinic.token("south")),
        clinic.call(body, token="x.y.z"),
        clinic.call(b"not even JSON", token="x.y.z"),
        clinic.call(b"<a/>", token="x.y.z", content_type="text/xml"),
        clinic.call(body, token=""),
        clinic.browserless.post(path, base_url=PUBLIC, data=body),
        clinic.browserless.post(
            path, base_url=PUBLIC, headers={"Authorization": f"Basic {used}"}
        ),
        clinic.call({"feedback": []}, token="x.y.z", path="/feedback"),
    ]

    assert {each.status_code for each in answers} == {401}
    assert len({each.data for each in answers}) == 1


@pytest.mark.req("CH-55")
def test_of_forty_copies_of_one_call_one_is_answered(clinic: Hospital) -> None:
    body, token = json_bytes(view(worse())), clinic.token()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: clinic.call(body, token=token), range(40)))

    assert Counter(each.status_code for each in answers) == {200: 1, 401: 39}


@pytest.mark.req("CH-55")
def test_a_copied_call_is_refused_after_a_restart(tmp_path: Path) -> None:
    before = hospital(tmp_path, now=NOW)
    body, token = json_bytes(view()), before.token()
    assert before.call(body, token=token).status_code == 200
    before.close()
    after = hospital(tmp_path, now=NOW)

    answers = [after.call(body, token=token), after.call(body)]

    assert [each.status_code for each in answers] == [401, 200]
    after.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example"},
        {"X-Original-URL": "/south/cds-services/progress"},
    ],
)
@pytest.mark.req("CH-54")
def test_headers_that_name_another_host_change_no_judgement(
    clinic: Hospital, headers: dict[str, str]
) -> None:
    foreign = "https://evil.example/north/cds-services/progress"
    forged = clinic.call(view(), token=clinic.token(aud=foreign), headers=headers)
    honest = clinic.call(view(), headers=headers)

    assert forged.status_code in (400, 401)
    assert honest.status_code == (400 if "Host" in headers else 200)


def test_one_tenants_caller_has_no_say_with_the_other(clinic: Hospital) -> None:
    forged = clinic.token("north", aud=f"{PUBLIC}/south/cds-services/progress")
    [card] = clinic.cards(view(worse("shared-id"), patient="shared-id"))
    clinic.report([clinic.dismissal(card["uuid"])], tenant="south")

    south = clinic.running.vault.for_tenant("south").cards.known("shared-id")
    north = clinic.running.vault.for_tenant("north").cards.known("shared-id")
    assert clinic.call(view(), tenant="south", token=forged).status_code == 401
    assert (south.rows, north.acknowledgements) == ((), ())


# A foreign server


@pytest.mark.req("CH-23")
@pytest.mark.parametrize("with_token", [True, False])
def test_a_foreign_fhir_server_gets_no_packet(
    watched: Hospital, hooked_ehr: HostileEhr, with_token: bool
) -> None:
    elsewhere = HostileEhr()
    body = view(worse(), fhirServer=elsewhere.base)
    if with_token:
        body |= {"fhirAuthorization": ACCESS, "prefetch": {}}

    answer = watched.call(body, token=HONEST["ES384"](watched.claims(), hooked_ehr))

    elsewhere.close()
    assert answer.status_code == 400
    assert elsewhere.ledger == []


@pytest.mark.parametrize(
    "server",
    [
        "https://north.example.evil.example/fhir",
        "https://north.example/fhir/../other",
        "https://north.example@evil.example/fhir",
        "http://north.example/fhir",
        "https://north.example:8443/fhir",
        "https://NORTH.example/fhir",
        "//north.example/fhir",
        "file:///etc/passwd",
        "https://north.example/fhir?x=1",
        "https://north.example/fhir//",
    ],
)
def test_an_address_that_looks_alike_is_foreign(clinic: Hospital, server: str) -> None:
    assert clinic.call(view(fhirServer=server)).status_code == 400


# Methods, types, sizes


def test_routes_know_their_methods_and_tenants(clinic: Hospital) -> None:
    client = clinic.browserless
    base = "/north/cds-services"
    found = {
        (method, path): client.open(path, method=method, base_url=PUBLIC).status_code
        for method, path in [
            ("POST", base),
            ("PUT", base),
            ("GET", f"{base}/progress"),
            ("DELETE", f"{base}/progress"),
            ("GET", f"{base}/progress/feedback"),
            ("TRACE", f"{base}/progress"),
        ]
    }

    assert set(found.values()) == {405}
    for path in ("/nobody/cds-services", f"{base}/other", "/cds-services"):
        assert client.get(path, base_url=PUBLIC).status_code in (404, 405)
    assert clinic.call(view(), tenant="north", path="/x").status_code == 404


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/xml",
        "application/xml",
        "application/fhir+xml",
        "application/fhir+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
    ],
)
def test_only_json_is_looked_at(clinic: Hospital, content_type: str) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'

    answer = clinic.call(bomb, content_type=content_type)

    assert answer.status_code == 415
    assert answer.json["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("path", ["", "/feedback"])
def test_a_body_above_the_cap_is_not_read(clinic: Hospital, path: str) -> None:
    audience = f"{PUBLIC}/north/cds-services/progress{path}"

    answer = clinic.call(b" " * 4_000_001, token=clinic.token(aud=audience), path=path)

    assert answer.status_code == 413


def test_preflight_answers_listed_origins_only(clinic: Hospital) -> None:
    found = {}
    for origin in (
        "https://chart.north.example",
        "https://chart.south.example",
        "https://chart.north.example.evil.example",
        "null",
    ):
        answer = clinic.browserless.options(
            "/north/cds-services/progress", base_url=PUBLIC, headers={"Origin": origin}
        )
        found[origin] = answer.headers.get("Access-Control-Allow-Origin")
        assert "Access-Control-Allow-Credentials" not in answer.headers

    assert found == dict.fromkeys(found) | {
        "https://chart.north.example": "https://chart.north.example"
    }


def test_without_the_store_nobody_is_answered(tmp_path: Path) -> None:
    clinic = hospital(tmp_path, now=NOW)
    clinic.close()

    answers = [
        clinic.call(view(worse())),
        clinic.report([clinic.dismissal(str(uuid4()))]),
    ]

    assert [each.status_code for each in answers] == [503, 503]
    assert {each.headers["Retry-After"] for each in answers} == {"5"}


def test_the_tablets_host_has_no_cds_service(clinic: Hospital) -> None:
    answer = clinic.browserless.get("/north/cds-services", base_url=KIOSK)

    assert answer.status_code in (200, 404)
    assert "Set-Cookie" not in answer.headers


# A40: odd bodies

DEEP = 300
PLANTED = {"planted": 1}


def nested(levels: int) -> dict[str, Any]:
    """A response whose items lie so deep."""
    item: dict[str, Any] = {"linkId": "x", "answer": [{"valueInteger": 1}]}
    for _ in range(levels):
        item = {"linkId": "x", "item": [item]}
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "deep",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
        "authored": "2026-03-02",
        "item": [item],
    }


def odd(**changes: object) -> list[dict[str, Any]]:
    return [*worse()[:-1], worse()[-1] | changes]


ODD: dict[str, list[dict[str, Any]]] = {
    **{f"items {levels} deep": [nested(levels)] for levels in (50, 100, 180, DEEP)},
    "a version of 5,000 digits, twice": [
        each | {"meta": {"versionId": "9" * 5_000}} for each in worse()[:1] * 2
    ],
    "a year 0": odd(effectiveDateTime="0000-01-01"),
    "a year 10000": odd(effectiveDateTime="10000-01-01"),
    "the first day of all": odd(effectiveDateTime="0001-01-01T00:00:00+14:00"),
    "the last day of all": odd(effectiveDateTime="9999-12-31T23:59:59-14:00"),
    "a zone of 99 hours": odd(effectiveDateTime="2026-03-02T10:00:00+99:00"),
    "an integer of 4,000 digits": odd(
        valueQuantity=None, valueInteger=int("9" * 4_000)
    ),
    "an integer of 20 digits": odd(valueQuantity=None, valueInteger=10**20),
    "a value that is text": odd(valueQuantity={"value": "NaN"}),
    "a value of infinity as text": odd(valueQuantity={"value": "Infinity"}),
    "an id of 100,000 characters": odd(id="x" * 100_000),
    "codings without end": odd(code={"coding": [{"code": "x"}] * 20_000}),
    "a subject of 100,000 characters": odd(subject={"reference": "Patient/" * 12_500}),
    "a canonical of bars": [nested(0) | {"questionnaire": "|" * 100_000}],
    "an empty object": [{}],
    "a type nobody knows": [{"resourceType": "x" * 10_000}],
    "surrogates": odd(id="\U0001f642"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_resource_never_brings_the_service_down(
    clinic: Hospital, name: str
) -> None:
    body = view(ODD[name], ODD[name])

    answer = clinic.call(json.dumps(body, default=str).encode())

    assert answer.status_code in (200, 400)


@pytest.mark.parametrize("levels", [500, 900, 5_000, 100_000])
def test_depth_is_refused_or_unread(clinic: Hospital, levels: int) -> None:
    deep = b'{"linkId":"x","item":[' * levels + b"]}" * levels
    response = b'{"resourceType":"QuestionnaireResponse","item":[' + deep + b"]}"
    whole = json_bytes(view(({"planted": 1},)))
    planted = [
        whole.replace(b'{"planted":1}', each)
        for each in (response, b"[" * levels + b"]" * levels, b"[" * levels)
    ]

    answers = [clinic.call(each) for each in [*planted, deep, response]]

    assert {each.status_code for each in answers} <= {200, 400}


def bodies_with(piece: bytes) -> list[bytes]:
    """This text as a whole body, and at four places inside one."""
    whole = json_bytes(view(({"planted": 1},)) | {"extension": {"x": "PLANTED"}})
    entry = json_bytes({"feedback": [{"card": "PLANTED"}]})
    return [
        piece,
        whole.replace(b'{"planted":1}', piece),
        whole.replace(b'"PLANTED"', piece),
        whole.replace(b'"Practitioner/d1"', piece),
        entry.replace(b'"PLANTED"', piece),
    ]


@pytest.mark.req("TR-03")
def test_no_known_bad_json_brings_a_route_down(
    clinic: Hospital, record_property: Record
) -> None:
    folder = shared("corpora/JSONTestSuite")
    files = sorted(folder.glob("test_*/*.json"))
    audience = f"{PUBLIC}/north/cds-services/progress/feedback"
    statuses: Counter[int] = Counter()
    for file in files:
        for body in bodies_with(file.read_bytes()):
            statuses[clinic.call(body).status_code] += 1
            token = clinic.token(aud=audience)
            answer = clinic.call(body, token=token, path="/feedback")
            statuses[answer.status_code] += 1

    record_property("bodies of bad JSON on two routes", statuses.total())
    assert statuses.total() >= 3_000
    assert max(statuses) < 500, statuses


FIELDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "hookInstance": lambda text: view() | {"hookInstance": text},
    "userId": lambda text: context(userId=text)(view()),
    "encounterId": lambda text: context(encounterId=text)(view()),
    "the id of a score": lambda text: view(odd(id=text)),
    "a note": lambda text: view(odd(note=[{"text": text}])),
    "a link id": lambda text: view((), [nested(0) | {"item": [{"linkId": text}]}]),
}


def test_naughty_strings_bring_nothing_down(
    clinic: Hospital, record_property: Record
) -> None:
    file = shared("corpora/big-list-of-naughty-strings/blns.json")
    strings = json.loads(file.read_bytes())
    statuses: Counter[int] = Counter()
    for build in FIELDS.values():
        for text in strings:
            body = json.dumps(build(text), default=str).encode()
            statuses[clinic.call(body).status_code] += 1

    record_property("naughty strings x fields", statuses.total())
    assert len(strings) >= 515
    assert max(statuses) < 500, statuses


@pytest.mark.parametrize(
    ("folder", "least"),
    [
        ("spec/fhir-examples", 110),
        ("spec/us-core", 2),
        ("corpora/fhir-test-cases/validator", 452),
    ],
)
def test_official_resources_as_prefetch_are_read_reported_or_refused(
    clinic: Hospital, record_property: Record, folder: str, least: int
) -> None:
    files = sorted(shared(folder).rglob("*.json"))
    spots = [json_bytes(view(*each)) for each in ((PLANTED, ()), ((), PLANTED))]
    statuses: Counter[int] = Counter()
    for file in files:
        text = file.read_bytes().removeprefix(b"\xef\xbb\xbf")
        # About our patient, so that it is read and not only set aside.
        text = re.sub(rb'"Patient/[^"]*"', b'"Patient/p1"', text)
        entry = b'{"resourceType":"Bundle","entry":[{"resource":' + text + b"}]}"
        for spot in spots:
            for piece in (text, entry):
                body = spot.replace(json_bytes(PLANTED), piece)
                statuses[clinic.call(body).status_code] += 1

    record_property(f"{folder} as prefetch", dict(statuses))
    assert len(files) >= least
    assert set(statuses) <= {200, 400, 412}, statuses
    # Malformed on purpose, or an OperationOutcome: said, and never more than a few.
    assert statuses[200] > 0.9 * statuses.total()
