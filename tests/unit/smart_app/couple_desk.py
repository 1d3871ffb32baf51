"""A clinician's browser with the charts of two partners open in it."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from flask import Flask
from werkzeug.test import TestResponse

from ehr.couple_agreements import AGREED, WITHDRAWN, Agreement, agreements_of
from ehr.smart.context import LaunchContext, context_from_bytes, store_context
from smart_app.access import cookie_name
from smart_app.services import EXTENSION, AppServices
from tests.unit.smart_app.sandbox_site import Browser


class Desk:
    """A clinician with two charts open: Odile's, and Tomasz's beside it."""

    def __init__(self, browser: Browser, services: AppServices) -> None:
        self.browser, self.services = browser, services
        tenant = services.tenants.by_id("sandbox")
        self.vault = services.vault_of(tenant)
        self.own, self.partner = browser.launch("odile"), browser.launch("tomasz")

    @property
    def beside(self) -> str:
        return f"{self.own}beside"

    @property
    def couple(self) -> str:
        return f"{self.beside}/{id_of(self.partner)}"

    def page(self) -> TestResponse:
        return self.browser.get(self.couple)

    def agree(self, whose: str, **changes: str) -> TestResponse:
        form = {"token": token_of(self.page()), "whose": whose, "how": "in-writing"}
        return self.browser.post(self.couple, form | changes)

    def both_agree(self) -> None:
        for whose in ("own", "partner"):
            assert self.agree(whose).status_code == 303

    def agreements(self, patient: str) -> tuple[Agreement, ...]:
        """What holds now of what this patient has agreed to."""
        return agreements_of(self.vault, patient, now=self.services.clock())

    def context(self, path: str) -> LaunchContext:
        stored = self.vault.launches.for_delivery(id_of(path))
        assert stored is not None
        return context_from_bytes(stored.body)

    def put(self, path: str, **changes: object) -> str:
        """A launch like this one with something changed, open in this browser."""
        context = replace(self.context(path), id=uuid4().hex, **changes)  # type: ignore[arg-type]
        value = uuid4().hex
        now = self.services.clock()
        store_context(self.vault, context, browser=value, now=now)
        name = cookie_name(self.services, "c", context.id)
        self.browser.client.set_cookie(name, value, domain="rom.example", secure=True)
        return f"/c/sandbox/{context.id}/"


def id_of(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[1]


def token_of(page: TestResponse) -> str:
    """Of the forms that record, which name whose agreement it is."""
    found = re.search(r'value="([^"]+)"><input type="hidden" name="whose"', page.text)
    return found[1] if found else ""


def kept(desk: Desk, patient: str) -> list[tuple[str, str, dict[str, object]]]:
    return [
        (each.row.kind, each.row.actor, json.loads(each.row.details))
        for each in desk.vault.audit.of_patient(patient, kinds=(AGREED, WITHDRAWN))
    ]


class Clock:
    """The app's clock, put forward by a test; the tokens last for an hour."""

    def __init__(self, desk: Desk, app: Flask) -> None:
        self.now = desk.services.clock()
        for path in (desk.own, desk.partner):
            context = desk.context(path)
            longer = replace(context, expires_at=self.now + timedelta(hours=1))
            desk.vault.launches.replace_body(
                context.id, body=longer.to_bytes(), expected_version=1
            )
        app.extensions[EXTENSION] = replace(desk.services, clock=lambda: self.now)

    def forward(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
