"""What a HAPI FHIR server does with the requests that the product relies on.

Nobody here wrote it, so it does not share our mistakes. Several tests write down
behaviour that surprises: if a newer HAPI changes it, the test says so, and
docs/reference/foreign-servers.md is to follow.
"""

import json
import socket
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from tests.interop.hapi.server import HapiDidNotStart, hapi_server
from tests.interop.java_tools import BuildFailed, java_class_path

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent
SITTING = "https://rom-on-fhir.example/sitting"
SCORE = "https://rom-on-fhir.example/score"
FHIR_JSON = {"Content-Type": "application/fhir+json"}
NO_CACHE = "no-cache"  # else an answer up to a minute old


def call(
    method: str,
    url: str,
    *,
    body: str | None = None,
    params: Sequence[tuple[str, str]] = (),
    **headers: str,
) -> requests.Response:
    """One request; header names are given with `_` for `-`."""
    sent = {name.replace("_", "-"): text for name, text in headers.items()}
    return requests.request(
        method,
        url,
        data=None if body is None else body.encode(),
        params=params,
        headers=FHIR_JSON | sent,
        timeout=60,
    )


def sitting(name: str, *, date: str = "2026-11-01T10:00:00+01:00") -> str:
    """A response and the score derived from it, as one transaction."""
    text = (HERE / "hapi" / "sitting.json").read_text(encoding="utf-8")
    return text.replace("SITTING", name).replace("DATE", date)


