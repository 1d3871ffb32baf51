"""A completed launch: which patient, which user, which rights, until when.

It lives as encrypted bytes in the vault, one row per launch, and its random id stands
in the path of every page. A browser with two tabs has two contexts.
"""

import json
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from ehr.errors import PatientRefused, TokenAnswerRefused
from ehr.smart.id_token import User
from ehr.smart.tokens import TokenAnswer
from ehr.tenants import Tenant
from vault.database import TenantVault

Intent = Literal["rom-graph", "rom-form", "rom-review"]
INTENTS: tuple[Intent, ...] = ("rom-graph", "rom-form", "rom-review")

IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=8)

_FHIR_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True)
class LaunchContext:
    """What one launch gave us.

    Args:
        id: random, 256 bits.
        tenant: id of the tenant.
        patient: FHIR id; every launch of ours has one.
        encounter: FHIR id of the therapy meeting, if the EHR named one.
        scopes: as granted, one text; compare with `ehr.smart.scopes`.
        need_banner: whether our page must show whose chart this is.
        expires_at: of the access token.
    """

    id: str
    tenant: str
    patient: str
    encounter: str | None
    user: User
    scopes: str
    need_banner: bool
    intent: Intent | None
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: datetime

    def to_bytes(self) -> bytes:
        """For the vault, which encrypts it."""
        members = asdict(self) | {"expires_at": self.expires_at.isoformat()}
        return json.dumps(members).encode("ascii")

    def renewed(self, answer: TokenAnswer, *, now: datetime) -> "LaunchContext":
        """The same launch with a fresh token; nothing else may change by a refresh."""
        return replace(
            self,
            access_token=answer.access_token,
            # Without a new one the old one stays good (RFC 6749, 6).
            refresh_token=answer.refresh_token or self.refresh_token,
            expires_at=now + timedelta(seconds=answer.expires_in),
            scopes=answer.scope or self.scopes,
        )


def context_from_bytes(body: bytes) -> LaunchContext:
    """The way back of `LaunchContext.to_bytes`; our own bytes, from the vault."""
    members = json.loads(body)
    members["user"] = User(**members["user"])
    members["expires_at"] = datetime.fromisoformat(members["expires_at"])
    return LaunchContext(**members)


def context_from_answer(
    answer: TokenAnswer, *, tenant: Tenant, user: User, asked: str, now: datetime
) -> LaunchContext:
    """Read the launch context out of a token answer.

    Args:
        answer: checked.
        tenant: whose answer it is.
        user: from the ID token.
        asked: scopes asked for; they count as granted if the answer names none.
        now: aware.

    Raises:
        PatientRefused: no patient, or no FHIR id. Never an earlier patient instead.
        TokenAnswerRefused: `encounter` is no FHIR id.
    """
    patient = answer.members.get("patient")
    if not isinstance(patient, str) or not _FHIR_ID.fullmatch(patient):
        raise PatientRefused("no patient")
    intent = answer.members.get("intent")
    return LaunchContext(
        id=secrets.token_urlsafe(32),
        tenant=tenant.id,
        patient=patient,
        encounter=_encounter(answer.members),
        user=user,
        scopes=asked if answer.scope is None else answer.scope,
        need_banner=answer.members.get("need_patient_banner") is not False,
        intent=intent if intent in INTENTS else None,
        access_token=answer.access_token,
        refresh_token=answer.refresh_token,
        expires_at=now + timedelta(seconds=answer.expires_in),
    )


def store_context(
    vault: TenantVault,
    context: LaunchContext,
    *,
    browser: str,
    now: datetime,
    idle: timedelta = IDLE,
    absolute: timedelta = ABSOLUTE,
) -> None:
    """Keep a completed launch.

    Args:
        vault: of the same tenant.
        context: just completed.
        browser: the *new* session id, issued after the callback.
        now: aware.
        idle: longest time between two pages.
        absolute: longest time in all.
    """
    vault.launches.open_context(
        context.id,
        browser=browser,
        patient=context.patient,
        body=context.to_bytes(),
        now=now,
        idle=idle,
        absolute=absolute,
    )


def load_context(
    vault: TenantVault, context_id: str, *, browser: str, now: datetime
) -> LaunchContext:
    """The launch behind a page's path, for the browser it was made in.

    Raises:
        vault.errors.NotFound: unknown, of another browser or tenant, locked or over.
    """
    stored = vault.launches.context(context_id, browser=browser, now=now)
    return context_from_bytes(stored.body)


def contexts_in(
    vault: TenantVault, browsers: Collection[str], now: datetime
) -> tuple[LaunchContext, ...]:
    """The launches that these browser ids open now, newest first."""
    return tuple(
        context_from_bytes(each.body) for each in vault.launches.open_in(browsers, now)
    )


def _encounter(members: Mapping[str, object]) -> str | None:
    encounter = members.get("encounter")
    if encounter is None:
        return None
    if not isinstance(encounter, str) or not _FHIR_ID.fullmatch(encounter):
        raise TokenAnswerRefused("encounter")
    return encounter
