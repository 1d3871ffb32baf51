"""Key sets are kept for a while and asked for rarely."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ehr.errors import EhrUnreachable, KeysUnavailable
from ehr.wire.egress import Answer
from ehr.wire.jwks import KeyCache, keys_in
from tests.hostile_ehr.keys import ec_pair

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


def key_set(*kids: str) -> bytes:
    keys = [ec_pair("shared").jwk() | {"kid": kid} for kid in kids]
    return json.dumps({"keys": keys}).encode()


class Signer:
    """A signer whose key set can change, vanish or be slow."""

    def __init__(self) -> None:
        self.body = key_set("a")
        self.headers: dict[str, str] = {}
        self.status = 200
        self.down = False
        self.asked = 0
        self.slow = threading.Event()
        self.slow.set()

    def download(self) -> Answer:
        self.asked += 1
        self.slow.wait(1)
        if self.down:
            raise EhrUnreachable("down")
        return Answer(self.status, self.headers, self.body)


@pytest.fixture
def signer() -> Signer:
    return Signer()


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_a_known_key_is_downloaded_once(signer: Signer) -> None:
    cache = KeyCache(signer.download)

    found = [cache.key("a", now=at(second)) for second in range(100)]

    assert all(found)
    assert signer.asked == 1


@pytest.mark.req("CH-56")
def test_a_rotated_key_is_found_a_minute_later(signer: Signer) -> None:
    cache = KeyCache(signer.download)
    cache.key("a", now=at(0))
    signer.body = key_set("a", "b")

    assert cache.key("b", now=at(59)) is None
    assert cache.key("b", now=at(60)) is not None


@pytest.mark.req("CH-56")
def test_a_removed_key_is_forgotten_when_the_set_is_old(signer: Signer) -> None:
    signer.headers = {"cache-control": "public, max-age=120"}
    cache = KeyCache(signer.download)
    cache.key("a", now=at(0))
    signer.body = key_set("b")

    assert cache.key("a", now=at(119)) is not None
    assert cache.key("a", now=at(121)) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("max-age=120", 120),
        ("max-age=1", 60),
        ("max-age=999999999", 3_600),
        ("no-store", 300),
        ("x-max-age=7", 300),
        ("", 300),
    ],
)
def test_the_age_of_a_set_is_bounded(header: str, seconds: int, signer: Signer) -> None:
    signer.headers = {"cache-control": header}
    cache = KeyCache(signer.download)
    cache.key("a", now=at(0))
    cache.key("a", now=at(seconds - 1))
    assert signer.asked == 1

    cache.key("a", now=at(seconds))

    assert signer.asked == 2


def test_the_last_good_set_serves_while_the_signer_is_down(signer: Signer) -> None:
    cache = KeyCache(signer.download)
    cache.key("a", now=at(0))
    signer.down = True

    assert cache.key("unknown", now=at(100)) is None
    assert cache.key("a", now=at(200)) is not None
    with pytest.raises(KeysUnavailable):
        cache.key("a", now=at(301))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"keys":{}}', b"<html>"])
def test_a_set_that_is_none_is_no_answer(body: bytes, signer: Signer) -> None:
    signer.body = body

    with pytest.raises(KeysUnavailable):
        KeyCache(signer.download).key("a", now=at(0))


def test_a_signer_that_is_down_is_asked_once_a_minute(signer: Signer) -> None:
    signer.down = True
    cache = KeyCache(signer.download)

    for second in range(59):
        with pytest.raises(KeysUnavailable):
            cache.key("a", now=at(second))

    assert signer.asked == 1


def test_many_threads_wait_for_one_download(signer: Signer) -> None:
    cache = KeyCache(signer.download)
    signer.slow.clear()

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(cache.key, "a", now=at(0)) for _ in range(8)]
        signer.slow.set()

    assert all(each.result() for each in waiting)
    assert signer.asked == 1


def test_keys_in_a_file_are_read_and_a_missing_file_is_no_key_set(
    tmp_path: Path,
) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(key_set("a"))

    assert keys_in(file).key("a", now=at(0)) is not None
    with pytest.raises(KeysUnavailable):
        keys_in(tmp_path / "none.json").key("a", now=at(0))