def found(
    hapi: str, kind: str, *, params: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    """The resources of the first page, never from HAPI's memory of a search."""
    answer = call("GET", f"{hapi}/{kind}", params=params, Cache_Control=NO_CACHE)
    assert answer.status_code == 200, answer.text
    return [entry["resource"] for entry in answer.json().get("entry", [])]


def statuses(answer: requests.Response) -> list[str]:
    """Of each entry of a transaction that went through as a whole."""
    assert answer.status_code == 200, answer.text
    return [entry["response"]["status"] for entry in answer.json()["entry"]]


@pytest.fixture
def name() -> str:
    """An identifier that no other test uses."""
    return str(uuid.uuid4())


def put_patient(base: str, patient: str) -> None:
    """HAPI refuses a reference to a patient that it does not hold."""
    body = json.dumps({"resourceType": "Patient", "id": patient})
    answer = call("PUT", f"{base}/Patient/{patient}", body=body)
    assert answer.status_code in (200, 201), answer.text


@pytest.fixture(scope="module", autouse=True)
def marta(hapi: str) -> None:
    put_patient(hapi, "marta")


@pytest.fixture
def newcomer(hapi: str, name: str) -> str:
    """The id of a patient without any history."""
    patient = f"p-{name[:18]}"
    put_patient(hapi, patient)
    return patient


def test_it_speaks_fhir_r4(hapi: str) -> None:
    statement = call("GET", f"{hapi}/metadata").json()

    assert statement["fhirVersion"] == "4.0.1"


def test_it_listens_on_loopback_only(hapi: str) -> None:
    port = urlsplit(hapi).port

    listening = {
        connection.laddr.ip
        for connection in psutil.net_connections("tcp")  # type: ignore[no-untyped-call]  # no marker
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }

    assert listening <= {"127.0.0.1", "::ffff:127.0.0.1"}
    assert listening


def test_a_patient_can_be_put_under_an_id_with_letters_but_not_under_a_number(
    hapi: str,
) -> None:
    named = call("GET", f"{hapi}/Patient/marta")
    numbered = call(
        "PUT",
        f"{hapi}/Patient/4711",
        body='{"resourceType": "Patient", "id": "4711"}',
    )

    assert named.status_code == 200
    assert numbered.status_code == 400


def test_a_transaction_posted_twice_creates_once(hapi: str, name: str) -> None:
    first = call("POST", hapi, body=sitting(name))
    second = call("POST", hapi, body=sitting(name))

    assert statuses(first) == ["201 Created", "201 Created"]
    assert statuses(second) == ["200 OK", "200 OK"]
    assert (
        len(found(hapi, "Observation", params=[("identifier", f"{SCORE}|{name}")])) == 1
    )


def test_the_score_points_at_the_response_that_was_created_with_it(
    hapi: str, name: str
) -> None:
    call("POST", hapi, body=sitting(name))

    (response,) = found(
        hapi, "QuestionnaireResponse", params=[("identifier", f"{SITTING}|{name}")]
    )
    (score,) = found(hapi, "Observation", params=[("identifier", f"{SCORE}|{name}")])

    assert score["derivedFrom"] == [
        {"reference": f"QuestionnaireResponse/{response['id']}"}
    ]


def test_a_score_sent_after_its_response_points_at_the_one_already_there(
    hapi: str, name: str
) -> None:
    alone = json.loads(sitting(name))
    alone["entry"] = alone["entry"][:1]
    created = call("POST", hapi, body=json.dumps(alone)).json()
    location = created["entry"][0]["response"]["location"]

    both = call("POST", hapi, body=sitting(name))

    (score,) = found(hapi, "Observation", params=[("identifier", f"{SCORE}|{name}")])
    assert statuses(both) == ["200 OK", "201 Created"]
    assert location.startswith(score["derivedFrom"][0]["reference"] + "/_history/")


def test_a_transaction_with_one_impossible_entry_leaves_nothing_behind(
    hapi: str, name: str
) -> None:
    broken = json.loads(sitting(name))
    broken["entry"][1]["resource"]["subject"] = {"reference": "Practitioner/1"}

    answer = call("POST", hapi, body=json.dumps(broken))

    assert answer.status_code == 422
    assert not found(
        hapi, "QuestionnaireResponse", params=[("identifier", f"{SITTING}|{name}")]
    )


def test_the_same_transaction_from_eight_at_once_is_stored_once_and_refused_with_409(
    hapi: str, name: str
) -> None:
    together = Barrier(8)

    def send(_: int) -> int:
        together.wait(timeout=60)
        return call("POST", hapi, body=sitting(name)).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    again = call("POST", hapi, body=sitting(name))

    assert set(answers) <= {200, 409}
    assert statuses(again) == ["200 OK", "200 OK"]
    assert (
        len(found(hapi, "Observation", params=[("identifier", f"{SCORE}|{name}")])) == 1
    )


def test_a_condition_must_be_percent_encoded_and_hold_for_what_is_sent(
    hapi: str, name: str
) -> None:
    text = sitting(f"{name}+1")

    bare = call("POST", hapi, body=text)
    encoded = call("POST", hapi, body=text.replace(f"|{name}+1", f"|{name}%2B1"))

    assert bare.status_code == 400
    assert statuses(encoded) == ["201 Created", "201 Created"]


def test_a_search_repeated_within_a_minute_is_old_unless_no_cache_is_asked_for(
    hapi: str, name: str
) -> None:
    asked = f"{hapi}/Observation?identifier={SCORE}|{name}"
    assert call("GET", asked).json()["total"] == 0
    call("POST", hapi, body=sitting(name))

    from_memory = call("GET", asked)
    fresh = call("GET", asked, Cache_Control=NO_CACHE)

    assert from_memory.json()["total"] == 0
    assert fresh.json()["total"] == 1


def test_newest_first_pages_are_chained_by_opaque_links_of_the_same_server(
    hapi: str, name: str, newcomer: str
) -> None:
    days = [f"2026-10-{day:02}T10:00:00+01:00" for day in (2, 5, 1, 4, 3)]
    for number, day in enumerate(days):
        body = sitting(f"{name}-{number}", date=day)
        body = body.replace("Patient/marta", f"Patient/{newcomer}")
        assert statuses(call("POST", hapi, body=body)) == ["201 Created"] * 2

    pages = []
    following: str | None = (
        f"{hapi}/Observation?patient={newcomer}&_sort=-date&_count=2"
        "&category=http://terminology.hl7.org/CodeSystem/observation-category|survey"
        "&code=https://rom-on-fhir.example/fhir/CodeSystem/score|wellbeing.total"
    )
    while following is not None:
        page = call("GET", following).json()
        pages.append(
            [entry["resource"]["effectiveDateTime"] for entry in page["entry"]]
        )
        links = {link["relation"]: link["url"] for link in page["link"]}
        following = links.get("next")
        assert following is None or following.startswith(f"{hapi}?_getpages=")

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [day for page in pages for day in page] == sorted(days, reverse=True)


@pytest.mark.parametrize(
    "asked",
    [
        [("authored", "ge2026-09-01"), ("authored", "lt2026-09-02")],
        [("questionnaire", "https://rom-on-fhir.example/fhir/Questionnaire/wellbeing")],
        [
            (
                "questionnaire",
                "https://rom-on-fhir.example/fhir/Questionnaire/wellbeing|1.0.0",
            )
        ],
        [("status", "completed")],
    ],
)
def test_a_response_is_found_by_patient_and(
    hapi: str, name: str, newcomer: str, asked: list[tuple[str, str]]
) -> None:
    body = sitting(name, date="2026-09-01T10:00:00+01:00")
    body = body.replace("Patient/marta", f"Patient/{newcomer}")
    assert statuses(call("POST", hapi, body=body)) == ["201 Created"] * 2

    responses = found(
        hapi, "QuestionnaireResponse", params=[("patient", newcomer), *asked]
    )

    assert [each["identifier"]["value"] for each in responses] == [name]


def test_decimals_time_zones_and_extensions_of_primitives_come_back_as_sent(
    hapi: str, name: str
) -> None:
    body = (HERE / "hapi" / "spellings.json").read_text(encoding="utf-8")
    body = body.replace("NAME", name)
    call("PUT", f"{hapi}/Observation/{name}", body=body)

    text = call("GET", f"{hapi}/Observation/{name}").text

    assert '"value":7.10' in text
    assert '"effectiveDateTime":"2026-11-01T10:00:00.120+01:00"' in text
    assert '"_status":{"extension":' in text
    assert '"value":100' in text  # the same number, another spelling than 1e2
    assert '"note"' not in text  # an empty list is dropped


def test_an_update_of_an_older_version_is_refused_with_409_not_412(
    hapi: str, name: str
) -> None:
    one = f"{hapi}/Observation/{name}"
    body = (
        f'{{"resourceType": "Observation", "id": "{name}",'
        ' "status": "final", "code": {"text": "f"}}'
    )
    created = call("PUT", one, body=body)

    stale = call("PUT", one, body=body.replace("final", "amended"), If_Match='W/"7"')

    assert created.headers["ETag"] == 'W/"1"'
    assert stale.status_code == 409


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        pytest.param({"code": {"text": "f"}}, 201, id="status-missing"),
        pytest.param({"status": "final"}, 201, id="code-missing"),
        pytest.param({"status": "final", "invented": 1}, 201, id="unknown-field"),
        pytest.param(
            {"status": "final", "valueString": "a", "valueInteger": 3},
            201,
            id="two-values",
        ),
        pytest.param(
            {"status": "final", "subject": {"reference": "Patient/nobody"}},
            400,
            id="subject-not-there",
        ),
        pytest.param(
            {
                "status": "final",
                "subject": {"reference": "https://e.example/Patient/1"},
            },
            201,
            id="subject-elsewhere",
        ),
        pytest.param(
            {"status": "final", "subject": {"reference": "Practitioner/1"}},
            422,
            id="subject-of-wrong-type",
        ),
        pytest.param({"status": "invented"}, 400, id="unknown-status"),
        pytest.param(
            {"status": "final", "effectiveDateTime": "yesterday"}, 400, id="no-date"
        ),
    ],
)
def test_a_plain_server_looks_at_little_before_it_stores(
    hapi: str, resource: dict[str, object], status: int
) -> None:
    body = json.dumps({"resourceType": "Observation"} | resource)

    answer = call("POST", f"{hapi}/Observation", body=body)

    assert answer.status_code == status, answer.text


