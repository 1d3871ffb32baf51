"""Our CDS service against the tables of CDS Hooks 2.0, over real HTTP semantics."""

import csv
import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import pytest
from flask_babel import force_locale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.serving import make_server

from cds_hooks.card_words import card_text
from cds_hooks.cards import SUMMARY_LIMIT
from cds_hooks.errors import MalformedRequest
from cds_hooks.hook_request import hook_request_from_bytes
from cds_hooks.services import desk_of, progress
from clinical.attendance import Visit
from clinical.signals.kinds import (
    AllianceDrop,
    AllianceRepaired,
    AllianceUnrepaired,
    BelowOwnBaseline,
    BelowOwnLimits,
    BelowSiteCutoff,
    BothDown,
    FlatAtMaximum,
    LargeGain,
    MissedWhileDown,
    NoisyProfile,
    NoReliableGain,
    OutsideBand,
    Plateau,
    ReachedGoal,
    ReliablyWorse,
    SafetyAnswer,
    SafetyBlank,
    SpeakingSignal,
)
from clinical.trajectory import Reading
from ehr.errors import EhrUnreachable
from ehr.queries import chart_queries
from fhir_mapping.r4.json import json_bytes
from questionnaires.instrument import Instrument
from questionnaires.library import NoWording
from tests.cds_schema import (
    own_faults,
    prefetch_faults,
    request_faults,
    response_faults,
    services_faults,
)
from tests.hook_fixtures import (
    FIRST_DAY,
    PATIENT,
    PLAIN,
    PUBLIC,
    STEADY,
    Hospital,
    course,
    hospital,
    page,
    risk,
    sitting,
    view,
    worse,
)
from tests.hostile_ehr.server import HostileEhr
from tests.instruments import ALLIANCE_CHECK_IN, GAD7, LIBRARY, PHQ9
from tests.shared_material import shared

NOW = FIRST_DAY + timedelta(weeks=12)
KEYS = [query.key for query in chart_queries(PLAIN)]
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}
ACCESS = {
    "access_token": "for-this-call-only",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "user/Observation.rs user/QuestionnaireResponse.rs",
    "subject": "rom",
}
CHECKS = {
    "CDSHooksRequest": request_faults,
    "CDSHooksResponse": response_faults,
    "CDSHooksServices": services_faults,
}
# Invalid only for the names of its extensions, which the specification leaves free.
EXCEPTION = "cdshooks-services-order-select-extensions"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    opened = hospital(tmp_path_factory.mktemp("clinic"), now=NOW)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def running_ehr() -> Iterator[HostileEhr]:
    running = HostileEhr()
    yield running
    running.close()


@pytest.fixture
def ehr(running_ehr: HostileEhr) -> HostileEhr:
    running_ehr.ledger.clear()
    for kind in ("Observation", "QuestionnaireResponse"):
        running_ehr.resources[f"/{kind}"] = dict(page(()))  # type: ignore[call-overload]  # a page is an object
    return running_ehr


@pytest.fixture
def connected(ehr: HostileEhr, tmp_path: Path) -> Iterator[Hospital]:
    """A clinic whose calls bring a token for an EHR that can be asked."""
    opened = hospital(tmp_path, north=ehr.base, now=NOW)
    yield opened
    opened.close()


def with_access(connected: Hospital, body: dict[str, Any]) -> dict[str, Any]:
    return body | {"fhirServer": connected.fhir["north"], "fhirAuthorization": ACCESS}


def without(body: dict[str, Any], *keys: str) -> dict[str, Any]:
    kept = {key: value for key, value in body["prefetch"].items() if key not in keys}
    return body | {"prefetch": kept}


# The official cases


@pytest.mark.req("CH-20", "CH-21", "CH-36", "CH-37", "CH-38", "CH-39")
def test_the_official_cases_come_out_as_the_official_validator_has_them(
    record_property: Any,
) -> None:
    folder = shared("spec/cds-hooks")
    with (folder / "cases.csv").open() as file:
        cases = list(csv.DictReader(file))
    differing = []
    for case in cases:
        body = json.loads((folder / "instances" / case["instance"]).read_bytes())
        found = "invalid" if CHECKS[case["logical_model"]](body) else "valid"
        if found != case["expected"]:
            differing.append(case["case"])

    record_property("official CDS Hooks cases", len(cases))
    assert len(cases) == 20
    assert differing == [EXCEPTION]


