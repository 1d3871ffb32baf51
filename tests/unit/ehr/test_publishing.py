"""Forms into EHRs of every kind: looked for first, written at most once, read back."""

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from ehr.errors import AccessExpired, EhrRefused, EhrUnreachable, NotStorable
from ehr.fence import Fence
from ehr.publishing import (
    CannotTell,
    Created,
    Differs,
    Publisher,
    PublishResult,
    Replaced,
    SeveralCopies,
    StoredOtherwise,
    Unchanged,
    WouldCreate,
    way_to_create,
)
from ehr.server import FhirServer
from ehr.wire.egress import GuardedSession
from fhir_mapping.publication import publication_of
from fhir_mapping.r4.json import json_bytes
from questionnaires.library import load_library
from tests.unit.ehr.canned import Canned, CannedEhr, bundle, outcome

[PUBLISHED] = publication_of(load_library(), chosen=["gad-7"]).forms
FORM = PUBLISHED.questionnaire
URL, VERSION = str(FORM["url"]), str(FORM["version"])
SEARCH = f"Questionnaire?url={URL}&version={VERSION}"
NOTHING = bundle()


def copy(name: str = "q1", **changes: Any) -> Any:
    """The form as this EHR keeps it."""
    kept = json.loads(json_bytes(FORM))
    return kept | {"id": name, "meta": {"versionId": "3"}} | changes


def statement(
    *interactions: str, searches: tuple[str, ...] = ("url", "version"), **more: bool
) -> Canned:
    ability = {
        "type": "Questionnaire",
        "interaction": [{"code": each} for each in interactions],
        "searchParam": [{"name": each} for each in searches],
        **more,
    }
    rest = [{"mode": "server", "resource": [ability]}]
    return Canned(200, {"resourceType": "CapabilityStatement", "rest": rest})


USUAL = statement("create", "read", "search-type", conditionalCreate=True)


@pytest.fixture
def ehr() -> Iterator[CannedEhr]:
    found = CannedEhr()
    yield found
    found.close()


def published(
    ehr: CannedEhr,
    said: Canned = USUAL,
    *,
    write: bool = True,
    replace: bool = False,
) -> PublishResult:
    ehr.says("metadata", said)
    server = ehr.fhir()
    publisher = Publisher(server, server.capabilities())
    return publisher.publish(FORM, write=write, replace=replace)


def keeps(ehr: CannedEhr, *copies: Any) -> None:
    """What a search finds, and each of it by its id."""
    ehr.says(SEARCH, bundle(*copies))
    for each in copies:
        ehr.says(f"Questionnaire/{each['id']}", Canned(200, each))


def writes(ehr: CannedEhr) -> list[str]:
    return [f"{each.method} {each.path}" for each in ehr.seen if each.method != "GET"]


def created_at(place: str) -> Canned:
    return Canned(201, b"", (("Location", f"{place}/_history/1"),))


def test_an_absent_form_is_created_on_condition_that_it_is_absent(
    ehr: CannedEhr,
) -> None:
    ehr.says(SEARCH, NOTHING)
    ehr.says("Questionnaire", created_at("Questionnaire/q9"))
    ehr.says("Questionnaire/q9", Canned(200, copy("q9")))

    assert published(ehr) == Created("Questionnaire/q9")
    [sent] = [each for each in ehr.seen if each.method == "POST"]
    condition = f"url={quote(URL, safe='')}&version={VERSION}"
    assert sent.headers["if-none-exist"] == condition
    assert "id" not in json.loads(sent.body)


def test_an_ehr_that_creates_by_update_gets_an_id_that_names_the_version(
    ehr: CannedEhr,
) -> None:
    said = statement("create", "update", "search-type", updateCreate=True)
    place = f"Questionnaire/gad-7-{VERSION}"
    ehr.says(SEARCH, NOTHING)
    ehr.says(place, Canned(404), created_at(place), Canned(200, copy()))

    assert published(ehr, said) == Created(place)
    assert len(writes(ehr)) == 1 and writes(ehr)[0].startswith("PUT ")


def test_an_id_that_is_another_form_s_is_not_overwritten(ehr: CannedEhr) -> None:
    said = statement("create", "update", "search-type", updateCreate=True)
    ehr.says(SEARCH, NOTHING)
    ehr.says(f"Questionnaire/gad-7-{VERSION}", Canned(200, copy(url="urn:other")))
    ehr.says("Questionnaire", created_at("Questionnaire/q9"))
    ehr.says("Questionnaire/q9", Canned(200, copy("q9")))

    assert published(ehr, said) == Created("Questionnaire/q9")
    assert [each.partition(" ")[0] for each in writes(ehr)] == ["POST"]


def test_an_ehr_that_only_creates_is_written_to_after_a_look(ehr: CannedEhr) -> None:
    ehr.says(SEARCH, NOTHING, bundle(copy("q9")))
    ehr.says("Questionnaire", Canned(201))
    ehr.says("Questionnaire/q9", Canned(200, copy("q9")))

    assert published(ehr, statement("create", "search-type")) == Created(
        "Questionnaire/q9"
    )


def test_what_is_there_in_the_same_meaning_stays(ehr: CannedEhr) -> None:
    keeps(ehr, copy(text={"status": "generated", "div": "<div>x</div>"}))

    assert published(ehr) == Unchanged("Questionnaire/q1")
    assert writes(ehr) == []


