"""`rom keys`: a master key for the vault, a client key, a key that signs norms."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from clinical.norms.signature import public_key_of
from ehr.smart.client_keys import generate_client_key
from server.norms.signing_key import generate_signing_key
from vault.cipher import generate_key_file


@click.group("keys")
def command() -> None:
    """Make keys; an existing file is never overwritten."""


@command.command("new")
@click.argument("file", type=click.Path(path_type=Path))
def new(file: Path) -> None:
    """A new master key for the vault, readable by its owner only."""
    with _new(file):
        generate_key_file(file)
    click.echo(f"{file}: keep it apart from the data folder and its backups")


@command.command("signing")
@click.argument("file", type=click.Path(path_type=Path))
def signing(file: Path) -> None:
    """A new key for one person who signs norm packs; prints its public half."""
    with _new(file):
        seed = generate_signing_key(file)
    click.echo(f"{file}: yours alone; nobody else signs with it", err=True)
    click.echo(public_key_of(seed))


@command.command("client")
@click.argument("kid")
@click.option("--algorithm", type=click.Choice(["ES384", "RS384"]), default="ES384")
def client(kid: str, algorithm: str) -> None:
    """A private key set (JWK) for one tenant, to standard output."""
    made = generate_client_key(kid, "RS384" if algorithm == "RS384" else "ES384")
    click.echo(f'{{"keys": [{made}]}}')


@contextmanager
def _new(file: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        click.echo(f"rom keys: {file} exists; a key is never overwritten", err=True)
        sys.exit(2)
    except OSError as problem:
        click.echo(f"rom keys: {file}: not written: {problem.strerror}", err=True)
        sys.exit(2)