@pytest.mark.req("CH-20")
@pytest.mark.parametrize("name", ["patient-view-good", "pv-good"])
def test_the_official_good_requests_are_understood(name: str) -> None:
    file = shared(f"spec/cds-hooks/instances/cdshooks-request-{name}.json")

    assert hook_request_from_bytes(file.read_bytes()).context.patient_id


@pytest.mark.req("CH-20", "CH-21")
@pytest.mark.parametrize("name", ["patient-view-bad", "order-sign-good"])
def test_the_official_bad_request_and_another_hook_are_refused(name: str) -> None:
    file = shared(f"spec/cds-hooks/instances/cdshooks-request-{name}.json")

    with pytest.raises(MalformedRequest):
        hook_request_from_bytes(file.read_bytes())


# Discovery


@pytest.mark.req("CH-01", "CH-02", "CH-04", "CH-10", "CH-11", "CH-12", "CH-13", "CH-14")
def test_discovery_keeps_to_the_specification(clinic: Hospital) -> None:
    answer = clinic.browserless.get("/north/cds-services", base_url=PUBLIC)

    body = answer.json
    assert answer.status_code == 200 and answer.mimetype == "application/json"
    assert services_faults(body) == own_faults(body) == []
    [service] = body["services"]
    assert prefetch_faults(service["prefetch"]) == []
    assert set(service["prefetch"]) == {"patient", *KEYS}


# Every answer


_person = count(1)


@cache
def all_wordings() -> tuple[str, ...]:
    """Every item's text and option label of the library."""
    texts: list[str] = []
    for each in LIBRARY.instruments:
        wording = LIBRARY.wording(each, language="en")
        if not isinstance(wording, NoWording):
            texts += wording.items.values()
    return tuple(text for text in texts if len(text) > 12)


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, list[Any], list[Any]]:
    """A chart of a few forms, as scores alone or with their responses."""
    patient = f"person-{next(_person)}"
    scores, responses = [], []
    for instrument in (PHQ9, GAD7, ALLIANCE_CHECK_IN):
        links = instrument.total.link_ids
        most = int(instrument.total.high) // len(links)
        for week in range(draw(st.integers(0, 6))):
            points = draw(
                st.lists(
                    st.none() | st.integers(0, most),
                    min_size=len(links),
                    max_size=len(links),
                )
            )
            on = FIRST_DAY + timedelta(weeks=week)
            response, *rest = sitting(instrument, points, on=on, patient=patient)
            scores += rest
            if draw(st.booleans()):
                responses.append(response)
    return patient, scores, responses


@pytest.mark.req("CH-04", "CH-30", "CH-31", "CH-32", "CH-33", "CH-34", "CH-38", "CH-39")
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories())
def test_whatever_the_history_the_answer_keeps_to_the_specification(
    clinic: Hospital, history: tuple[str, list[Any], list[Any]]
) -> None:
    patient, scores, responses = history

    answer = clinic.call(view(scores, responses, patient=patient))

    assert answer.status_code == 200
    assert response_faults(answer.json) == own_faults(answer.json) == []
    assert len(answer.json["cards"]) <= 2
    for card in answer.json["cards"]:
        [link] = card["links"]
        UUID(link["appContext"])
        assert link["url"] == f"{PUBLIC}/launch/north"
    assert not [text for text in all_wordings() if text in answer.text]
    assert patient not in answer.text


@pytest.mark.hazard("H14")
def test_nobody_reads_a_name_or_written_words_on_a_card(clinic: Hospital) -> None:
    patient = "person-with-words"
    [response] = risk(patient)
    written = "MY-HUSBAND-MUST-NOT-KNOW"
    response["item"][0]["answer"][0]["valueCoding"]["display"] = written
    response["text"] = {"status": "additional", "div": f"<div>{written}</div>"}
    body = view(worse(patient), [response], patient=patient)
    body["prefetch"]["patient"]["name"] = [{"family": written, "given": [written]}]

    answer = clinic.call(body)

    assert len(answer.json["cards"]) == 2
    assert written not in answer.text


