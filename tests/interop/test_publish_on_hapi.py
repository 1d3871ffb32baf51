"""Publishing to a FHIR server that nobody here wrote, also through the sandbox.

HAPI itself is asked what it holds. Each test has addresses of its own: the server is
shared and keeps what it was given.
"""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from ehr.fence import Fence
from ehr.publishing import (
    Created,
    Differs,
    Publisher,
    Replaced,
    Unchanged,
    WouldCreate,
    way_to_create,
)
from ehr.server import FhirServer
from ehr.wire.egress import GuardedSession
from fhir_mapping.publication import publication_of
from fhir_mapping.r4.json import Json
from questionnaires.library import load_library
from tests.interop.java_tools import say
from tests.publishing.site import ALL, new_client_key, sandbox, site_before

pytestmark = pytest.mark.interop

FORMS = [each.questionnaire for each in publication_of(load_library()).forms]
[PHQ_9] = [each for each in FORMS if each["id"] == "phq-9"]


class _At:
    def __init__(self, issuer: str) -> None:
        self.issuer = issuer


def publisher(hapi: str) -> Publisher:
    fence = Fence(bases=(hapi,), dev=True, private_addresses=True, read_seconds=60)
    server = FhirServer(_At(hapi), GuardedSession(fence=fence), lambda: "unread")
    return Publisher(server, server.capabilities())


def of_its_own(form: Json) -> Json:
    """The form under an address that no other test uses."""
    return form | {"url": f"{form['url']}-{uuid4()}"}


def held(hapi: str, form: Json) -> list[dict[str, Any]]:
    answer = requests.get(
        f"{hapi}/Questionnaire",
        params={"url": str(form["url"])},
        headers={"Cache-Control": "no-cache"},
        timeout=60,
    )
    answer.raise_for_status()
    return [each["resource"] for each in answer.json().get("entry", [])]


def test_every_form_is_kept_as_it_was_sent_and_is_unchanged_afterwards(
    hapi: str,
) -> None:
    ours = [of_its_own(each) for each in FORMS]
    door = publisher(hapi)

    first = [door.publish(each, write=True, replace=False) for each in ours]
    second = [door.publish(each, write=True, replace=False) for each in ours]

    assert [type(each) for each in first] == [Created] * len(ours)
    assert [type(each) for each in second] == [Unchanged] * len(ours)
    assert all(len(held(hapi, each)) == 1 for each in ours)
    say(f"{len(ours)} forms published to HAPI, read back the same")


def test_a_look_writes_nothing(hapi: str) -> None:
    ours = of_its_own(PHQ_9)

    found = publisher(hapi).publish(ours, write=False, replace=False)

    assert found == WouldCreate() and held(hapi, ours) == []


def test_other_content_is_shown_kept_and_replaced_on_request(hapi: str) -> None:
    ours = of_its_own(PHQ_9)
    other = ours | {"title": "Another"}
    publisher(hapi).publish(other, write=True, replace=False)

    kept = publisher(hapi).publish(ours, write=True, replace=False)
    title = held(hapi, ours)[0]["title"]
    replaced = publisher(hapi).publish(ours, write=True, replace=True)

    assert isinstance(kept, Differs) and title == "Another"
    assert [each.place for each in kept.differences] == ["title"]
    assert isinstance(replaced, Replaced)
    [stored] = held(hapi, ours)
    assert stored["title"] == ours["title"] and stored["meta"]["versionId"] == "2"


def test_another_version_stands_beside_it(hapi: str) -> None:
    ours = of_its_own(PHQ_9)
    publisher(hapi).publish(ours, write=True, replace=False)

    found = publisher(hapi).publish(
        ours | {"version": "1.1.0"}, write=True, replace=False
    )

    assert isinstance(found, Created)
    assert {each["version"] for each in held(hapi, ours)} == {"1.0.0", "1.1.0"}


def test_it_is_written_by_conditional_create(hapi: str) -> None:
    server = FhirServer(
        _At(hapi),
        GuardedSession(fence=Fence(bases=(hapi,), dev=True, private_addresses=True)),
        lambda: "unread",
    )

    assert way_to_create(server.capabilities()) == "conditional_create"


def test_the_command_publishes_through_a_sandbox_in_front_of_it(
    hapi: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, public = new_client_key()
    with sandbox(public, tmp_path, scopes=ALL, fhir_backend=hapi) as ehr:
        site = site_before(
            tmp_path,
            monkeypatch,
            origin=ehr.origin,
            fhir_base=f"{ehr.origin}/fhir",
            client_key=private,
        )

        first = site.publish("--instrument", "gad-7")
        second = site.publish("--instrument", "gad-7")

    assert first.exit_code == 0, first.output
    assert "created" in first.stdout and "unchanged" in second.stdout
    [form] = [each for each in FORMS if each["id"] == "gad-7"]
    assert len(held(hapi, form)) == 1
