"""The app's pages over a vault, with launches put into it as the EHR would."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ehr.smart.context import LaunchContext, store_context
from ehr.smart.id_token import User
from ehr.tenants import EHR_LAUNCH_SCOPES
from smart_app.access import cookie_name
from smart_app.services import EXTENSION, AppServices
from tests.hook_calls import ISSUER, TENANT, new_caller
from tests.installation import TABLET, running
from tests.unit.smart_app.sandbox_site import (  # noqa: F401 -- fixtures
    OWN,
    the_app,
    the_browser,
    the_ehr,
    the_running_ehr,
    the_services,
)

ITEM_9 = "/44260-8"
CALLER = new_caller()  # one pair of keys for all tests: making them takes long


class Clinic:
    """The app, a clinician's browser, and tablets."""

    def __init__(self, services: AppServices, app: Any) -> None:
        self.services, self.app = services, app
        self.vault = services.vault.for_tenant(TENANT)

    def client(self) -> FlaskClient:
        found: FlaskClient = self.app.test_client()
        return found

    def launch(
        self,
        client: FlaskClient,
        *,
        patient: str = "p1",
        user: str = "Practitioner/1",
        scopes: str = EHR_LAUNCH_SCOPES,
    ) -> str:
        """A completed launch; the browser holds its cookie. Returns the page's path."""
        now = self.services.clock()
        context = LaunchContext(
            id=uuid4().hex,
            tenant=TENANT,
            patient=patient,
            encounter="e1",
            user=User(ISSUER, "subject", user),
            scopes=scopes,
            need_banner=True,
            intent=None,
            access_token="token",
            refresh_token=None,
            expires_at=now + timedelta(minutes=30),
        )
        browser = uuid4().hex
        store_context(self.vault, context, browser=browser, now=now)
        name = cookie_name(self.services, "c", context.id)
        client.set_cookie(name, browser, domain="localhost")
        return f"/c/{TENANT}/{context.id}/"

    def tablet(
        self, *, patient: str = "p1", forms: tuple[str, ...] = ("phq-9",)
    ) -> Any:
        """A tablet that has redeemed a code for these forms."""
        context_id, now = uuid4().hex, self.services.clock()
        body = {
            "patient": patient,
            "encounter": "e1",
            "greeting": "Ada L.",
            "language": "en",
            "instruments": list(forms),
        }
        code = str(uuid4().int)[:8]
        self.vault.handoffs.offer(
            code,
            context_id=context_id,
            patient=patient,
            body=json.dumps(body).encode(),
            now=now,
            expires_at=now + timedelta(minutes=10),
        )
        return Tablet(self.client(), code)


class Tablet:
    """One browser on the tablet's host."""

    def __init__(self, client: FlaskClient, code: str) -> None:
        self.client, self.code = client, code
        answer = self.redeem()
        assert answer.status_code == 303, answer.text
        self.path = answer.headers["Location"]

    def redeem(self) -> TestResponse:
        return self.post(f"/kiosk/{TENANT}", {"code": self.code})

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url=TABLET)

    def post(self, path: str, form: dict[str, str], **headers: str) -> TestResponse:
        return self.client.post(path, data=form, base_url=TABLET, headers=OWN | headers)

    def open(self, place: int = 0) -> dict[str, str]:
        """The form's hidden fields."""
        return hidden(self.get(f"{self.path}form/{place}").text)

    def send(
        self, fields: dict[str, str], points: dict[str, str], place: int = 0
    ) -> TestResponse:
        answers = {f"answer:{link_id}": value for link_id, value in points.items()}
        return self.post(f"{self.path}form/{place}", fields | answers)


def hidden(page: str) -> dict[str, str]:
    """Names and values of the hidden fields of a page."""
    pattern = r'<input type="hidden" name="(\w+)" value="([^"]*)">'
    return dict(re.findall(pattern, page))


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    found = running(tmp_path, CALLER, monkeypatch)
    services = found.app.extensions[EXTENSION]
    yield Clinic(services, found.app)
    found.vault.close()


@pytest.fixture
def all_answers(clinic: Clinic) -> dict[str, str]:
    """Every item of the PHQ-9 answered with one point, item 9 with none."""
    items = clinic.services.library.instrument("phq-9").items
    return {each.link_id: "1" for each in items} | {ITEM_9: "0"}