def widest(instrument: Instrument) -> list[SpeakingSignal]:
    """Every signal with the longest numbers and dates it can hold."""
    high = instrument.total.high
    value = high if high == high.to_integral() else high.quantize(Decimal("0.1"))
    reading = Reading(
        session_number=1000,
        authored=FIRST_DAY.replace(month=9, day=28),
        value=value - (Decimal("0.1") if value >= 10 else 0),
        prorated=True,
        in_record=True,
        source="Observation/x",
    )
    long = Decimal("123.456")
    name = instrument.id
    worse = ReliablyWorse(name, reading, reading, long, 100)
    drop = AllianceDrop(name, "strong", long, long, "floor", reading)
    visit = Visit(reading.authored, "late_cancelled")
    signals: list[SpeakingSignal] = [
        worse,
        OutsideBand(
            name, reading, reading, long, long, 10000, "x" * 40, "f" * 64, long, 100
        ),
        NoReliableGain(name, reading, reading, reading, long, 1000),
        Plateau(name, reading, reading, 100, -long, long, True, long),
        LargeGain(name, reading, reading, long),
        NoisyProfile(name, 100, reading, reading, 100, long),
        ReachedGoal(name, reading, reading, long, long),
        BelowSiteCutoff(name, reading, long, ("x",) * 100, long),
        BelowOwnBaseline(name, long, 100, reading),
        AllianceDrop(name, "watch", long, long, "floor", reading),
        drop,
        BelowOwnLimits(name, "run", long, long, True, 100, reading),
        AllianceRepaired(name, long, long, reading, reading),
        AllianceUnrepaired(name, long, long, reading, reading, reading, 1000),
        FlatAtMaximum(name, 1000, reading),
        BothDown(name, worse, drop),
        MissedWhileDown(name, visit, (worse,)),
    ]
    day = reading.on.isoformat()
    for item in instrument.items[-1:]:
        link = item.link_id
        signals.append(SafetyAnswer(name, link, long, "full", reading, day, "x"))
        signals.append(SafetyBlank(name, link, day, "x"))
    assert {type(each) for each in signals} == set(get_args(SpeakingSignal))
    return [*signals, *(replace(each, respondent="carer") for each in signals)]


@pytest.mark.req("CH-31")
@pytest.mark.parametrize(
    "name", [each.id for each in LIBRARY.instruments.values() if each.scores]
)
def test_no_signal_of_any_instrument_needs_140_characters(
    clinic: Hospital, name: str
) -> None:
    instrument = LIBRARY.instrument(name)
    with clinic.running.app.test_request_context(base_url=PUBLIC), force_locale("en"):
        lengths = {
            type(signal).__name__: len(card_text(signal, instrument).summary)
            for signal in widest(instrument)
        }

    assert max(lengths.values()) <= SUMMARY_LIMIT, lengths


# Prefetch: five cases, with and without access to the chart


def cases_of_a_chart() -> dict[str, dict[str, Any]]:
    """The same worse course, sent so that the service may or may not rest on it."""
    whole = page(worse())
    assert isinstance(whole, dict)
    body = view(worse())
    return {
        "absent": without(body, "scores"),
        "null": body | {"prefetch": body["prefetch"] | {"scores": None}},
        "empty Bundle": view(()),
        "OperationOutcome": view(OUTCOME),
        "Bundle that reports an error": view(page((), entry=[{"resource": OUTCOME}])),
        "next link": view(
            whole | {"link": [{"relation": "next", "url": "https://x.example/2"}]}
        ),
        "full page": view(
            page(
                [
                    *worse(),
                    *(
                        {"resourceType": "Observation", "id": f"x{n}"}
                        for n in range(97)
                    ),
                ]
            )
        ),
    }


