"""A command that is ended from outside leaves no process and no half of a file."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from clinical.plan import DEMO_PLAN
from tests.replay.charts import export_in, people

Command = subprocess.Popen[bytes]
# So many values of a number that nobody waits for the end of it.
LONG = [
    each
    for number in range(500)
    for each in ("--what-if", f"rules.no_gain_sessions={number + 2}")
]


@pytest.fixture
def replay(tmp_path: Path) -> Iterator[Command]:
    """`rom replay` with two helpers that have long begun."""
    export = export_in(tmp_path / "export", people(130))
    given = ["replay", export, "--plan", DEMO_PLAN, "--processes", "2", *LONG]
    # As in a terminal, also where the tests run in the background.
    begun = subprocess.Popen(
        [sys.executable, "-m", "server", *map(str, given)],
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert begun.stderr is not None
    said = b""
    while b"replaying" not in said:
        more = os.read(begun.stderr.fileno(), 1_000)
        assert more, said
        said += more
    # Each watches for the end of this command in a thread of its own.
    while [each.num_threads() > 1 for each in helpers_of(begun)] != [True, True]:
        assert begun.poll() is None
    yield begun
    begun.kill()
    begun.communicate()


def helpers_of(command: Command) -> list[psutil.Process]:
    return [
        each
        for each in psutil.Process(command.pid).children()
        if "resource_tracker" not in " ".join(each.cmdline())
    ]


@pytest.mark.parametrize(
    ("ending", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_replay_ends_at_once_with_its_helpers(
    replay: Command, ending: signal.Signals, code: int
) -> None:
    helpers = helpers_of(replay)

    replay.send_signal(ending)

    _, said = replay.communicate(timeout=30)
    assert (replay.returncode, b"run again" in said) == (code, True)
    assert b"Traceback" not in said
    assert psutil.wait_procs(helpers, timeout=30)[1] == []


def test_helpers_end_with_a_command_that_is_killed(replay: Command) -> None:
    helpers = helpers_of(replay)

    replay.kill()

    assert psutil.wait_procs(helpers, timeout=30)[1] == []
