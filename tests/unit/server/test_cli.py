"""`rom` names a place only where it knows one."""

import errno
import signal

import pytest

from server import cli


@pytest.fixture(autouse=True)
def signals_as_before():
    before = {each: signal.getsignal(each) for each in (2, 15, 1)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def failing(monkeypatch: pytest.MonkeyPatch, problem: OSError) -> None:
    def fail() -> None:
        raise problem

    monkeypatch.setattr(cli, "main", fail)


def test_a_fault_that_is_no_files_is_not_blamed_on_standard_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing(monkeypatch, ConnectionRefusedError(errno.ECONNREFUSED, "refused"))

    with pytest.raises(ConnectionRefusedError):
        cli.run()


def test_a_file_that_cannot_be_had_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, PermissionError(errno.EACCES, "Permission denied", "a.csv"))

    with pytest.raises(SystemExit) as ended:
        cli.run()

    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "rom: a.csv: Permission denied; nothing more was done\n"
    )