def test_a_search_parameter_it_does_not_know_is_refused(hapi: str) -> None:
    answer = call("GET", f"{hapi}/Observation?invented=1", Prefer="handling=lenient")

    assert answer.status_code == 400


def test_a_validating_server_refuses_what_a_plain_one_stores_and_ends_with_its_test(
    tmp_path: Path, name: str
) -> None:
    with hapi_server(tmp_path, validating=True) as base:
        put_patient(base, "marta")
        incomplete = call(
            "POST", f"{base}/Observation", body='{"resourceType": "Observation"}'
        )
        complete = call("POST", base, body=sitting(name))

    address = urlsplit(base)
    with socket.socket() as door:
        door.settimeout(5)
        closed = door.connect_ex((address.hostname or "", address.port or 0)) != 0

    assert incomplete.status_code == 422
    assert statuses(complete) == ["201 Created", "201 Created"]
    assert closed


def test_a_server_that_cannot_start_says_where_to_look(tmp_path: Path) -> None:
    with (
        pytest.raises(HapiDidNotStart, match=r"Look for .*hapi\.log"),
        hapi_server(tmp_path, heap="nonsense"),
    ):
        pass


def test_a_program_that_cannot_be_built_says_what_maven_said(tmp_path: Path) -> None:
    (tmp_path / "pom.xml").write_text("no project at all", encoding="utf-8")

    with pytest.raises(BuildFailed, match=r"`mvn package` failed(.|\n)*pom\.xml"):
        java_class_path(tmp_path)
