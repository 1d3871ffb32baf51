"""A hostile EHR that behaves until told otherwise, and our side of a launch with it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ehr.smart.client_keys import generate_client_key
from ehr.smart.context import LaunchContext
from ehr.smart.launch import begin_launch, complete_launch
from ehr.tenants import HookCaller, Tenant, tenants_from_toml
from ehr.wire.jwks import KeyCaches
from tests.hostile_ehr.server import CLIENT_ID, CLIENT_SECRET, HostileEhr
from vault.cipher import KeyRing
from vault.database import TenantVault, Vault, open_vault

HOOK_AUDIENCE = "https://rom.example/north/cds-services/progress"


def now() -> datetime:
    """The edge's clock; the hostile EHR signs with the real time."""
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def shared_vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    folder: Path = tmp_path_factory.mktemp("vault")
    vault = open_vault(folder, KeyRing(b"k" * 32))
    yield vault
    vault.close()


@pytest.fixture(scope="session")
def running_ehr() -> Iterator[HostileEhr]:
    ehr = HostileEhr()
    yield ehr
    ehr.close()


@pytest.fixture(scope="session")
def another_ehr() -> Iterator[HostileEhr]:
    ehr = HostileEhr()
    yield ehr
    ehr.close()


@pytest.fixture
def ehr(running_ehr: HostileEhr, another_ehr: HostileEhr) -> HostileEhr:
    running_ehr.ledger.clear()
    another_ehr.ledger.clear()
    running_ehr.evil = another_ehr.origin
    return running_ehr


CLIENT_KEY = generate_client_key("rom-1")


def tenant_for(ehr: HostileEhr, *, name: str = "north", more: str = "") -> Tenant:
    text = f"""
    [tenant.{name}]
    issuer = "{ehr.base}"
    client_id = "{CLIENT_ID}"
    auth = "client_secret_basic"
    secret_env = "SECRET"
    key_env = "KEYS"
    redirect_uri = "https://rom.example/callback/{name}"
    endpoint_origins = ["{ehr.origin}"]
    id_token_issuer = "{ehr.issuer}"
    dialect = "plain-r4"
    dev = true
    {more}
    [[tenant.{name}.hook_caller]]
    issuer = "{ehr.base}"
    jku = "{ehr.origin}/jwks"
    audiences = ["{HOOK_AUDIENCE}"]
    """
    secrets = {"SECRET": CLIENT_SECRET, "KEYS": f'{{"keys":[{CLIENT_KEY}]}}'}
    return tenants_from_toml(text, file="tenants.toml", secrets=secrets).by_id(name)


@dataclass
class Launching:
    """Our side of a launch, as the face drives it."""

    tenant: Tenant
    vault: TenantVault
    ehr: HostileEhr
    keys: KeyCaches
    browser: str = "browser-1"

    def begin(self, launch: str | None = "xyz", *, at: datetime | None = None) -> str:
        return begin_launch(
            self.tenant,
            self.vault,
            launch=launch,
            browser=self.browser,
            now=at or now(),
        )

    def complete(
        self,
        query: Mapping[str, str | list[str]],
        *,
        browser: str | None = None,
        at: datetime | None = None,
    ) -> LaunchContext:
        return complete_launch(
            self.tenant,
            self.vault,
            query=query,
            browser=self.browser if browser is None else browser,
            now=at or now(),
            keys=self.keys,
        )

    def whole(self) -> LaunchContext:
        return self.complete(self.ehr.authorize(self.begin()))

    def with_tenant(self, **changes: object) -> "Launching":
        return replace(self, tenant=replace(self.tenant, **changes))  # type: ignore[arg-type]


@pytest.fixture
def launching(ehr: HostileEhr, shared_vault: Vault) -> Launching:
    vault = shared_vault.for_tenant("north")
    return Launching(tenant_for(ehr), vault, ehr, KeyCaches())


@pytest.fixture
def later() -> Callable[[float], datetime]:
    return lambda seconds: now() + timedelta(seconds=seconds)


@pytest.fixture
def caller(ehr: HostileEhr) -> HookCaller:
    return tenant_for(ehr).hook_callers[0]
