"""The EHR's side of CDS Hooks: asks services, resolves prefetch, gives feedback."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import requests

from sandbox_ehr.authorization.grants import Grant, Grants, Launch, new_family
from sandbox_ehr.authorization.keys import SigningKeys
from sandbox_ehr.card_check import first_fault
from sandbox_ehr.config import SandboxConfig
from sandbox_ehr.errors import FhirRefusal
from sandbox_ehr.json_text import Json, parsed, text_of
from sandbox_ehr.store.interface import Backend, FhirRequest

HOOK = "patient-view"
TOKEN_LIFE = 300  # seconds
PLACEHOLDER = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Visit:
    """The context of a patient-view."""

    user: str  # "Practitioner/…"
    patient: str
    encounter: str
    languages: str = ""  # the reader's, as the browser's Accept-Language says them


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking the services: cards by service, and what failed."""

    cards: tuple[tuple[str, Json], ...]  # (service id, card)
    failures: tuple[str, ...]  # plain words, no patient data


class HookClient:
    """Calls the configured CDS service as an EHR does."""

    def __init__(
        self,
        config: SandboxConfig,
        keys: SigningKeys,
        *,
        grants: Grants,
        backend: Backend,
    ) -> None:
        self._config = config
        self._keys = keys
        self._grants = grants
        self._backend = backend
        self._session = requests.Session()
        self._session.trust_env = False

    def ask(self, visit: Visit) -> Asked:
        """Every patient-view service's cards; failures are told, never raised."""
        base = self._config.cds_base_url
        if base is None:
            return Asked((), ())
        try:
            services = self._services(base)
        except (requests.RequestException, FhirRefusal, LookupError) as error:
            return Asked((), (f"discovery: {_plain(error)}",))
        cards: list[tuple[str, Json]] = []
        failures: list[str] = []
        for service in services:
            identity = str(service["id"])
            try:
                answer = self._call(service, visit, base=base)
                for card in _objects(answer["cards"]):
                    fault = first_fault(card)
                    if fault is None:
                        cards.append((identity, card))
                    else:
                        failures.append(f"{identity}: a card is wrong at {fault}")
            except (requests.RequestException, FhirRefusal, LookupError) as error:
                failures.append(f"{identity}: {_plain(error)}")
        return Asked(tuple(cards), tuple(failures))

    def give_feedback(self, service: str, feedback: Json) -> str | None:
        """Post one feedback; plain words if that failed."""
        base = self._config.cds_base_url
        if base is None:
            return "no CDS service is configured"
        url = f"{base}/cds-services/{service}/feedback"
        try:
            answer = self._post(url, {"feedback": [feedback]})
            answer.raise_for_status()
        except requests.RequestException as error:
            return _plain(error)
        return None

    def _services(self, base: str) -> list[Json]:
        url = f"{base}/cds-services"
        answer = self._session.get(
            url,
            headers={"Authorization": f"Bearer {self._token(url)}"},
            timeout=self._config.hook_timeout,
            allow_redirects=False,
        )
        answer.raise_for_status()
        found = _objects(parsed(answer.content)["services"])
        return [each for each in found if each.get("hook") == HOOK]

    def _call(self, service: Json, visit: Visit, *, base: str) -> Json:
        context = {
            "userId": visit.user,
            "patientId": visit.patient,
            "encounterId": visit.encounter,
        }
        body: Json = {
            "hook": HOOK,
            "hookInstance": str(uuid.uuid4()),
            "context": context,
        }
        prefetch = self._prefetch(service.get("prefetch", {}), context)
        if prefetch:
            body["prefetch"] = prefetch
        if self._config.hook_fhir_access:
            body["fhirServer"] = self._config.fhir_base
            body["fhirAuthorization"] = self._authorization(visit)
        url = f"{base}/cds-services/{service['id']}"
        answer = self._post(url, body, languages=visit.languages)
        answer.raise_for_status()
        return parsed(answer.content)

    def _prefetch(
        self, templates: Mapping[str, str], context: Mapping[str, str]
    ) -> Json:
        """Each template's answer; a template we cannot fill or fetch is left out."""
        found: Json = {}
        for key, template in templates.items():
            query = filled(template, context)
            if query is None:
                continue
            path, _, search = query.partition("?")
            pairs = tuple(parse_qsl(search, keep_blank_values=True))
            try:
                found[key] = self._backend.answer(FhirRequest("GET", path, pairs)).body
            except FhirRefusal:
                continue
        return found

    def _authorization(self, visit: Visit) -> Json:
        words = tuple(self._config.hook_scopes.split())
        launch = Launch(visit.user, patient=visit.patient, encounter=visit.encounter)
        subject = self._config.cds_client_id
        token = self._grants.new_access(Grant(subject, words, launch, new_family()))
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": int(self._grants.access_life.total_seconds()),
            "scope": self._config.hook_scopes,
            "subject": subject,
            "patient": visit.patient,
        }

    def _post(self, url: str, body: Json, *, languages: str = "") -> requests.Response:
        return self._session.post(
            url,
            data=text_of(body).encode(),
            headers={
                "Authorization": f"Bearer {self._token(url)}",
                "Content-Type": "application/json",
                **({"Accept-Language": languages} if languages else {}),
            },
            timeout=self._config.hook_timeout,
            allow_redirects=False,
        )

    def _token(self, audience: str) -> str:
        """The JWT that says who calls: CDS Hooks, Trusting CDS Clients."""
        now = int(self._config.clock().timestamp())
        claims = {
            "iss": self._config.hook_issuer or self._config.base_url,
            "aud": audience,
            "iat": now,
            "exp": now + TOKEN_LIFE,
            "jti": str(uuid.uuid4()),
        }
        jku = f"{self._config.base_url}/jwks"
        return self._keys.signed(claims, alg="ES384", jku=jku)


def filled(template: str, context: Mapping[str, str]) -> str | None:
    """The template, its context tokens filled in literally; None if one is unknown."""
    missing: list[str] = []

    def value(found: re.Match[str]) -> str:
        name = found[1].removeprefix("context.")
        if name == found[1] or name not in context:
            missing.append(name)
            return ""
        return context[name]

    text = PLACEHOLDER.sub(value, template)
    return None if missing else text


def accepted(card: str, *, at: datetime, suggestion: str | None) -> Json:
    """Feedback: somebody followed the card."""
    found: Json = {
        "card": card,
        "outcome": "accepted",
        "outcomeTimestamp": _utc(at),
    }
    if suggestion:
        found["acceptedSuggestions"] = [{"id": suggestion}]
    return found


def overridden(card: str, *, at: datetime, reason: Json | None, comment: str) -> Json:
    """Feedback: somebody dismissed the card, with or without a reason."""
    found: Json = {
        "card": card,
        "outcome": "overridden",
        "outcomeTimestamp": _utc(at),
    }
    inner: Json = {}
    if reason:
        inner["reason"] = reason
    if comment:
        inner["userComment"] = comment
    if inner:
        found["overrideReason"] = inner
    return found


def _objects(value: object) -> list[Json]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise FhirRefusal(400, "structure", "not a list of objects")
    return value


def _utc(at: datetime) -> str:
    text = at.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _plain(error: Exception) -> str:
    """What failed, without what was said."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"answered {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "did not answer in time"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    return "gave no valid answer"
