"""The EHRs we trust, as the site wrote them down.

A tenant is one registered EHR: one FHIR base, one client registration, its keys, its
dialect, and who may call our CDS service for it. Nothing about whom to trust is ever
learned at run time.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from ehr.errors import ForeignOrigin, TenantFileError, UnknownIssuer
from ehr.fence import Fence, is_loopback, place_of
from ehr.tenant_table import Table
from questionnaires.wording import LANGUAGE

ClientAuth = Literal["private_key_jwt", "client_secret_basic", "none"]
Delivery = Literal["backend", "launch"]
AssertionAudience = Literal["token_url", "issuer"]
SigningAlgorithm = Literal["ES384", "RS384"]

HOOK_ALGORITHMS = ("ES384", "RS384")
MORE_HOOK_ALGORITHMS = ("ES256", "RS256", "PS384")  # by setting only
USUAL_TOKEN_LIFE = 300  # seconds
LONGEST_TOKEN_LIFE = 1_200  # seconds; one vendor uses fifteen minutes

EHR_LAUNCH_SCOPES = (
    "launch openid fhirUser user/Patient.r user/Encounter.rs user/Practitioner.r"
    " user/QuestionnaireResponse.crs user/Observation.crs"
)
STANDALONE_SCOPES = EHR_LAUNCH_SCOPES.replace("launch ", "launch/patient ", 1)
BACKEND_SCOPES = "system/QuestionnaireResponse.crs system/Observation.crs"
# Of its own: the token that carries answers may not change what is asked.
PUBLISH_SCOPES = "system/Questionnaire.crus"
BULK_SCOPES = (
    "system/Observation.rs system/QuestionnaireResponse.rs system/Patient.rs"
    " system/Group.r"
)


@dataclass(frozen=True, slots=True)
class HookCaller:
    """Who may call our CDS service for one tenant.

    Args:
        issuer: exact `iss`.
        jku: exact `jku` header; a token that names another is refused.
        jwks_uri: where its keys are, if not at `jku`.
        jwks_file: or in which file.
        audiences: exact `aud` values; never built from a `Host` header.
        algorithms: accepted signatures.
        max_lifetime: longest `exp - iat`.
    """

    issuer: str
    jku: str | None
    jwks_uri: str | None
    jwks_file: str | None
    audiences: tuple[str, ...]
    algorithms: tuple[str, ...]
    max_lifetime: timedelta


@dataclass(frozen=True, slots=True)
class Scopes:
    """What is asked for, per kind of launch; one string as it goes out."""

    ehr_launch: str
    standalone: str
    backend: str
    publish: str = PUBLISH_SCOPES
    bulk: str = BULK_SCOPES


@dataclass(frozen=True, slots=True)
class Tenant:
    """One registered EHR; see `docs/reference/tenants.md` for the file's keys."""

    id: str
    issuer: str  # FHIR base without closing slash
    client_id: str
    auth: ClientAuth
    secret: str | None = field(repr=False)
    private_keys: str | None = field(repr=False)  # JWK set; the first one signs
    redirect_uri: str
    endpoint_origins: tuple[str, ...]  # authorize, token, revocation
    id_token_issuer: str
    id_token_jwks_uri: str | None  # None: discovered, on one of `endpoint_origins`
    dialect: str
    scopes: Scopes
    delivery: Delivery
    signing_algorithm: SigningAlgorithm | None  # where the EHR does not say
    assertion_audience: AssertionAudience
    send_client_id: bool
    s256_unadvertised: str | None  # why S256 is used although it is not advertised
    frame_ancestors: tuple[str, ...]
    cors_origins: tuple[str, ...]
    hook_callers: tuple[HookCaller, ...]
    extra_bases: tuple[str, ...]  # where else pages of a search may lie
    private_addresses: bool
    ca_file: str | None
    language: str | None  # BCP 47; of cards and pages for which nobody asks another
    dev: bool
    bulk_bases: tuple[str, ...] = ()  # where else jobs and files of an export may lie

    @property
    def fhir_fence(self) -> Fence:
        """What a session with a token of this tenant may reach."""
        return self.fence_around(self.issuer, *self.extra_bases)

    def fence_around(self, *bases: str) -> Fence:
        """The tenant's rules for sessions that reach only these bases."""
        return Fence(
            bases=bases,
            dev=self.dev,
            private_addresses=self.private_addresses,
            ca_file=self.ca_file,
        )


