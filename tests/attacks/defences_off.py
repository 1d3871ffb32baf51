"""Switch one defence off at a time: an attack must then succeed, and a test fail.

A guarantee needs a control. `python -m tests.attacks.defences_off` copies the rooms to
a scratch folder, takes one defence out, and runs the attacks on its door. It takes some
minutes, so it is a command of its own and no part of the suite; the suite checks that
every line named here still exists.
"""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("ehr", "vault", "fhir_mapping", "clinical", "questionnaires", "tests")
LONGEST = 120  # seconds; an attack that now runs for ever has succeeded as well


@dataclass(frozen=True)
class Defence:
    """One defence, and how to take it out."""

    without_it: str
    file: str
    changes: tuple[tuple[str, str], ...]
    attacks: tuple[str, ...]


DEFENCES = (
    Defence(
        "other hosts and paths are reached",
        "ehr/fence.py",
        (
            (
                "if not any(_is_below(place, place_of(base)) for base in self.bases):",
                "if False:",
            ),
        ),
        ("test_egress.py",),
    ),
    Defence(
        "plain http leaves this machine",
        "ehr/fence.py",
        (
            (
                'if place.scheme == "http" and not',
                'if place.scheme == "none" and not',
            ),
        ),
        ("test_egress.py",),
    ),
    Defence(
        "any path below the base is taken",
        "ehr/fence.py",
        (("    return _are_plain(place", "    return True or _are_plain(place"),),
        ("test_egress.py",),
    ),
    Defence(
        "private addresses are connected to",
        "ehr/wire/connection.py",
        (
            (
                "if not all(fence.allows_address(each) for each in addresses):",
                "if False:",
            ),
        ),
        ("test_egress.py",),
    ),
    Defence(
        "no deadline while bytes drip",
        "ehr/wire/connection.py",
        (("        left = self.ends - time.monotonic()", "        left = 1000.0"),),
        ("test_egress.py",),
    ),
    Defence(
        "headers may be of any size",
        "ehr/wire/connection.py",
        (
            (
                "        if size > _current.get().fence.most_header_bytes:",
                "        if False:",
            ),
        ),
        ("test_egress.py",),
    ),
    Defence(
        "bodies may be of any size",
        "ehr/wire/egress.py",
        (
            (
                "                if size > most:",
                "                if False:",
            ),
        ),
        ("test_egress.py",),
    ),
    Defence(
        "3xx answers are taken for answers",
        "ehr/wire/egress.py",
        (("        if 300 <= response.status_code < 400:", "        if False:"),),
        (
            "test_egress.py",
            "test_launch.py",
        ),
    ),
    Defence(
        "cookies are kept",
        "ehr/wire/egress.py",
        (("self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))", "pass"),),
        ("test_egress.py",),
    ),
    Defence(
        "doubled members pass",
        "ehr/wire/safe_json.py",
        (("    if len(members) != len(pairs):", "    if False:"),),
        ("test_bad_json.py",),
    ),
    Defence(
        "depth is not counted",
        "ehr/wire/safe_json.py",
        (("    _refuse_depth(text)\n", ""),),
        ("test_bad_json.py",),
    ),
    Defence(
        "integers may be of any length",
        "ehr/wire/safe_json.py",
        (("if len(text) > LONGEST_INTEGER:", "if False:"),),
        ("test_bad_json.py",),
    ),
    Defence(
        "forbidden characters pass",
        "ehr/wire/safe_json.py",
        (('    if "\\\\" not in text:\n        return found', "    return found"),),
        ("test_bad_json.py",),
    ),
    Defence(
        "bad UTF-8 passes the typed door",
        "ehr/wire/typed_json.py",
        (("    if not body.isascii():", "    if False:"),),
        ("test_bad_json.py",),
    ),
    Defence(
        "forbidden escapes pass the typed door",
        "ehr/wire/typed_json.py",
        (('if b"\\\\" in body and', "if False and"),),
        ("test_bad_json.py",),
    ),
    Defence(
        "any algorithm",
        "ehr/wire/verify_jwt.py",
        (("or algorithm not in algorithms:", ":"),),
        (
            "test_hook_token.py",
            "test_id_token.py",
        ),
    ),
    Defence(
        "the key need not fit the algorithm",
        "ehr/wire/verify_jwt.py",
        (("    if not fits(key, algorithm):", "    if False:"),),
        (
            "test_hook_token.py",
            "test_id_token.py",
        ),
    ),
    Defence(
        "expired tokens",
        "ehr/wire/verify_jwt.py",
        (("    if expires_at + SKEW <= now:", "    if False:"),),
        (
            "test_hook_token.py",
            "test_id_token.py",
        ),
    ),
    Defence(
        "tokens from the future",
        "ehr/wire/verify_jwt.py",
        (("    if issued_at - SKEW > now:", "    if False:"),),
        (
            "test_hook_token.py",
            "test_id_token.py",
        ),
    ),
    Defence(
        "tokens of any life",
        "ehr/wire/verify_jwt.py",
        (("longest is not None and", "False and"),),
        ("test_hook_token.py",),
    ),
    Defence(
        "the nonce is not compared",
        "ehr/wire/verify_jwt.py",
        (('if claims.get("nonce") != nonce:', "if False:"),),
        ("test_id_token.py",),
    ),
    Defence(
        "the issuer is not compared",
        "ehr/wire/verify_jwt.py",
        (('    if claims.get("iss") != issuer:', "    if False:"),),
        ("test_id_token.py",),
    ),
    Defence(
        "the audience of an ID token is not compared",
        "ehr/wire/verify_jwt.py",
        (("    _check_id_audience(claims, client_id)\n", ""),),
        ("test_id_token.py",),
    ),
    Defence(
        "the audience of a hook token is not compared",
        "ehr/wire/verify_jwt.py",
        (("audience not in expected:", "False:"),),
        ("test_hook_token.py",),
    ),
    Defence(
        "the signature is not verified",
        "ehr/wire/verify_jwt.py",
        (
            (
                "        deserialize_compact(",
                "        (lambda *_, **__: None)(",
            ),
        ),
        (
            "test_hook_token.py",
            "test_id_token.py",
        ),
    ),
    Defence(
        "a foreign jku is taken",
        "ehr/wire/verify_jwt.py",
        (('    raise TokenRefused("jku")', "    return of_issuer[0]"),),
        ("test_hook_token.py",),
    ),
    Defence(
        "critical extensions are ignored",
        "ehr/wire/verify_jwt.py",
        (('("crit", "b64", "zip")', "()"),),
        ("test_hook_token.py",),
    ),
    Defence(
        "tokens of another type",
        "ehr/wire/verify_jwt.py",
        (('if opened.header.get("typ") != "JWT":', "if False:"),),
        ("test_hook_token.py",),
    ),
    Defence(
        "tokens of any size",
        "ehr/wire/verify_jwt.py",
        (("    if len(token) > LONGEST_TOKEN:", "    if False:"),),
        ("test_hook_token.py",),
    ),
    Defence(
        "of two keys with one id the last is taken",
        "ehr/wire/public_keys.py",
        (("if key is not None and kids.count(key.kid) == 1", "if key is not None"),),
        ("test_id_token.py",),
    ),
    Defence(
        "published private keys are used",
        "ehr/wire/public_keys.py",
        (('or "d" in jwk', ""),),
        ("test_id_token.py",),
    ),
    Defence(
        "RSA keys of any size",
        "ehr/wire/public_keys.py",
        (("if not WEAKEST_RSA <= _bits(n) <= STRONGEST_RSA:", "if False:"),),
        ("test_id_token.py",),
    ),
    Defence(
        "key sets are asked for without a pause",
        "ehr/wire/jwks.py",
        (("            if self._may_ask(now):", "            if True:"),),
        ("test_hook_token.py",),
    ),
    Defence(
        "endpoints may move",
        "ehr/smart/discovery.py",
        (("    if origin not in tenant.endpoint_origins:", "    if False:"),),
        ("test_launch.py",),
    ),
    Defence(
        "PKCE may be downgraded",
        "ehr/smart/discovery.py",
        (("    _check_pkce(found, tenant)\n", ""),),
        ("test_launch.py",),
    ),
    Defence(
        "metadata of another issuer",
        "ehr/smart/discovery.py",
        (("issuer is not None and issuer != tenant.id_token_issuer", "False"),),
        ("test_launch.py",),
    ),
    Defence(
        "answers in another server's name",
        "ehr/smart/launch.py",
        (("    _check_server(query, tenant, begun.endpoints)\n", ""),),
        ("test_launch.py",),
    ),
    Defence(
        "the promised server name may be missing",
        "ehr/smart/launch.py",
        (("iss is None and endpoints.names_itself", "False"),),
        ("test_launch.py",),
    ),
    Defence(
        "a moved tenant completes old launches",
        "ehr/smart/launch.py",
        (
            (
                "    if begun.tenant != tenant.id or begun.issuer != tenant.issuer:",
                "    if False:",
            ),
        ),
        ("test_launch.py",),
    ),
    Defence(
        "the patient is not read back",
        "ehr/smart/launch.py",
        (
            (
                "    check_patient(tenant, patient=",
                "    dict(tenant=tenant, patient=",
            ),
        ),
        ("test_launch.py",),
    ),
    Defence(
        "parameters may be doubled",
        "ehr/smart/launch.py",
        (("    if len(value) > 1:", "    if False:"),),
        ("test_launch.py",),
    ),
    Defence(
        "another patient is read back",
        "ehr/smart/patient_check.py",
        ((' or found.get("id") != patient', ""),),
        ("test_launch.py",),
    ),
    Defence(
        "merged patients pass",
        "ehr/smart/patient_check.py",
        (('each.get("type") == "replaced-by"', "False"),),
        ("test_launch.py",),
    ),
    Defence(
        "inactive patients pass",
        "ehr/smart/patient_check.py",
        (('found.get("active", True) is not True', "False"),),
        ("test_launch.py",),
    ),
    Defence(
        "any text is a patient id",
        "ehr/smart/context.py",
        (("or not _FHIR_ID.fullmatch(patient)", ""),),
        ("test_launch.py",),
    ),
    Defence(
        "tokens may hold line breaks",
        "ehr/smart/tokens.py",
        (("or not _VISIBLE.fullmatch(value)", ""),),
        ("test_launch.py",),
    ),
    Defence(
        "any token type",
        "ehr/smart/tokens.py",
        (('token_type.lower() != "bearer"', "False"),),
        ("test_launch.py",),
    ),
    Defence(
        "the secret is not encoded",
        "ehr/smart/tokens.py",
        (("quote_plus(client.client_secret)", "client.client_secret"),),
        ("test_launch.py",),
    ),
    Defence(
        "refreshes are not leased",
        "ehr/smart/access.py",
        (
            (
                "if self._vault.launches.refresh_lease(",
                "if True or dict(",
            ),
        ),
        ("test_access.py",),
    ),
    Defence(
        "a used refresh token leaves the launch open",
        "ehr/smart/access.py",
        (
            (
                "                self._vault.launches.close(context_id)",
                "                pass",
            ),
        ),
        ("test_access.py",),
    ),
    Defence(
        "a failed refresh keeps the lease",
        "ehr/smart/access.py",
        (
            (
                "            self._give_back(context_id, until)\n            raise\n",
                "            raise\n",
            ),
        ),
        ("test_access.py",),
    ),
    Defence(
        "the verifier is always the same",
        "ehr/smart/pkce.py",
        (("secrets.token_urlsafe(48)", '"a" * 64'),),
        ("test_launch.py",),
    ),
    Defence(
        "the issuer is compared loosely",
        "ehr/tenants.py",
        (
            (
                'self._by_issuer[iss.removesuffix("/")]',
                'self._by_issuer[iss.rstrip("/").lower()]',
            ),
        ),
        ("test_launch.py",),
    ),
    Defence(
        "the environment names a proxy",
        "ehr/wire/egress.py",
        (
            ("        self.trust_env = False", "        pass"),
            ('            "proxies": {},\n', ""),
        ),
        ("test_egress.py",),
    ),
    Defence(
        "the environment lends credentials",
        "ehr/wire/egress.py",
        (("        self.trust_env = False", "        pass"),),
        ("test_egress.py",),
    ),
)


