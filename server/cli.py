"""`rom`: the command line. Heavy rooms are imported by the command that needs them."""

import errno
import importlib
import os
import signal
import sys
from types import FrameType

import click

# Of what is written to standard output, whose file has no name here.
NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO)
COMMANDS = {
    "serve": "Run the app and the CDS service, and deliver what is sealed.",
    "demo": "A sandbox EHR with the plug-in in it; prints one address.",
    "check": "Look at settings, tenants, plan and instruments; say what is wrong.",
    "score": "Score forms: JSON, CSV or FHIR; rom score phq-9 --answers FILE --json.",
    "instruments": "What is here of each instrument; bring and accept your own.",
    "questionnaires": "Instruments as FHIR Questionnaires: export, package, publish.",
    "fidelity": "How often each team measures and talks about it; never a clinician.",
    "bulk": "Exports of many charts from an EHR: rom bulk export --tenant NAME.",
    "explain": "A logged card made again from its inputs: why it was shown.",
    "replay": "What would have been shown: the rules over an export, only sums.",
    "norms": "Norm packs: extract, fit, check, sign, cells, pool. Never by the server.",
    "keys": "Make a master key, a client key, or a key that signs norms.",
}


class _Lazy(click.Group):
    """Commands by name; a module is imported only when its command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"server.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rom-on-fhir")
def main() -> None:
    """Routine outcome and alliance monitoring inside the EHR."""


def run() -> None:
    """The command, ended by a signal as by a fault: what was begun is put away first.

    Exit codes then: 130 after Ctrl-C, 143 after SIGTERM, 129 without a terminal.
    Commands that serve have endings of their own.
    """
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) is not signal.SIG_IGN:  # as under nohup
            signal.signal(ending, _end)
    try:
        main()
    except OSError as problem:
        if not problem.filename and problem.errno not in NO_ROOM:
            raise  # nobody knows where
        place = problem.filename or "standard output"
        click.echo(f"rom: {place}: {problem.strerror}; nothing more was done", err=True)
        sys.exit(2)


def _end(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)  # whoever says it twice means it
    os.write(2, b"\nrom: ended by a signal; the same command can be run again\n")
    sys.exit(128 + number)
