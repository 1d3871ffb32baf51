"""`rom keys`: make a master key for the vault, or a client key for one EHR."""

import sys
from pathlib import Path

import click

from ehr.smart.client_keys import generate_client_key
from vault.cipher import generate_key_file


@click.group("keys")
def command() -> None:
    """Make keys; an existing file is never overwritten."""


@command.command("new")
@click.argument("file", type=click.Path(path_type=Path))
def new(file: Path) -> None:
    """A new master key for the vault, readable by its owner only."""
    try:
        generate_key_file(file)
    except FileExistsError:
        click.echo(f"rom keys: {file} exists; a key is never overwritten", err=True)
        sys.exit(2)
    click.echo(f"{file}: keep it apart from the data folder and its backups")


@command.command("client")
@click.argument("kid")
@click.option("--algorithm", type=click.Choice(["ES384", "RS384"]), default="ES384")
def client(kid: str, algorithm: str) -> None:
    """A private key set (JWK) for one tenant, to standard output."""
    made = generate_client_key(kid, "RS384" if algorithm == "RS384" else "ES384")
    click.echo(f'{{"keys": [{made}]}}')
