"""An installation that two EHRs may call, and charts as this product writes them.

Everything works; each test breaks one thing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from clinical.plan import DEMO_PLAN
from ehr.queries import chart_queries
from fhir_mapping.dialect import Dialect, load_dialect
from fhir_mapping.r4.json import Json, json_bytes
from fhir_mapping.submission import (
    Submission,
    resources_from_submission,
    with_response_reference,
)
from questionnaires.answers import answers_from_offered
from questionnaires.instrument import Instrument
from server.settings import Settings
from server.wsgi import Installation, Running, create_app, read_installation
from tests.hostile_ehr.keys import Pair, ec_pair, jwt, rsa_pair
from tests.instruments import ALLIANCE_CHECK_IN, LIBRARY, PHQ9
from vault.cipher import generate_key_file

PUBLIC = "https://rom.example"
KIOSK = "https://tablet.example"
NORTH_FHIR = "https://north.example/fhir"
SOUTH_FHIR = "https://south.example/fhir"
BROWSER_ORIGIN = "https://chart.north.example"
PATIENT = "p1"
FIRST_DAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
PLAIN: Dialect = load_dialect("plain-r4")

EC = ec_pair("hook-ec")
RSA = rsa_pair("hook-rsa")

Resources = list[Json]
ONE_ITEM_9 = (0, 0, 0, 0, 0, 0, 0, 0, 2)


def tenant_toml(name: str, fhir: str, *, dev: bool = False, more: str = "") -> str:
    """One EHR, whose CDS client's keys lie in `<name>.jwks`."""
    service = f"{PUBLIC}/{name}/cds-services/progress"
    return f"""
    [tenant.{name}]
    issuer = "{fhir}"
    client_id = "rom"
    auth = "none"
    redirect_uri = "{PUBLIC}/callback/{name}"
    endpoint_origins = ["https://auth.{name}.example"]
    id_token_issuer = "{fhir}"
    dialect = "plain-r4"
    cors_origins = ["https://chart.{name}.example"]
    dev = {str(dev).lower()}
    {more}
    [[tenant.{name}.hook_caller]]
    issuer = "{fhir}"
    jwks_file = "{name}.jwks"
    audiences = ["{service}", "{service}/feedback"]
    """


@dataclass
class Hospital:
    """An installation, a clock that stands, and a CDS client per EHR."""

    running: Running
    folder: Path
    now: datetime
    fhir: Mapping[str, str]
    pair: Pair = field(default_factory=lambda: EC)

    @property
    def browserless(self) -> FlaskClient:
        return self.running.app.test_client()

    def claims(self, tenant: str = "north", **changes: object) -> dict[str, Any]:
        begun = int(self.now.timestamp())
        claims: dict[str, Any] = {
            "iss": self.fhir[tenant],
            "aud": f"{PUBLIC}/{tenant}/cds-services/progress",
            "iat": begun,
            "exp": begun + 300,
            "jti": str(uuid4()),
        }
        return claims | changes

    def token(self, tenant: str = "north", **changes: object) -> str:
        return signed(self.claims(tenant, **changes), self.pair)

    def call(
        self,
        body: Mapping[str, object] | bytes,
        *,
        tenant: str = "north",
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        path: str = "",
        content_type: str = "application/json",
    ) -> TestResponse:
        """One POST, signed by the tenant's own CDS client unless told otherwise."""
        sent = body if isinstance(body, bytes) else json_bytes(dict(body))
        bearer = self.token(tenant) if token is None else token
        return self.browserless.post(
            f"/{tenant}/cds-services/progress{path}",
            data=sent,
            base_url=PUBLIC,
            content_type=content_type,
            headers={"Authorization": f"Bearer {bearer}", **(headers or {})},
        )

    def cards(self, body: Mapping[str, object], **more: Any) -> list[dict[str, Any]]:
        """The cards of a call that is answered."""
        answer = self.call(body, **more)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json["cards"]
        return found

    def report(
        self, entries: object, *, tenant: str = "north", **more: Any
    ) -> TestResponse:
        """One POST to the feedback endpoint."""
        audience = f"{PUBLIC}/{tenant}/cds-services/progress/feedback"
        return self.call(
            {"feedback": entries},
            tenant=tenant,
            token=self.token(tenant, aud=audience),
            path="/feedback",
            **more,
        )

    def dismissal(self, card: str, **changes: object) -> dict[str, object]:
        entry: dict[str, object] = {
            "card": card,
            "outcome": "overridden",
            "overrideReason": {"reason": {"code": "already-discussed"}},
            "outcomeTimestamp": self.now.isoformat(),
        }
        return entry | changes

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def close(self) -> None:
        self.running.vault.close()


def hospital(
    folder: Path,
    *,
    plan: Mapping[str, object] | None = None,
    north: str | None = None,
    more: str = "",
    now: datetime | None = None,
) -> Hospital:
    """Open an installation in this folder, or the one that is there again.

    Args:
        plan: fields of the plan that differ from the demonstration's.
        north: FHIR base of the first EHR, if it runs on this machine.
        more: further keys of the first tenant.
    """
    fhir = {"north": north or NORTH_FHIR, "south": SOUTH_FHIR}
    found = _installation(folder, fhir, dev=north is not None, more=more)
    found = replace(found, plan=replace(found.plan, **(plan or {})))  # type: ignore[arg-type]  # each test names fields of the plan
    begun: list[Hospital] = []
    running = create_app(found, clock=lambda: begun[0].now)
    begun.append(Hospital(running, folder, now or FIRST_DAY, fhir))
    return begun[0]


