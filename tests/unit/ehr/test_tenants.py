"""The file of tenants: what it says, and what stops the start."""

import pytest

from ehr.errors import TenantFileError, UnknownIssuer
from ehr.tenants import Tenants, tenants_from_toml

WORKING = """
[tenant.north]
issuer = "https://ehr.example/fhir/"
client_id = "rom"
auth = "private_key_jwt"
key_env = "NORTH_KEYS"
redirect_uri = "https://rom.example/callback/north"
endpoint_origins = ["https://login.example"]
id_token_issuer = "https://login.example"
dialect = "plain-r4"
delivery = "backend"
frame_ancestors = ["https://ehr.example"]

[[tenant.north.hook_caller]]
issuer = "https://ehr.example/fhir"
jku = "https://login.example/hooks.json"
audiences = ["https://rom.example/north/cds-services/progress"]
"""
SECRETS = {"NORTH_KEYS": '{"keys":[]}', "SOUTH_SECRET": "s3cret", "EMPTY": ""}
SOUTH = """
[tenant.south]
issuer = "https://south.example/r4"
client_id = "rom"
auth = "client_secret_basic"
secret_env = "SOUTH_SECRET"
redirect_uri = "https://rom.example/callback/south"
endpoint_origins = ["https://south.example"]
id_token_issuer = "https://south.example"
dialect = "plain-r4"
"""


def read(text: str) -> Tenants:
    return tenants_from_toml(text, file="tenants.toml", secrets=SECRETS)


def test_a_tenant_is_found_by_its_name_and_its_issuer() -> None:
    tenants = read(WORKING + SOUTH)

    assert tenants.by_id("north").issuer == "https://ehr.example/fhir"
    assert tenants.by_issuer("https://south.example/r4/").id == "south"
    with pytest.raises(UnknownIssuer):
        tenants.by_id("west")


def test_a_tenant_shows_no_secret_when_printed() -> None:
    assert "s3cret" not in repr(read(SOUTH).by_id("south"))


def test_a_caller_has_our_two_algorithms_and_five_minutes_by_default() -> None:
    (caller,) = read(WORKING).by_id("north").hook_callers

    assert caller.algorithms == ("ES384", "RS384")
    assert caller.max_lifetime.total_seconds() == 300


BROKEN = {
    "no TOML": ("[tenant.north]", "[tenant.north", "line"),
    "an unknown key": ('client_id = "rom"', 'client_id = "rom"\nx = 1', "north.x"),
    "a misspelt key": ("frame_ancestors", "frame_ancestor", "north.frame_ancestor"),
    "an unknown key of a caller": ("audiences =", "x = 1\naudiences =", "0.x"),
    "an unknown table": ("[tenant.north]", "[tenants.north]", "tenants"),
    "no client id": ('client_id = "rom"', "", "north.client_id"),
    "no dialect": ('dialect = "plain-r4"', "", "north.dialect"),
    "an unknown way to authenticate": (
        "private_key_jwt",
        "client_secret_post",
        "north.auth",
    ),
    "a secret that is not there": ("NORTH_KEYS", "OTHER", "north.key_env"),
    "a secret that is empty": ("NORTH_KEYS", "EMPTY", "north.key_env"),
    "an issuer in plain http": (
        "https://ehr.example/fhir/",
        "http://ehr.example/fhir",
        "north.issuer",
    ),
    "an issuer in plain http on this machine without dev": (
        "https://ehr.example/fhir/",
        "http://127.0.0.1:9/fhir",
        "north.issuer",
    ),
    "an issuer with user info": (
        "https://ehr.example/fhir/",
        "https://a@ehr.example/fhir",
        "north.issuer",
    ),
    "an issuer with a query": (
        "https://ehr.example/fhir/",
        "https://ehr.example/fhir?x",
        "north.issuer",
    ),
    "a redirect with a wildcard": (
        "rom.example/callback/north",
        "rom.example/*",
        "north.redirect_uri",
    ),
    "a redirect to any host": (
        "https://rom.example/callback/north",
        "https://*.rom.example/callback",
        "north.redirect_uri",
    ),
    "a relative redirect": (
        "https://rom.example/callback/north",
        "/callback/north",
        "north.redirect_uri",
    ),
    "no pinned origin": (
        'endpoint_origins = ["https://login.example"]',
        "endpoint_origins = []",
        "north.endpoint_origins",
    ),
    "an origin with a path": (
        '["https://login.example"]',
        '["https://login.example/oauth"]',
        "north.endpoint_origins",
    ),
    "every origin": ('["https://ehr.example"]', '["*"]', "north.frame_ancestors"),
    "a backend without a key": (
        'auth = "private_key_jwt"\nkey_env = "NORTH_KEYS"',
        'auth = "none"',
        "north.delivery",
    ),
    "a caller without audience": (
        'audiences = ["https://rom.example/north/cds-services/progress"]',
        "audiences = []",
        "audiences",
    ),
    "a caller without keys": (
        'jku = "https://login.example/hooks.json"',
        "",
        "hook_caller.0",
    ),
    "a caller with a symmetric algorithm": (
        "audiences =",
        'algorithms = ["HS256"]\naudiences =',
        "algorithms",
    ),
    "a caller without signature": (
        "audiences =",
        'algorithms = ["none"]\naudiences =',
        "algorithms",
    ),
    "tokens that live an hour": (
        "audiences =",
        "max_lifetime_seconds = 3600\naudiences =",
        "max_lifetime_seconds",
    ),
    "a flag that is a text": (
        'delivery = "backend"',
        'delivery = "backend"\ndev = "yes"',
        "north.dev",
    ),
    "a name that is a path": ("[tenant.north]", '[tenant."../north"]', "north"),
}