def without(defence: Defence, text: str) -> str:
    """The module's text with the defence taken out."""
    for present, absent in defence.changes:
        assert present in text, f"{defence.file} has no longer: {present}"
        text = text.replace(present, absent, 1)
    return text


def is_missed(defence: Defence, folder: Path) -> bool:
    """Whether no attack noticed that the defence was gone."""
    file = folder / defence.file
    whole = file.read_text()
    file.write_text(without(defence, whole))
    tests = [f"tests/attacks/{name}" for name in defence.attacks]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    try:
        run = subprocess.run(
            [*command, *tests], cwd=folder, capture_output=True, timeout=LONGEST
        )
    except subprocess.TimeoutExpired:
        return False
    finally:
        file.write_text(whole)
    return run.returncode != 1


def main() -> int:
    """Run all; the exit code is the number of defences nobody missed."""
    missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "checkout"
        folder.mkdir()
        shutil.copy(ROOT / "pyproject.toml", folder)
        for room in COPIED:
            shutil.copytree(ROOT / room, folder / room)
        for number, defence in enumerate(DEFENCES, start=1):
            if is_missed(defence, folder):
                missed += 1
                print(f"{number:3} NOT MISSED  {defence.without_it}", flush=True)
            else:
                print(f"{number:3} missed      {defence.without_it}", flush=True)
    print(f"{len(DEFENCES)} defences taken out, {missed} of them missed by no attack")
    return missed


if __name__ == "__main__":
    sys.exit(main())