def _installation(
    folder: Path, fhir: Mapping[str, str], *, dev: bool, more: str
) -> Installation:
    folder.mkdir(parents=True, exist_ok=True)
    tenants = tenant_toml("north", fhir["north"], dev=dev, more=more)
    tenants += tenant_toml("south", fhir["south"])
    (folder / "tenants.toml").write_text(tenants)
    for name in fhir:
        keys = {"keys": [EC.jwk(), RSA.jwk()]}
        (folder / f"{name}.jwks").write_text(json.dumps(keys))
    (folder / "plan.toml").write_text(DEMO_PLAN.read_text("utf-8"), "utf-8")
    if not (folder / "master.key").exists():
        generate_key_file(folder / "master.key")
    return read_installation(
        Settings(
            public_url=PUBLIC,
            kiosk_url=KIOSK,
            data_folder=folder / "data",
            master_key_file=folder / "master.key",
            tenants_file=folder / "tenants.toml",
            plan_file=folder / "plan.toml",
        )
    )


def signed(claims: Mapping[str, Any], pair: Pair = EC) -> str:
    """A token as an honest CDS client makes it."""
    algorithm = "RS384" if pair is RSA else "ES384"
    header = {"alg": algorithm, "kid": pair.kid, "typ": "JWT"}
    return jwt(header, dict(claims), pair=pair)


def view(
    scores: object = (),
    responses: object = (),
    *,
    patient: str = PATIENT,
    encounter: str | None = "e1",
    **changes: object,
) -> dict[str, Any]:
    """A patient-view request with this chart prefetched.

    Args:
        scores: resources, put into a searchset; anything else is sent as it is.
        responses: likewise.
        changes: members of the request; None leaves one out.
    """
    context = {"userId": "Practitioner/d1", "patientId": patient}
    if encounter is not None:
        context["encounterId"] = encounter
    body: dict[str, Any] = {
        "hook": "patient-view",
        "hookInstance": str(uuid4()),
        "context": context,
        "prefetch": {
            "patient": {"resourceType": "Patient", "id": patient},
            **{query.key: page(()) for query in chart_queries(PLAIN)},
            "scores": page(scores),
            "responses": page(responses),
        },
    }
    return {
        name: value for name, value in (body | changes).items() if value is not None
    }


def page(resources: object, **more: object) -> object:
    """A search page with these resources."""
    if not isinstance(resources, list | tuple):
        return resources
    entries = [{"resource": each, "search": {"mode": "match"}} for each in resources]
    bundle: Json = {"resourceType": "Bundle", "type": "searchset"}
    bundle |= {"total": len(entries), "entry": entries} if entries else {"total": 0}
    return bundle | more


def course(
    instrument: Instrument,
    totals: Sequence[int],
    *,
    patient: str = PATIENT,
    begins: datetime = FIRST_DAY,
) -> Resources:
    """One score Observation a week, as this product writes them."""
    return [
        sitting(
            instrument,
            points_for(instrument, total),
            on=begins + timedelta(weeks=week),
            patient=patient,
        )[-1]
        for week, total in enumerate(totals)
    ]


def sitting(
    instrument: Instrument,
    points: Sequence[int | None],
    *,
    on: datetime = FIRST_DAY,
    patient: str = PATIENT,
) -> Resources:
    """One form filled in: its response first, then Observations; the total is last.

    They carry ids, as an EHR gives them out.
    """
    # As the EHR sends it: numbers of JSON, not of ours.
    built = _sitting(instrument.id, tuple(points), on=on, patient=patient)
    return [json.loads(each, parse_float=Decimal) for each in built]


@lru_cache(maxsize=2_000)
def _sitting(
    instrument_id: str, points: tuple[int | None, ...], *, on: datetime, patient: str
) -> tuple[bytes, ...]:
    instrument = LIBRARY.instrument(instrument_id)
    given = dict(zip(instrument.total.link_ids, points, strict=True))
    name = f"{instrument.id}/{patient}/{on.isoformat()}/{points}"
    submission = Submission(
        id=uuid5(NAMESPACE_URL, name),
        tenant="north",
        patient=patient,
        encounter=None,
        author="Practitioner/d1",
        source=f"Patient/{patient}",
        mode="kiosk",
        answers=answers_from_offered(instrument, given, language="en"),
        authored=on,
    )
    built = resources_from_submission(submission, LIBRARY, PLAIN)
    response_id = f"r-{submission.id}"[:64]
    built = with_response_reference(built, f"QuestionnaireResponse/{response_id}")
    scores = [each for each in built.observations if "valueQuantity" in each]
    named = [
        {**built.response, "id": response_id},
        *(
            {**each, "id": f"o{number}-{submission.id}"[:64]}
            for number, each in enumerate(scores)
        ),
    ]
    return tuple(json_bytes(each) for each in named)


def points_for(instrument: Instrument, total: int) -> list[int | None]:
    """Answers with this sum; the last items, where risk is asked, stay lowest."""
    most = int(instrument.total.high) // len(instrument.total.link_ids)
    points: list[int | None] = []
    for _ in instrument.total.link_ids:
        points.append(min(most, total))
        total -= min(most, total)
    assert total == 0
    return points


WORSE = (10, 11, 18)  # reliably worse on the PHQ-9
STEADY = (10, 11, 10)  # nothing to say, too early for a plan review


def worse(patient: str = PATIENT) -> Resources:
    return course(PHQ9, WORSE, patient=patient)


def risk(patient: str = PATIENT, on: datetime = FIRST_DAY) -> Resources:
    """A response whose safety item is answered above zero."""
    return sitting(PHQ9, ONE_ITEM_9, on=on, patient=patient)[:1]


def alliance(totals: Sequence[int], patient: str = PATIENT) -> Resources:
    return course(ALLIANCE_CHECK_IN, totals, patient=patient)