class Tenants:
    """All tenants of one installation."""

    def __init__(self, tenants: Iterable[Tenant]) -> None:
        self._by_id = {each.id: each for each in tenants}
        self._by_issuer = {each.issuer: each for each in self._by_id.values()}

    def __iter__(self) -> Iterator[Tenant]:
        return iter(self._by_id.values())

    def by_issuer(self, iss: str) -> Tenant:
        """The tenant with exactly this FHIR base, give or take one closing slash.

        Raises:
            UnknownIssuer: nobody registered it; nothing may be sent there.
        """
        try:
            return self._by_issuer[iss.removesuffix("/")]
        except KeyError:
            raise UnknownIssuer from None

    def by_id(self, tenant_id: str) -> Tenant:
        """The tenant with this name in the file.

        Raises:
            UnknownIssuer: no such tenant.
        """
        try:
            return self._by_id[tenant_id]
        except KeyError:
            raise UnknownIssuer from None


def tenants_from_toml(text: str, *, file: str, secrets: Mapping[str, str]) -> Tenants:
    """Read the file of tenants; any doubt about it stops the start.

    Args:
        text: of the file; it names secrets, it does not hold them.
        file: its name, for messages.
        secrets: client secrets and private key sets by the names used in the file.

    Raises:
        TenantFileError: an unknown or missing key, an unsafe address, a wildcard, a
            secret that is not there or serves two tenants.
    """
    try:
        root = Table(tomllib.loads(text), file=file, place="")
    except tomllib.TOMLDecodeError as error:
        raise TenantFileError(file, "line", problem=f"is not TOML: {error}") from None
    tables = root.tables_by_name("tenant")
    root.finish()
    tenants = [_tenant(name, table, secrets) for name, table in tables.items()]
    _refuse_shared(tenants, file)
    return Tenants(tenants)


def _tenant(name: str, table: Table, secrets: Mapping[str, str]) -> Tenant:
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise table.wrong("", "a tenant's name has letters, digits, - and _ only")
    dev = table.flag("dev")
    auth: ClientAuth = table.choice(
        "auth", ("private_key_jwt", "client_secret_basic", "none")
    )
    delivery: Delivery = table.choice("delivery", ("launch", "backend"), "launch")
    if delivery == "backend" and auth != "private_key_jwt":
        raise table.wrong("delivery", 'backend needs auth = "private_key_jwt"')
    issuer = _url(table, "issuer", dev=dev).removesuffix("/")
    tenant = Tenant(
        id=name,
        issuer=issuer,
        client_id=table.text("client_id"),
        auth=auth,
        secret=_secret(table, "secret_env", secrets, auth == "client_secret_basic"),
        private_keys=_secret(table, "key_env", secrets, auth == "private_key_jwt"),
        redirect_uri=_url(table, "redirect_uri", dev=dev),
        endpoint_origins=_origins(table, "endpoint_origins", dev=dev),
        id_token_issuer=table.text("id_token_issuer"),
        id_token_jwks_uri=_optional_url(table, "id_token_jwks_uri", dev=dev),
        dialect=table.text("dialect"),
        scopes=_scopes(table.table("scopes")),
        delivery=delivery,
        signing_algorithm=table.optional_choice(
            "signing_algorithm", ("ES384", "RS384")
        ),
        assertion_audience=table.choice(
            "assertion_audience", ("token_url", "issuer"), "token_url"
        ),
        send_client_id=table.flag("send_client_id"),
        s256_unadvertised=table.optional_text("s256_unadvertised"),
        frame_ancestors=_origins(table, "frame_ancestors", dev=dev, optional=True),
        cors_origins=_origins(table, "cors_origins", dev=dev, optional=True),
        hook_callers=tuple(
            _hook_caller(each, dev=dev) for each in table.tables("hook_caller")
        ),
        extra_bases=tuple(
            _safe_url(table, "extra_bases", each, dev=dev)
            for each in table.texts("extra_bases")
        ),
        bulk_bases=tuple(
            _safe_url(table, "bulk_bases", each, dev=dev)
            for each in table.texts("bulk_bases")
        ),
        private_addresses=table.flag("private_addresses"),
        ca_file=table.optional_text("ca_file"),
        language=_language(table),
        dev=dev,
    )
    table.finish()
    if not tenant.endpoint_origins:
        raise table.wrong("endpoint_origins", "names no origin")
    return tenant


