"""Settings from the environment (`ROM_…`) or from one TOML file. The only reader.

Every field's description is the text of `docs/reference/configuration.md`.
"""

import os
import stat
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from server.errors import UnsafeSettings

SETTINGS_FILE = "ROM_SETTINGS_FILE"


class Settings(BaseSettings):
    """What this installation was told. Nothing clinical: that is the plan's."""

    model_config = SettingsConfigDict(
        env_prefix="ROM_", extra="forbid", frozen=True, validate_default=True
    )

    public_url: str = Field(
        description="Address of the app as browsers reach it, https, no path.",
    )
    kiosk_url: str = Field(
        description="Address of the tablet's pages: another host name than"
        " `public_url`, so that a tablet never shares a cookie with a clinician.",
    )
    data_folder: Path = Field(
        description="Folder of the vault, on a local disk. Created if absent,"
        " readable by nobody else.",
    )
    master_key_file: Path = Field(
        description="File of the vault's master key (`rom keys new FILE` makes one)."
        " Keep it apart from the data folder and its backups.",
    )
    tenants_file: Path = Field(
        description="The EHRs we trust: `tenants.toml`.",
    )
    plan_file: Path = Field(
        description="What the site measures, and its crisis texts:"
        " `measurement_plan.toml`.",
    )
    instrument_folders: tuple[Path, ...] = Field(
        default=(),
        description="Folders of the site's own instruments and licensed wordings.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8702, ge=0, le=65535, description="Port to listen on.")
    threads: int = Field(
        default=8, ge=1, le=64, description="Requests served at the same time."
    )
    proxy_hops: int = Field(
        default=0,
        ge=0,
        le=3,
        description="Reverse proxies in front whose `X-Forwarded-*` are believed.",
    )
    context_idle_minutes: int = Field(
        default=15, ge=1, le=60, description="A launch ends after this long unused."
    )
    context_hours: int = Field(
        default=8, ge=1, le=24, description="A launch ends after this long in any case."
    )
    handoff_minutes: int = Field(
        default=10, ge=1, le=60, description="How long a code for the tablet is good."
    )
    kiosk_idle_minutes: int = Field(
        default=3, ge=1, le=30, description="A form on a tablet closes after this long."
    )
    delivery_grace_seconds: int = Field(
        default=60,
        ge=1,
        le=600,
        description="After an unknown outcome, wait this long before looking again;"
        " at least the EHR's longest request.",
    )
    purge_after_hours: int = Field(
        default=24,
        ge=0,
        le=720,
        description="Delivered and verified responses leave our disk after this long.",
    )
    backup_notice_minutes: int = Field(
        default=30,
        ge=1,
        le=1440,
        description="A safety answer that nobody has acknowledged is reported to the"
        " site's back-up contact after this long.",
    )
    time_zone: str = Field(
        default="",
        description="The site's time zone, such as `Europe/Berlin`: dates on pages and"
        " the offset in responses. Empty: this machine's.",
    )
    demo: bool = Field(
        default=False,
        description="Demonstration: http on loopback, generated keys. Never for"
        " patients.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then the file; nothing else is read."""
        found: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        file = os.environ.get(SETTINGS_FILE)
        if file:
            found += (TomlConfigSettingsSource(settings_cls, Path(file)),)
        return found


def secrets() -> Mapping[str, str]:
    """Client secrets by the name that `tenants.toml` gives: `ROM_SECRET_<name>`."""
    prefix = "ROM_SECRET_"
    return {
        name.removeprefix(prefix): value
        for name, value in os.environ.items()
        if name.startswith(prefix) and value
    }


def safe(settings: Settings) -> Settings:
    """The same settings, once starting with them is safe.

    Raises:
        UnsafeSettings: names every problem at once, with its mend.
    """
    problems: list[str] = []
    for name in ("public_url", "kiosk_url"):
        problems += _url_problems(name, getattr(settings, name), settings.demo)
    if urlsplit(settings.public_url).hostname == urlsplit(settings.kiosk_url).hostname:
        problems.append(
            "kiosk_url: must have another host name than public_url,"
            " so that a tablet never holds a clinician's cookie"
        )
    for name in ("tenants_file", "plan_file", "master_key_file"):
        file: Path = getattr(settings, name)
        if not file.is_file():
            problems.append(f"{name}: there is no file {file}")
    if settings.master_key_file.is_file():
        mode = stat.S_IMODE(settings.master_key_file.stat().st_mode)
        if mode & 0o077:
            problems.append(
                f"master_key_file: others may read it (mode {mode:o});"
                f" run: chmod 600 {settings.master_key_file}"
            )
        if settings.master_key_file.parent == settings.data_folder:
            problems.append(
                "master_key_file: lies in data_folder; a backup would hold both"
                " lock and key. Move it"
            )
    if settings.data_folder.is_dir():
        mode = stat.S_IMODE(settings.data_folder.stat().st_mode)
        if mode & 0o077:
            problems.append(
                f"data_folder: others may read it (mode {mode:o});"
                f" run: chmod 700 {settings.data_folder}"
            )
    if settings.time_zone and settings.time_zone not in available_timezones():
        problems.append(
            f"time_zone: {settings.time_zone!r} is not known; e.g. Europe/Berlin"
        )
    if settings.demo and not _is_loopback(settings.host):
        problems.append("host: a demonstration listens on loopback only (127.0.0.1)")
    if problems:
        raise UnsafeSettings(problems)
    return settings


def _url_problems(name: str, url: str, demo: bool) -> list[str]:
    parts = urlsplit(url)
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        return [f"{name}: only scheme, host and port, please"]
    if parts.scheme == "https" and parts.hostname:
        return []
    if parts.scheme == "http" and demo and _is_loopback(parts.hostname or ""):
        return []
    return [f"{name}: must begin with https:// (plain http only in the demonstration)"]


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
