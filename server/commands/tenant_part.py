"""One EHR's part of the vault, for a command that says in the audit what it reads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from ehr.errors import UnknownIssuer
from server.commands.serve import NO_START
from server.wsgi import Installation
from vault.database import TenantVault, open_vault
from vault.errors import VaultUnavailable


@contextmanager
def part_of(
    found: Installation, name: str, *, refuse: Callable[[str], NoReturn]
) -> Iterator[TenantVault]:
    """The open part; closed at the end.

    Args:
        name: of the EHR, as in tenants.toml.
        refuse: ends the command and says why there is no such part.
    """
    try:
        tenant = found.tenants.by_id(name)
    except UnknownIssuer:
        known = ", ".join(each.id for each in found.tenants)
        refuse(f"no EHR {name!r} in tenants.toml; there are: {known}")
    try:
        vault = open_vault(found.settings.data_folder, found.keys)
    except NO_START as refusal:
        refuse(str(refusal))
    try:
        yield vault.for_tenant(tenant.id)
    except VaultUnavailable as refusal:
        refuse(f"{refusal}; nothing is shown that the audit cannot keep")
    finally:
        vault.close()