@pytest.mark.req("CH-15", "CH-16", "CH-24")
@pytest.mark.parametrize(
    ("name", "status", "cards"),
    [
        ("absent", 412, None),
        ("null", 200, 0),
        ("empty Bundle", 200, 0),
        ("OperationOutcome", 412, None),
        ("Bundle that reports an error", 200, 0),
        ("next link", 200, 1),
        ("full page", 200, 1),
    ],
)
def test_prefetch_without_access(
    tmp_path: Path, name: str, status: int, cards: int | None
) -> None:
    clinic = hospital(tmp_path, now=NOW)

    answer = clinic.call(cases_of_a_chart()[name])

    assert answer.status_code == status
    if cards is None:
        assert answer.json["resourceType"] == "OperationOutcome"
    else:
        assert len(answer.json["cards"]) == cards
    for card in answer.json.get("cards", []):
        assert "A part of the record could not be read." in card["detail"]
    clinic.close()


@pytest.mark.req("CH-15", "CH-22", "CH-23", "CH-24")
@pytest.mark.parametrize(
    ("name", "asks"),
    [
        ("absent", True),
        ("null", True),
        ("empty Bundle", False),
        ("OperationOutcome", True),
        ("Bundle that reports an error", True),
        ("next link", True),
        ("full page", True),
    ],
)
def test_prefetch_with_access(
    connected: Hospital, ehr: HostileEhr, name: str, asks: bool
) -> None:
    ehr.resources["/Observation"] = page(worse())  # type: ignore[assignment]  # a page is an object

    cards = connected.cards(with_access(connected, cases_of_a_chart()[name]))

    asked = [each for each in ehr.ledger if each.path.endswith("/Observation")]
    assert len(asked) == asks
    assert len(cards) == asks
    for each in asked:
        assert each.headers["Authorization"] == "Bearer for-this-call-only"
        assert f"patient={PATIENT}" in each.query


def test_the_calls_own_token_is_kept_nowhere(
    connected: Hospital, ehr: HostileEhr, tmp_path: Path, caplog: Any
) -> None:
    caplog.set_level("DEBUG", logger="rom")
    connected.cards(with_access(connected, cases_of_a_chart()["absent"]))
    connected.close()

    stored = [
        file.name
        for file in tmp_path.rglob("*")
        if file.is_file() and b"for-this-call-only" in file.read_bytes()
    ]

    assert stored == []
    assert "for-this-call-only" not in repr([vars(each) for each in caplog.records])


@pytest.mark.req("CH-16")
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_chart_that_is_refused_is_missing_data(
    connected: Hospital, ehr: HostileEhr, status: int
) -> None:
    path = f"{ehr.base.removeprefix(ehr.origin)}/Observation"
    with ehr.odd(canned={path: (status, {}, b"{}")}):
        answer = connected.call(with_access(connected, cases_of_a_chart()["absent"]))

    assert answer.status_code == 412
    assert answer.json["resourceType"] == "OperationOutcome"


@pytest.mark.hazard("H05")
@pytest.mark.req("CH-25")
def test_a_safety_answer_in_hand_is_told_although_the_rest_is_missing(
    clinic: Hospital,
) -> None:
    patient = "person-at-risk"
    body = view(worse(patient), risk(patient), patient=patient)

    [card] = clinic.cards(without(body, KEYS[1]))

    assert card["indicator"] == "critical"
    assert "A part of the record could not be read." in card["detail"]


@pytest.mark.req("CH-25")
def test_all_searches_share_one_deadline(connected: Hospital, ehr: HostileEhr) -> None:
    services = connected.running.app.extensions["rom.cds_hooks"].services
    tenant = services.tenants.by_id("north")
    desk = desk_of(replace(services, answer_seconds=0.3), tenant)
    claims = services.trust.claims(
        f"Bearer {connected.token()}", tenant, now=connected.now
    )
    body = with_access(connected, without(view(), *KEYS))
    ehr.resources["/Observation"] = page(worse())  # type: ignore[assignment]  # a page is an object

    with ehr.odd(pieces=(100, 0.1)), pytest.raises(EhrUnreachable):
        progress(desk, claims, body=json_bytes(body), now=connected.now)

    assert len(ehr.ledger) == 1, "nothing is asked once the time is over"


# Silence, repetition, feedback