def _language(table: Table) -> str | None:
    found = table.optional_text("language")
    if found is not None and not LANGUAGE.fullmatch(found):
        raise table.wrong("language", "is no language tag, such as de or es-MX")
    return found


def _scopes(table: Table) -> Scopes:
    scopes = Scopes(
        ehr_launch=table.optional_text("ehr_launch") or EHR_LAUNCH_SCOPES,
        standalone=table.optional_text("standalone") or STANDALONE_SCOPES,
        backend=table.optional_text("backend") or BACKEND_SCOPES,
        publish=table.optional_text("publish") or PUBLISH_SCOPES,
        bulk=table.optional_text("bulk") or BULK_SCOPES,
    )
    table.finish()
    return scopes


def _hook_caller(table: Table, *, dev: bool) -> HookCaller:
    algorithms = table.texts("algorithms") or HOOK_ALGORITHMS
    for each in algorithms:
        if each not in HOOK_ALGORITHMS + MORE_HOOK_ALGORITHMS:
            raise table.wrong("algorithms", "names one that proves nothing to us")
    seconds = table.number("max_lifetime_seconds", USUAL_TOKEN_LIFE)
    if not 0 < seconds <= LONGEST_TOKEN_LIFE:
        raise table.wrong("max_lifetime_seconds", f"is not in 1-{LONGEST_TOKEN_LIFE}")
    caller = HookCaller(
        issuer=table.text("issuer"),
        jku=_optional_url(table, "jku", dev=dev),
        jwks_uri=_optional_url(table, "jwks_uri", dev=dev),
        jwks_file=table.optional_text("jwks_file"),
        audiences=table.texts("audiences"),
        algorithms=algorithms,
        max_lifetime=timedelta(seconds=seconds),
    )
    table.finish()
    if not caller.audiences:
        raise table.wrong("audiences", "names no `aud` that we accept")
    if not (caller.jku or caller.jwks_uri or caller.jwks_file):
        raise table.wrong("", "has no keys: give jku, jwks_uri or jwks_file")
    return caller


def _secret(
    table: Table, key: str, secrets: Mapping[str, str], needed: bool
) -> str | None:
    name = table.text(key) if needed else table.optional_text(key)
    if name is None:
        return None
    if not secrets.get(name):
        raise table.wrong(key, f"names {name}, which is not set")
    return secrets[name]


def _url(table: Table, key: str, *, dev: bool) -> str:
    return _safe_url(table, key, table.text(key), dev=dev)


def _optional_url(table: Table, key: str, *, dev: bool) -> str | None:
    value = table.optional_text(key)
    return None if value is None else _safe_url(table, key, value, dev=dev)


def _safe_url(table: Table, key: str, value: str, *, dev: bool) -> str:
    try:
        place = place_of(value)
    except ForeignOrigin:
        raise table.wrong(key, "is no plain absolute https URL") from None
    if place.scheme == "http" and not (dev and is_loopback(place.host)):
        raise table.wrong(key, "is http: only with dev = true, and on this machine")
    if any(each in value for each in "*?%;") or "/../" in f"{place.path}/":
        raise table.wrong(key, "has a wildcard, a query or an unusual path")
    return value


def _origins(
    table: Table, key: str, *, dev: bool, optional: bool = False
) -> tuple[str, ...]:
    values = table.texts(key) if optional else table.needed_texts(key)
    for each in values:
        if place_of(_safe_url(table, key, each, dev=dev)).origin != each:
            raise table.wrong(key, "has an entry that is no origin (https://host)")
    return values


def _refuse_shared(tenants: list[Tenant], file: str) -> None:
    # A key or redirect that serves two EHRs lets one of them act as the other.
    for what in ("issuer", "redirect_uri", "secret", "private_keys"):
        seen: dict[str, str] = {}
        for each in tenants:
            value = getattr(each, what)
            if value is not None and value in seen:
                raise TenantFileError(
                    file,
                    f"tenant.{each.id}",
                    problem=f"shares its {what} with tenant.{seen[value]}",
                )
            if value is not None:
                seen[value] = each.id