@pytest.mark.req("SM-01")
@pytest.mark.parametrize("name", BROKEN)
def test_a_doubtful_file_of_tenants_stops_the_start(name: str) -> None:
    good, bad, place = BROKEN[name]
    assert good in WORKING

    with pytest.raises(TenantFileError) as raised:
        read(WORKING.replace(good, bad))

    assert place in str(raised.value)
    assert str(raised.value).startswith("tenants.toml: ")


@pytest.mark.parametrize(
    ("of_south", "of_north"),
    [
        ("https://south.example/r4", "https://ehr.example/fhir"),
        ("https://rom.example/callback/south", "https://rom.example/callback/north"),
    ],
)
def test_two_tenants_share_neither_issuer_nor_redirect(
    of_south: str, of_north: str
) -> None:
    with pytest.raises(TenantFileError, match="shares its"):
        read(WORKING + SOUTH.replace(of_south, of_north))


NORTH_KEY = 'key_env = "NORTH_KEYS"'


def test_two_tenants_share_no_key() -> None:
    keyed = SOUTH.replace("client_secret_basic", "private_key_jwt")

    with pytest.raises(TenantFileError, match="shares its private_keys"):
        read(WORKING + keyed.replace('secret_env = "SOUTH_SECRET"', NORTH_KEY))


def test_plain_http_is_allowed_for_dev_on_this_machine_only() -> None:
    dev = WORKING.replace('client_id = "rom"', 'client_id = "rom"\ndev = true')
    local = "http://127.0.0.1:8000/fhir"

    assert read(dev.replace("https://ehr.example/fhir/", local)).by_issuer(local).dev
    with pytest.raises(TenantFileError):
        read(dev.replace("https://ehr.example/fhir/", "http://ehr.example/fhir"))


def test_places_of_an_export_are_named_one_by_one_and_read_only() -> None:
    more = 'bulk_bases = ["https://files.example/exports"]'
    changed = WORKING.replace('delivery = "backend"', f'delivery = "backend"\n{more}')

    tenant = read(changed).by_id("north")

    assert tenant.bulk_bases == ("https://files.example/exports",)
    # Nothing but an export may go there.
    assert tenant.fhir_fence.bases == ("https://ehr.example/fhir",)
    rights = {each.rpartition(".")[2] for each in tenant.scopes.bulk.split()}
    assert rights <= {"r", "rs"}


def test_an_unsafe_place_of_an_export_stops_the_start() -> None:
    more = 'bulk_bases = ["http://files.example/"]'

    with pytest.raises(TenantFileError, match="bulk_bases"):
        read(WORKING.replace('delivery = "backend"', f'delivery = "backend"\n{more}'))
