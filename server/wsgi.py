"""The application: both faces on one vault, and the delivery that runs beside them."""

import hashlib
import hmac
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

import cds_hooks.blueprint
import smart_app.blueprint
from cds_hooks.caller_trust import CallerTrust
from cds_hooks.services import HookServices
from clinical.norms.library import NormLibrary
from clinical.plan import MeasurementPlan, plan_from_toml
from ehr.delivery.worker import Pace, Worker
from ehr.smart.access import AccessTokens
from ehr.tenants import Tenants, tenants_from_toml
from ehr.wire.jwks import KeyCaches
from fhir_mapping.dialect import Dialect, load_dialect
from questionnaires.library import Library, load_library
from server.backup_notice import tell_backup
from server.clock import wall_clock
from server.headers import add_headers
from server.languages import TRANSLATIONS, read_catalogues, speak_many_languages
from server.norm_files import read_norms
from server.settings import Settings, secrets
from smart_app.guesses import Guesses
from smart_app.refusals import no_page_here
from smart_app.services import AppServices, Times
from vault.cipher import KeyRing, keys_from_file
from vault.database import Vault, open_vault

SOURCE_PAGE = "https://rom-on-fhir.example/signals"
HOUSEKEEPING = timedelta(minutes=1)
# A form on a tablet that nobody has sent is over after this long.
KIOSK_LIFE = timedelta(hours=4)
log = logging.getLogger("rom.server")


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that was read at the start; nothing of it changes while running."""

    settings: Settings
    library: Library
    plan: MeasurementPlan
    norms: NormLibrary
    tenants: Tenants
    dialects: dict[str, Dialect]
    keys: KeyRing
    interface_languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Running:
    """The application and what runs beside it."""

    app: Flask
    vault: Vault
    workers: tuple[Worker, ...]
    clock: Callable[[], datetime]
    housekeeping: Callable[[datetime], None]


def read_installation(settings: Settings) -> Installation:
    """All files of this installation.

    Raises:
        InstrumentFileError, PlanFileError, NormPackError, TenantFileError,
        DialectFileError, WrongKey, CatalogueFileError: each names its file
            and says what to do; nothing starts.
    """
    library = load_library(settings.instrument_folders)
    plan = plan_from_toml(
        settings.plan_file.read_text(encoding="utf-8"),
        library,
        file=settings.plan_file.name,
    )
    tenants = tenants_from_toml(
        settings.tenants_file.read_text(encoding="utf-8"),
        file=settings.tenants_file.name,
        secrets=secrets(),
    )
    return Installation(
        settings=settings,
        library=library,
        plan=plan,
        norms=read_norms(plan, settings.plan_file.parent),
        tenants=tenants,
        dialects={each.id: load_dialect(each.dialect) for each in tenants},
        keys=keys_from_file(settings.master_key_file),
        interface_languages=read_catalogues(TRANSLATIONS).languages,
    )


def create_app(
    found: Installation,
    *,
    clock: Callable[[], datetime] | None = None,
    translations: Path = TRANSLATIONS,
) -> Running:
    """The WSGI application over an open vault.

    Raises:
        WrongKey, UnknownSchema, VaultUnavailable: the vault does not open.
        CatalogueFileError: a translation of the interface cannot be read.
    """
    settings = found.settings
    catalogues = read_catalogues(translations)
    clock = clock or wall_clock(settings.time_zone)
    vault = open_vault(settings.data_folder, found.keys)
    key_sets = KeyCaches(settings.tenants_file.parent)
    access = {
        each.id: AccessTokens(each, vault.for_tenant(each.id)) for each in found.tenants
    }
    workers = tuple(
        Worker(
            tenant,
            vault.for_tenant(tenant.id),
            access=access[tenant.id],
            library=found.library,
            dialect=found.dialects[tenant.id],
            name=f"{tenant.id}",
            pace=_pace(settings),
        )
        for tenant in found.tenants
    )

    def wake() -> None:
        for worker in workers:
            worker.wake()

    app = Flask("rom", static_folder=None)
    app.config.update(
        TRUSTED_HOSTS=[
            urlsplit(settings.public_url).netloc,
            urlsplit(settings.kiosk_url).netloc,
        ],
        MAX_CONTENT_LENGTH=smart_app.blueprint.BODY_LIMIT,
        MAX_FORM_MEMORY_SIZE=smart_app.blueprint.BODY_LIMIT,
        MAX_FORM_PARTS=1_000,
    )
    speak_many_languages(app, catalogues, plan=found.plan, tenants=found.tenants)
    app.register_blueprint(
        smart_app.blueprint.create_blueprint(
            AppServices(
                tenants=found.tenants,
                vault=vault,
                library=found.library,
                plan=found.plan,
                norms=found.norms,
                dialects=found.dialects,
                access=access,
                id_token_keys=key_sets,
                public_url=settings.public_url.rstrip("/"),
                kiosk_url=settings.kiosk_url.rstrip("/"),
                times=_times(settings),
                form_secret=_form_secret(found.keys),
                guesses=Guesses(),
                clock=clock,
                wake_delivery=wake,
            )
        )
    )
    app.register_blueprint(
        cds_hooks.blueprint.create_blueprint(
            HookServices(
                tenants=found.tenants,
                vault=vault,
                library=found.library,
                plan=found.plan,
                norms=found.norms,
                dialects=found.dialects,
                trust=CallerTrust(found.tenants, key_sets),
                public_url=settings.public_url.rstrip("/"),
                source_url=SOURCE_PAGE,
                clock=clock,
            )
        )
    )
    add_headers(
        app,
        {each.id: each.frame_ancestors for each in found.tenants},
        form_targets={each.id: each.endpoint_origins for each in found.tenants},
        https=settings.public_url.startswith("https://"),
    )
    app.register_error_handler(HTTPException, _plain_refusal)
    app.register_error_handler(Exception, _last_line)
    if settings.proxy_hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app,
            x_for=settings.proxy_hops,
            x_proto=settings.proxy_hops,
            x_host=settings.proxy_hops,
        )
    return Running(app, vault, workers, clock, _housekeeping(found, vault))


def run_beside(running: Running, stop: threading.Event) -> tuple[threading.Thread, ...]:
    """Start delivery and housekeeping; they end soon after `stop` is set."""
    threads = [
        threading.Thread(
            target=worker.run_forever,
            args=(stop, running.clock),
            name=f"delivery-{number}",
            daemon=True,
        )
        for number, worker in enumerate(running.workers)
    ]

    def keep_house() -> None:
        while not stop.wait(HOUSEKEEPING.total_seconds()):
            running.housekeeping(running.clock())

    threads.append(
        threading.Thread(target=keep_house, name="housekeeping", daemon=True)
    )
    for thread in threads:
        thread.start()
    return tuple(threads)


def _housekeeping(found: Installation, vault: Vault) -> Callable[[datetime], None]:
    def once(now: datetime) -> None:
        try:
            tell_backup(
                found.tenants,
                vault,
                now=now,
                limit=timedelta(minutes=found.settings.backup_notice_minutes),
            )
            vault.purge(now, timedelta(hours=found.settings.purge_after_hours))
        except Exception as error:  # noqa: BLE001 -- the loop's last line: it must go on
            log.error(
                "housekeeping",
                extra={
                    "fields": {"event": "housekeeping", "cause": type(error).__name__}
                },
            )

    return once


def _pace(settings: Settings) -> Pace:
    grace = timedelta(seconds=settings.delivery_grace_seconds)
    return Pace(lease=max(timedelta(minutes=5), 2 * grace), grace=grace)


def _times(settings: Settings) -> Times:
    return Times(
        context_idle=timedelta(minutes=settings.context_idle_minutes),
        context_absolute=timedelta(hours=settings.context_hours),
        handoff=timedelta(minutes=settings.handoff_minutes),
        kiosk_idle=timedelta(minutes=settings.kiosk_idle_minutes),
        kiosk_life=KIOSK_LIFE,
    )


def _form_secret(keys: KeyRing) -> bytes:
    """Signs forms; follows from the master key, so every process has the same one."""
    return hmac.new(keys.current, b"rom-on-fhir form tokens", hashlib.sha256).digest()


def _plain_refusal(error: HTTPException) -> Response:
    """404, 405, 413 and the like: one line, nothing of ours in it.

    A browser that asks for a page gets, at an unknown address, one that says how to go
    on. It is the same for every address, so it tells nobody which ones there are.
    """
    asked = request.accept_mimetypes.best_match(["text/plain", "text/html"])
    if error.code == 404 and asked == "text/html":
        return no_page_here()
    return Response(f"{error.code} {error.name}\n", error.code, mimetype="text/plain")


def _last_line(error: Exception) -> Response:
    """What nobody foresaw: an event id for the person, the class for the log."""
    event_id = hashlib.sha256(str(id(error)).encode()).hexdigest()[:8]
    log.error(
        "unforeseen",
        exc_info=error,
        extra={
            "fields": {
                "event": "unforeseen",
                "event_id": event_id,
                "route": request.endpoint,
                "cause": type(error).__name__,
            }
        },
    )
    text = gettext(
        "Something went wrong here. Nothing was saved by this request. Event %(id)s.",
        id=event_id,
    )
    return Response(f"500 {text}\n", 500, mimetype="text/plain")
