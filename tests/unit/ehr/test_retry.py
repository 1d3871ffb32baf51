"""What each answer of an EHR to a write leads to (security guide, 8.3)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ehr.delivery.retry import (
    Accepted,
    Answer,
    Circumstances,
    CodeClass,
    Done,
    Hold,
    Later,
    LookUp,
    NoAccess,
    NoAnswer,
    NotSent,
    Refused,
    RenewAccess,
    Step,
    Unknown,
    backoff,
    next_step,
    retry_after,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GRACE = timedelta(seconds=60)


def after(
    answer: Answer,
    *,
    delivery_class: str = "E2",
    attempts: int = 0,
    renewed: bool = False,
) -> Step:
    return next_step(
        answer,
        Circumstances(
            delivery_class=delivery_class,  # type: ignore[arg-type]
            attempts=attempts,
            grace=GRACE,
            renewed=renewed,
            now=NOW,
            chance=lambda: 0.5,
        ),
    )


@pytest.mark.parametrize(
    ("answer", "step"),
    [
        (Accepted("QuestionnaireResponse/17"), Done()),
        (Accepted(None), LookUp()),
        (Refused(200), Hold("error_inside")),
        (Refused(201), Hold("error_inside")),
        (Refused(400), Hold("refused")),
        (Refused(422), Hold("refused")),
        (Refused(401), RenewAccess()),
        (NoAccess(), RenewAccess()),
        (Refused(403), Hold("policy")),
        (Refused(404), Hold("patient_gone")),
        (Refused(410), Hold("patient_gone")),
        (Refused(405), Hold("not_offered")),
        (Refused(409), LookUp()),
        (Refused(412), LookUp()),
        (Refused(408), Unknown(GRACE, "unknown_outcome")),
        (Refused(500), Unknown(GRACE, "unknown_outcome")),
        (Refused(502), Unknown(GRACE, "unknown_outcome")),
        (Refused(503), Unknown(GRACE, "unknown_outcome")),
        (NoAnswer(), Unknown(GRACE, "unknown_outcome")),
    ],
)
@pytest.mark.req("RW-04", "RW-07")
def test_each_answer_has_one_step(answer: Answer, step: Step) -> None:
    assert after(answer) == step


@pytest.mark.parametrize("answer", [NotSent(), Refused(429)])
def test_what_was_certainly_not_stored_is_sent_again_later(answer: Answer) -> None:
    for delivery_class in ("E1", "E2", "E3", "E4", "E5"):
        assert isinstance(after(answer, delivery_class=delivery_class), Later)


@pytest.mark.parametrize("answer", [NoAnswer(), Refused(500), Refused(408)])
def test_where_nothing_can_be_searched_an_unknown_outcome_is_for_a_person(
    answer: Answer,
) -> None:
    assert after(answer, delivery_class="E5") == Hold("unknown_outcome")


def test_a_write_to_our_own_id_needs_no_grace_after_an_unknown_outcome() -> None:
    step = after(NoAnswer(), delivery_class="E1")

    assert isinstance(step, Unknown)
    assert step.delay < GRACE


def test_a_token_is_renewed_once_then_a_person_is_asked() -> None:
    assert after(NoAccess(), renewed=True) == Hold("login_needed")
    assert after(Refused(401), renewed=True) == Hold("login_needed")


@pytest.mark.parametrize(
    ("code", "step"),
    [
        ("look_up", LookUp()),
        ("policy", Hold("policy")),
        ("site_configuration", Hold("refused")),
        ("patient_gone", Hold("patient_gone")),
        ("later", Unknown(GRACE, "unknown_outcome")),
    ],
)
def test_the_ehrs_own_error_code_says_more_than_the_status(
    code: CodeClass, step: Step
) -> None:
    assert after(Refused(400, frozenset({code}))) == step


def test_the_ehr_decides_how_long_we_wait_when_it_is_busy() -> None:
    assert after(Refused(429, retry_after="17")) == Later(timedelta(seconds=17), "busy")


def test_an_unknown_outcome_waits_for_the_longer_of_grace_and_retry_after() -> None:
    assert after(Refused(503, retry_after="300")) == Unknown(
        timedelta(seconds=300), "unknown_outcome"
    )
    assert after(Refused(503, retry_after="1")) == Unknown(GRACE, "unknown_outcome")


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("0", timedelta(0)),
        ("120", timedelta(seconds=120)),
        ("1000000000", timedelta(hours=1)),
        ("9" * 5000, timedelta(hours=1)),
        ("Mon, 02 Mar 2026 09:05:00 GMT", timedelta(minutes=5)),
        ("Mon, 02 Mar 2026 08:00:00 GMT", timedelta(0)),
        ("Fri, 01 Jan 2100 00:00:00 GMT", timedelta(hours=1)),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("²", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_nonsense_is_ignored(
    header: str | None, wait: timedelta | None
) -> None:
    assert retry_after(header, now=NOW) == wait


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_waiting_lies_between_two_seconds_and_a_quarter_of_an_hour(
    attempts: int, chance: float
) -> None:
    wait = backoff(attempts, lambda: chance)

    assert timedelta(seconds=2) <= wait <= timedelta(minutes=15)


def test_the_longest_wait_doubles_with_each_attempt() -> None:
    waits = [backoff(each, lambda: 0.999_999).total_seconds() for each in range(12)]

    assert [round(each) for each in waits] == [
        2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900,
    ]  # fmt: skip


@given(st.text(max_size=40))
def test_no_header_can_make_us_wait_longer_than_an_hour(header: str) -> None:
    wait = retry_after(header, now=NOW)

    assert wait is None or timedelta(0) <= wait <= timedelta(hours=1)
