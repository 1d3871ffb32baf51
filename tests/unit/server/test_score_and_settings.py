"""`rom score` on good and bad input, and settings that refuse to start unsafe."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from server.errors import UnsafeSettings
from server.logs import AllowListFormatter
from server.settings import Settings, safe
from tests.hook_calls import environment, new_caller, write_files


def score(instrument: str, text: str, *options: str) -> Result:
    command = ["score", instrument, "--answers", "-", *options]
    return CliRunner().invoke(main, command, input=text)


def test_a_form_is_scored_as_in_production() -> None:
    found = json.loads(score("phq-9", "[2,2,1,null,1,0,1,2,0]", "--json").output)

    [total] = found["scores"]
    assert total["value"] == "10.125" and total["prorated"] is True
    assert total["band"] == "moderate" and total["clinical"] is True
    assert found["blank"] == ["/44254-1", "/69722-7"]


def test_a_safety_answer_is_said_first_of_all_in_words() -> None:
    said = score("phq-9", '{"/44260-8": 1}').output

    assert "SAFETY /44260-8: answered 1: a person must see this now" in said
    assert "no score" in said


@pytest.mark.parametrize(
    ("instrument", "text", "named"),
    [
        ("phq-9", "{", "JSON"),
        ("phq-9", "NaN", "JSON"),
        ("phq-9", '{"/44250-9": NaN}', "JSON"),
        ("phq-9", '{"/44250-9": 1, "/44250-9": 2}', "JSON"),
        ("phq-9", '{"/44250-9": 4}', "/44250-9"),
        ("phq-9", '{"/44250-9": true}', "/44250-9"),
        ("phq-9", '{"/44250-9": [1]}', "/44250-9"),
        ("phq-9", '{"/nobody": 1}', "/nobody"),
        ("phq-9", json.dumps([1] * 11), "11 answers for 10 items"),
        ("phq-99", "[]", "there are: "),
    ],
)
def test_bad_input_is_named_and_scores_nothing(
    instrument: str, text: str, named: str
) -> None:
    found = score(instrument, text, "--json")

    assert found.exit_code == 2
    assert named in found.output and "Traceback" not in found.output


def test_a_million_items_are_refused_and_not_counted_out() -> None:
    found = score("phq-9", "[" + "0," * 1_000_000 + "0]")

    assert found.exit_code == 2
    assert "more than 256000 bytes for one form" in found.output


def test_a_missing_file_is_said_so() -> None:
    found = CliRunner().invoke(main, ["score", "phq-9", "--answers", "nowhere.json"])

    assert found.exit_code == 2 and "nowhere.json" in found.output


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ROM_PUBLIC_URL", "http://clinic.example", "must begin with https://"),
        ("ROM_PUBLIC_URL", "http://localhost:8702/app", "only scheme, host and port"),
        ("ROM_KIOSK_URL", "http://localhost:9999", "another host name"),
        ("ROM_TENANTS_FILE", "nowhere.toml", "there is no file"),
        ("ROM_HOST", "0.0.0.0", "listens on loopback only"),
        ("ROM_TIME_ZONE", "Mars/Olympus", "is not known"),
    ],
)
def test_an_unsafe_start_is_refused_with_its_mend(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    sentence: str,
) -> None:
    write_files(tmp_path, new_caller())
    for key, given in (environment(tmp_path) | {name: value}).items():
        monkeypatch.setenv(key, given)

    with pytest.raises(UnsafeSettings, match=sentence):
        safe(Settings())  # type: ignore[call-arg]


def test_a_key_that_others_may_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, new_caller())
    for key, given in environment(tmp_path).items():
        monkeypatch.setenv(key, given)
    assert safe(Settings())  # type: ignore[call-arg]
    (tmp_path / "master.key").chmod(0o644)

    with pytest.raises(UnsafeSettings, match="chmod 600"):
        safe(Settings())  # type: ignore[call-arg]


def test_rom_check_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROM_DEMO", "true")

    found = CliRunner().invoke(main, ["check"])

    assert found.exit_code == 2
    assert "ROM_TENANTS_FILE" in found.output


def test_a_log_line_holds_only_what_is_on_the_list() -> None:
    import logging

    record = logging.LogRecord("rom.x", 20, "", 0, "Ada %s", ("Lovelace",), None)
    record.fields = {"event": "e", "status": 200, "patient": "Ada", "score": 21}

    line = AllowListFormatter().format(record)

    assert json.loads(line)["status"] == 200
    assert (
        "Ada" not in line
        and "Lovelace" not in line
        and "21" not in line.split('"e"')[1]
    )
