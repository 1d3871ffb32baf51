"""An open vault in an empty folder, with two tenants."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from vault.cipher import KeyRing
from vault.database import TenantVault, Vault, open_vault


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing(secrets.token_bytes(32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def vault(folder: Path, keys: KeyRing) -> Iterator[Vault]:
    opened = open_vault(folder, keys)
    yield opened
    opened.close()


@pytest.fixture
def clinic(vault: Vault) -> TenantVault:
    return vault.for_tenant("clinic")


@pytest.fixture
def other(vault: Vault) -> TenantVault:
    return vault.for_tenant("other")
