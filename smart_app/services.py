"""What the app's pages need, given once at the start. No globals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app

from clinical.norms.library import NormLibrary
from clinical.plan import MeasurementPlan
from ehr.smart.access import AccessTokens
from ehr.tenants import Tenant, Tenants
from ehr.wire.jwks import KeyCaches
from fhir_mapping.dialect import Dialect
from questionnaires.library import Library
from smart_app.guesses import Guesses
from vault.database import TenantVault, Vault

EXTENSION = "rom.smart_app"


@dataclass(frozen=True, slots=True)
class Times:
    """How long things stay open."""

    context_idle: timedelta
    context_absolute: timedelta
    handoff: timedelta
    kiosk_idle: timedelta  # then the tablet hides the answers until touched
    kiosk_life: timedelta  # then a form that nobody sent is over


@dataclass(frozen=True, slots=True)
class AppServices:
    """Everything a page may use.

    Attributes:
        dialects: tenant id -> how that EHR deviates.
        public_url, kiosk_url: scheme, host and port, no trailing slash.
        form_secret: signs what a form was opened for.
        wake_delivery: called after a seal, so that delivery begins at once.
    """

    tenants: Tenants
    vault: Vault
    library: Library
    plan: MeasurementPlan
    norms: NormLibrary
    dialects: Mapping[str, Dialect]
    access: Mapping[str, AccessTokens]
    id_token_keys: KeyCaches
    public_url: str
    kiosk_url: str
    times: Times
    form_secret: bytes
    guesses: Guesses
    clock: Callable[[], datetime]
    wake_delivery: Callable[[], None]

    def vault_of(self, tenant: Tenant) -> TenantVault:
        return self.vault.for_tenant(tenant.id)


def services() -> AppServices:
    """The running app's services."""
    found: AppServices = current_app.extensions[EXTENSION]
    return found