@pytest.mark.req("CH-30")
def test_dismissed_is_silent_and_worse_again_is_raised(tmp_path: Path) -> None:
    clinic = hospital(tmp_path, now=NOW, plan={"repeat": "until_acknowledged"})
    [first] = clinic.cards(view(worse(), encounter="e1"))
    [again] = clinic.cards(view(worse(), encounter="e2"))
    clinic.report([clinic.dismissal(first["uuid"])])
    clinic.later(days=1)

    silent = clinic.cards(view(worse(), encounter="e3"))
    [raised] = clinic.cards(view(course(PHQ9, (10, 11, 18, 24)), encounter="e4"))

    assert first["uuid"] == again["uuid"]
    assert silent == []
    assert raised["uuid"] != first["uuid"]
    clinic.close()


@pytest.mark.req("CH-45")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"overrideReason": {"userComment": "she told me"}},
        {"overrideReason": None},
        {"outcome": "accepted", "acceptedSuggestions": [{"id": "s1"}]},
        {"outcomeTimestamp": "2026-05-25T23:20:50.52Z"},
    ],
)
def test_feedback_in_each_form_is_kept_once(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    clinic = hospital(tmp_path, now=NOW, plan={"repeat": "until_acknowledged"})
    [card] = clinic.cards(view(worse()))
    entry = clinic.dismissal(card["uuid"], **changes)

    statuses = [clinic.report([entry, entry]).status_code for _ in range(2)]

    kept = clinic.running.vault.for_tenant("north").cards.acknowledgements(PATIENT)
    assert statuses == [200, 200]
    assert len(kept) == 1
    assert clinic.cards(view(worse(), encounter="e2")) == []
    assert b"she told me" not in repr(kept).encode()
    clinic.close()


@pytest.mark.req("CH-45")
def test_a_card_named_as_urn_is_the_same_card(tmp_path: Path) -> None:
    clinic = hospital(tmp_path, now=NOW)
    [card] = clinic.cards(view(worse()))

    clinic.report([clinic.dismissal(f"urn:uuid:{card['uuid'].upper()}")])

    kept = clinic.running.vault.for_tenant("north").cards.acknowledgements(PATIENT)
    assert [each.card for each in kept] == [card["uuid"]]
    clinic.close()


@pytest.mark.req("CH-45")
@pytest.mark.parametrize(
    "spoilt",
    [
        {"card": "no-uuid"},
        {"card": None},
        {"outcome": "ignored"},
        {"outcome": ["accepted"]},
        {"outcome": "accepted"},
        {"outcome": "accepted", "acceptedSuggestions": []},
        {"outcome": "accepted", "acceptedSuggestions": ["s1"]},
        {"overrideReason": {"reason": "text"}},
        {"overrideReason": {"reason": {"code": ""}}},
        {"overrideReason": {"reason": {"code": "x" * 101}}},
        {"outcomeTimestamp": None},
        {"outcomeTimestamp": "yesterday"},
        {"outcomeTimestamp": "2026-03-02"},
        {"outcomeTimestamp": "2026-03-02T10:00:00"},
        {"outcomeTimestamp": "0001-01-01T00:00:00+14:00"},
        {"outcomeTimestamp": "9999-12-31T23:59:59-14:00"},
        {"outcomeTimestamp": 1700000000},
    ],
)
def test_one_malformed_entry_and_nothing_of_the_array_is_stored(
    clinic: Hospital, spoilt: dict[str, object]
) -> None:
    patient = f"person-{next(_person)}"
    [card] = clinic.cards(view(worse(patient), patient=patient))
    good = clinic.dismissal(card["uuid"])

    answer = clinic.report([good, good | spoilt])

    cards = clinic.running.vault.for_tenant("north").cards
    assert answer.status_code == 400
    assert "$.feedback[1]" in answer.json["issue"][0]["diagnostics"]
    assert cards.acknowledgements(patient) == ()


# Over a socket


def test_the_service_answers_over_a_real_connection(clinic: Hospital) -> None:
    server = make_server("127.0.0.1", 0, clinic.running.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    patient = "person-on-the-wire"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(
            "POST",
            "/north/cds-services/progress",
            json_bytes(view(course(PHQ9, STEADY, patient=patient), patient=patient)),
            {
                "Host": "rom.example",
                "Content-Type": "application/json; charset=utf-8",
                "Authorization": f"bearer {clinic.token()}",
            },
        )
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
        server.shutdown()
        thread.join()
        server.server_close()

    assert (answer.status, json.loads(body)) == (200, {"cards": []})
