"""`python -m sandbox_ehr`: the sandbox EHR on this machine."""

import argparse
from datetime import timedelta
from pathlib import Path

from sandbox_ehr.config import SandboxConfig, clients_from_toml
from sandbox_ehr.serving import serve


def main() -> None:
    """Read the options, build the EHR, serve it until it is told to stop."""
    options = _parser().parse_args()
    host, port = options.host, options.port
    config = SandboxConfig(
        base_url=options.base_url or f"http://{host}:{port}",
        clients=clients_from_toml(options.clients) if options.clients else (),
        app_launch_url=options.app_launch_url,
        cds_base_url=options.cds_base_url,
        cds_client_id=options.cds_client_id,
        hook_issuer=options.hook_issuer,
        hook_fhir_access=not options.no_hook_fhir_access,
        fhir_backend=options.fhir_backend,
        database=options.database,
        user=options.user,
        access_life=timedelta(seconds=options.access_seconds),
        id_token_alg=options.id_token_alg,
        admin=options.admin,
        seed=not options.empty,
        patients=tuple(options.patients or ()),
    )
    serve(config, host=host, port=port, plain=options.werkzeug)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox_ehr",
        description="A small, strict EHR for demonstration and tests.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8600)
    add("--base-url", help="scheme, host and port as browsers see them")
    add("--clients", type=Path, help="TOML file with [[client]] tables")
    add("--app-launch-url", help="opened in the chart with iss and launch")
    add("--cds-base-url", help="below it lies /cds-services")
    add("--cds-client-id", default="rom-on-fhir", help="subject of the hook's token")
    add("--hook-issuer", help="iss of hook calls; default: the base URL")
    add("--no-hook-fhir-access", action="store_true", help="prefetch only")
    add("--fhir-backend", help="keep the data in another FHIR R4 server")
    add("--database", default=":memory:", help="SQLite file")
    add("--user", default="okafor", help="id of the Practitioner who is logged in")
    add("--access-seconds", type=int, default=300, help="life of access tokens")
    add("--id-token-alg", choices=["RS256", "ES384"], default="RS256")
    add("--admin", action="store_true", help="/sandbox/ledger and /sandbox/reset")
    add("--patients", nargs="+", metavar="ID", help="only these bundled patients")
    add("--empty", action="store_true", help="without the bundled patients")
    add("--werkzeug", action="store_true", help="the plain server instead of granian")
    return parser


if __name__ == "__main__":
    main()
