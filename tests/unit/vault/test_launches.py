import pytest

from tests.unit.vault.kit import HOUR, MINUTE, NOW, at_once
from vault.errors import AlreadyUsed, LeaseLost, NotFound

IDLE = 15 * MINUTE
ABSOLUTE = 8 * HOUR


@pytest.fixture
def begun(clinic):
    clinic.launches.begin(
        "state", browser="b", body=b"verifier", now=NOW, expires_at=NOW + 10 * MINUTE
    )
    return clinic.launches


@pytest.fixture
def opened(clinic):
    clinic.launches.open_context(
        "context",
        browser="b",
        patient="anna",
        body=b"token 1",
        now=NOW,
        idle=IDLE,
        absolute=ABSOLUTE,
    )
    return clinic.launches


def test_a_callback_gets_its_launch_back_once(begun):
    assert begun.take("state", browser="b", now=NOW) == b"verifier"
    with pytest.raises(AlreadyUsed):
        begun.take("state", browser="b", now=NOW)


def test_of_fifty_callbacks_at_once_exactly_one_wins(begun):
    results = at_once(50, lambda _: begun.take("state", browser="b", now=NOW))

    assert results.count(b"verifier") == 1
    assert sum(isinstance(result, AlreadyUsed) for result in results) == 49


def test_another_browser_cannot_take_a_launch_nor_use_it_up(begun):
    with pytest.raises(NotFound):
        begun.take("state", browser="someone else", now=NOW)

    assert begun.take("state", browser="b", now=NOW) == b"verifier"


def test_an_expired_or_unknown_launch_is_not_found(begun):
    with pytest.raises(NotFound):
        begun.take("state", browser="b", now=NOW + 10 * MINUTE)
    with pytest.raises(NotFound):
        begun.take("unknown", browser="b", now=NOW)


def test_a_state_that_exists_cannot_begin_again(begun):
    with pytest.raises(AlreadyUsed):
        begun.begin(
            "state", browser="x", body=b"", now=NOW, expires_at=NOW + 10 * MINUTE
        )


def test_a_context_opens_for_its_own_browser_only(opened, clinic):
    found = opened.context("context", browser="b", now=NOW)

    assert (found.body, found.version, found.opened_at) == (b"token 1", 1, NOW)
    assert found.patient_index == clinic.patient_index("anna")
    with pytest.raises(NotFound):
        opened.context("context", browser="someone else", now=NOW)
    with pytest.raises(NotFound):
        opened.context("unknown", browser="b", now=NOW)


def test_a_context_in_use_stays_open_and_an_idle_one_does_not(opened):
    later = NOW
    for _ in range(4):
        later += 14 * MINUTE
        opened.context("context", browser="b", now=later)

    with pytest.raises(NotFound):
        opened.context("context", browser="b", now=later + IDLE)


def test_a_browsers_open_contexts_are_found_and_stay_no_longer_by_it(opened):
    for name, browser in (("second", "c"), ("theirs", "d")):
        opened.open_context(
            name,
            browser=browser,
            patient="bela",
            body=name.encode(),
            now=NOW + MINUTE,
            idle=IDLE,
            absolute=ABSOLUTE,
        )

    def found(now):
        return [each.context_id for each in opened.open_in(("b", "c", "x"), now)]

    assert found(NOW + 14 * MINUTE) == ["second", "context"]
    assert found(NOW + IDLE) == ["second"]
    opened.lock("second")
    assert found(NOW + 2 * MINUTE) == ["context"]
    assert opened.open_in((), NOW) == ()


def test_a_clock_that_steps_back_does_not_shorten_a_context(opened):
    opened.context("context", browser="b", now=NOW + 10 * MINUTE)
    opened.context("context", browser="b", now=NOW - HOUR)

    opened.context("context", browser="b", now=NOW + 24 * MINUTE)


def test_a_context_ends_after_its_absolute_time_however_busy(clinic):
    clinic.launches.open_context(
        "context",
        browser="b",
        patient="anna",
        body=b"",
        now=NOW,
        idle=HOUR,
        absolute=2 * HOUR,
    )
    for minutes in (50, 100):
        clinic.launches.context("context", browser="b", now=NOW + minutes * MINUTE)

    with pytest.raises(NotFound):
        clinic.launches.context("context", browser="b", now=NOW + 2 * HOUR)
    assert clinic.launches.latest_for_patient("anna", NOW + 2 * HOUR) is None


def test_a_context_id_that_exists_cannot_be_opened_again(opened):
    with pytest.raises(AlreadyUsed):
        opened.open_context(
            "context",
            browser="x",
            patient="bert",
            body=b"",
            now=NOW,
            idle=IDLE,
            absolute=ABSOLUTE,
        )


def test_only_one_of_many_workers_may_refresh_a_token(opened):
    until = NOW + MINUTE

    won = at_once(10, lambda _: opened.refresh_lease("context", now=NOW, until=until))

    assert won.count(True) == 1
    assert won.count(False) == 9
    assert opened.refresh_lease("context", now=until, until=until + MINUTE)


def test_a_refreshed_token_replaces_the_one_it_was_made_from(opened):
    opened.refresh_lease("context", now=NOW, until=NOW + MINUTE)

    opened.replace_body("context", body=b"token 2", expected_version=1)

    assert opened.context("context", browser="b", now=NOW).body == b"token 2"
    assert opened.refresh_lease("context", now=NOW, until=NOW + MINUTE)
    with pytest.raises(LeaseLost):
        opened.replace_body("context", body=b"slow", expected_version=1)
    assert opened.for_delivery("context").body == b"token 2"


def test_a_locked_context_opens_no_page_but_still_delivers(opened):
    opened.lock("context")

    with pytest.raises(NotFound):
        opened.context("context", browser="b", now=NOW)
    assert opened.for_delivery("context").body == b"token 1"
    with pytest.raises(NotFound):
        opened.lock("unknown")


def test_a_closed_context_is_gone_with_its_token(opened):
    opened.close("context")
    opened.close("context")

    assert opened.for_delivery("context") is None
    assert opened.latest_for_patient("anna", NOW) is None
    with pytest.raises(LeaseLost):
        opened.replace_body("context", body=b"late", expected_version=1)


def test_the_newest_context_of_a_patient_is_found(opened):
    opened.open_context(
        "second",
        browser="c",
        patient="anna",
        body=b"newer",
        now=NOW + MINUTE,
        idle=IDLE,
        absolute=ABSOLUTE,
    )

    found = opened.latest_for_patient("anna", NOW + HOUR)

    assert (found.context_id, found.body) == ("second", b"newer")
    assert opened.latest_for_patient("bert", NOW + HOUR) is None
