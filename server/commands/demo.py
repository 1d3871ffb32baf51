"""`rom demo`: a sandbox EHR with the plug-in in it, on this machine only.

Two programs, as in a hospital: the sandbox EHR on 127.0.0.1 and the plug-in on
localhost, which browsers take for two different sites. Keys are made anew each time;
without --keep everything is forgotten at the end.
"""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from clinical.plan import DEMO_PLAN
from ehr.smart.client_keys import generate_client_key
from server.demo_files import DemoPlace, write_demo_files
from vault.cipher import generate_key_file

START_SECONDS = 240.0  # a foreign FHIR server is filled with the patients first
ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@click.command("demo")
@click.option("--port", default=8701, help="Port of the sandbox EHR; 0 finds one.")
@click.option("--app-port", default=8702, help="Port of the plug-in; 0 finds one.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep keys and data in this folder, and use them again next time.",
)
@click.option(
    "--fhir-backend",
    metavar="URL",
    help="Put the sandbox EHR in front of this FHIR R4 server.",
)
@click.option(
    "--asymmetric/--symmetric",
    default=True,
    help="How the app proves who it is: signed assertion, or shared secret.",
)
def command(
    port: int,
    app_port: int,
    *,
    keep: Path | None,
    fhir_backend: str | None,
    asymmetric: bool,
) -> None:
    """Start both, print one address, stay up until Ctrl-C; leave nothing running."""
    for ending in ENDINGS:
        signal.signal(ending, _stop)
    with _folder(keep) as folder:
        place = DemoPlace(
            folder=folder,
            ehr_port=port or _free_port(),
            app_port=app_port or _free_port(),
            fhir_backend=fhir_backend,
            asymmetric=asymmetric,
        )
        for each in (place.ehr_port, place.app_port):
            _must_be_free(each)
        if not place.key_file.exists():
            generate_key_file(place.key_file)
        if not place.client_key_file.exists():
            place.client_key_file.write_text(
                f'{{"keys": [{generate_client_key("demo-1")}]}}', encoding="ascii"
            )
        write_demo_files(place, plan=DEMO_PLAN.read_text(encoding="utf-8"))
        _run(place)


def _run(place: DemoPlace) -> None:
    children: list[subprocess.Popen[bytes]] = []
    try:
        click.echo("rom demo: starting the sandbox EHR …", err=True)
        children.append(_child(place.ehr_command(), place, place.ehr_environment()))
        _wait_for(place.ehr_port, children[-1], place.folder / "ehr.log")
        click.echo("rom demo: starting the plug-in …", err=True)
        children.append(_child(place.app_command(), place, place.app_environment()))
        _wait_for(place.app_port, children[-1], place.folder / "app.log")
        click.echo(f"\n  Open {place.ehr_url}/  (invented people; not secured)\n")
        click.echo("  Choose a patient, see the card, follow it. Ctrl-C ends it.")
        sys.stdout.flush()
        _stay_up(children, place)
    except KeyboardInterrupt:
        click.echo("rom demo: stopping", err=True)
    finally:
        for child in reversed(children):
            child.terminate()
        for child in reversed(children):
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _stay_up(children: list[subprocess.Popen[bytes]], place: DemoPlace) -> None:
    while True:
        for child, log in zip(children, ("ehr.log", "app.log"), strict=True):
            if child.poll() is not None:
                _show_end(place.folder / log)
                raise SystemExit(1)
        time.sleep(0.2)


def _child(
    arguments: list[str], place: DemoPlace, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    name = "ehr.log" if "sandbox_ehr" in arguments else "app.log"
    with (place.folder / name).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 -- our own two programs
            arguments,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )


def _wait_for(port: int, child: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if child.poll() is not None:
            break
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    _show_end(log)
    click.echo(f"rom demo: nothing answers on port {port}; see above", err=True)
    raise SystemExit(1)


def _show_end(log: Path) -> None:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    click.echo("\n".join(lines[-20:]), err=True)


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            click.echo(
                f"rom demo: port {port} is in use. Stop what uses it, or choose"
                " others: rom demo --port 0 --app-port 0",
                err=True,
            )
            raise SystemExit(2) from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield keep.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="rom-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    """Once: a second signal must not interrupt the ending of what was started."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    raise KeyboardInterrupt