def test_a_look_writes_nothing(ehr: CannedEhr) -> None:
    ehr.says(SEARCH, NOTHING)

    assert published(ehr, write=False) == WouldCreate()
    assert writes(ehr) == []


def test_other_content_is_replaced_only_if_wished_and_only_in_the_version_seen(
    ehr: CannedEhr,
) -> None:
    keeps(ehr, copy(publisher="Somebody"))
    kept = published(ehr)
    looked = published(ehr, write=False, replace=True)
    assert isinstance(kept, Differs) and isinstance(looked, Differs)
    assert writes(ehr) == []
    other = Canned(200, copy(publisher="Somebody"))
    ehr.says("Questionnaire/q1", other, Canned(200), Canned(200, copy()))

    replaced = published(ehr, replace=True)

    assert isinstance(replaced, Replaced)
    assert [each.place for each in replaced.differences] == ["publisher"]
    [sent] = [each for each in ehr.seen if each.method == "PUT"]
    assert sent.headers["if-match"] == 'W/"3"'


def test_an_ehr_that_keeps_something_else_is_found_out(ehr: CannedEhr) -> None:
    ehr.says(SEARCH, NOTHING)
    ehr.says("Questionnaire", created_at("Questionnaire/q9"))
    without = {key: v for key, v in copy("q9").items() if key != "extension"}
    ehr.says("Questionnaire/q9", Canned(200, without))

    found = published(ehr)

    assert isinstance(found, StoredOtherwise)
    assert [each.place for each in found.differences] == ["extension"]


def test_a_search_parameter_that_is_ignored_misleads_nobody(ehr: CannedEhr) -> None:
    keeps(ehr, copy("q1", version="0.9.0"), copy("q2", url="urn:other"), copy("q3"))

    assert published(ehr) == Unchanged("Questionnaire/q3")


def test_two_copies_are_left_to_a_person(ehr: CannedEhr) -> None:
    keeps(ehr, copy("q1"), copy("q2"))

    found = published(ehr, replace=True)

    assert found == SeveralCopies(("Questionnaire/q1", "Questionnaire/q2"))
    assert writes(ehr) == []


def test_nothing_is_written_where_nobody_can_look(ehr: CannedEhr) -> None:
    said = statement("create", "search-type", searches=("version",))

    assert published(ehr, said) == CannotTell("no_search")
    assert writes(ehr) == []


def test_without_a_search_by_version_all_versions_are_looked_at(
    ehr: CannedEhr,
) -> None:
    ehr.says(f"Questionnaire?url={URL}", bundle(copy("q1")))
    ehr.says("Questionnaire/q1", Canned(200, copy("q1")))

    found = published(ehr, statement("create", "search-type", searches=("url",)))

    assert found == Unchanged("Questionnaire/q1")


def test_nothing_is_written_after_an_answer_that_is_not_whole(ehr: CannedEhr) -> None:
    ehr.says(SEARCH, bundle(next_url="http://127.0.0.1:1/fhir?page=2"))
    assert published(ehr) == CannotTell("partial")
    keeps(ehr, copy("q1"))
    ehr.says("Questionnaire/q1", Canned(200, b"{"))

    assert published(ehr) == CannotTell("unreadable")
    assert writes(ehr) == []


def test_what_is_taken_and_cannot_be_found_is_said(ehr: CannedEhr) -> None:
    ehr.says(SEARCH, NOTHING)
    ehr.says("Questionnaire", Canned(201))

    assert published(ehr) == CannotTell("lost")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Canned(403, outcome("error", "x")), EhrRefused),
        (Canned(422, outcome("error", "x")), EhrRefused),
        (Canned(401), AccessExpired),
        (Canned(503), EhrUnreachable),
    ],
)
def test_a_refusal_of_the_write_is_the_caller_s_to_tell(
    ehr: CannedEhr, answer: Canned, error: type[Exception]
) -> None:
    ehr.says(SEARCH, NOTHING)
    ehr.says("Questionnaire", answer)

    with pytest.raises(error):
        published(ehr)
    assert len(writes(ehr)) == 1


def test_a_refusal_to_read_is_no_free_id(ehr: CannedEhr) -> None:
    said = statement("create", "update", "search-type", updateCreate=True)
    ehr.says(SEARCH, NOTHING)
    ehr.says(f"Questionnaire/gad-7-{VERSION}", Canned(403))

    with pytest.raises(EhrRefused):
        published(ehr, said)
    assert writes(ehr) == []


@pytest.mark.parametrize("said", [statement("read", "search-type"), Canned(200, {})])
def test_an_ehr_that_stores_no_forms_is_not_written_to(
    ehr: CannedEhr, said: Canned
) -> None:
    ehr.says("metadata", said)

    with pytest.raises(NotStorable, match="stores no Questionnaire"):
        way_to_create(ehr.fhir().capabilities())


def test_a_silent_ehr_may_have_stored_it(ehr: CannedEhr) -> None:
    ehr.says("metadata", USUAL)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"http://127.0.0.1:{silent.getsockname()[1]}/fhir"
        fence = Fence(bases=(host,), dev=True, read_seconds=0.2)
        server = FhirServer(_At(host), GuardedSession(fence=fence), _token)
        publisher = Publisher(server, ehr.fhir().capabilities())

        with pytest.raises(EhrUnreachable) as caught:
            publisher.publish(FORM, write=True, replace=False)

    assert caught.value.maybe_sent


class _At:
    def __init__(self, issuer: str) -> None:
        self.issuer = issuer


def _token() -> str:
    return "t-1"
