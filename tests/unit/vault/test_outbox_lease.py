import pytest

from tests.unit.vault.kit import DAY, HOUR, MINUTE, NOW, at_once, seal
from vault.errors import LeaseLost, NotFound
from vault.outbox_lease import Leased
from vault.safety_marks import SafetyMark


def lease(part, *, now=NOW, worker="w"):
    return part.outbox.lease(worker=worker, now=now, until=now + 5 * MINUTE)


def test_a_submission_goes_from_sealed_to_verified_and_then_is_purged(clinic):
    seal(clinic, "one")

    leased = lease(clinic)
    clinic.outbox.sending(leased, NOW)
    clinic.outbox.accepted(leased, progress=b"QuestionnaireResponse/17", now=NOW)
    clinic.outbox.verified(leased, progress=b"QuestionnaireResponse/17", now=NOW)

    assert (leased.payload, leased.state, leased.progress) == (
        b"answers",
        "sealed",
        b"",
    )
    assert clinic.outbox.waiting("anna") == ()
    assert clinic.outbox.counts() == {"verified": 1}
    assert clinic.outbox.purge(NOW + DAY - MINUTE, DAY) == 0
    assert clinic.outbox.purge(NOW + DAY, DAY) == 1
    assert clinic.outbox.counts() == {"purged": 1}
    assert clinic.outbox.purge(NOW + 402 * DAY, DAY) == 0
    assert clinic.outbox.counts() == {}


def test_an_empty_outbox_gives_no_work(clinic):
    assert lease(clinic) is None


def test_of_ten_workers_one_gets_the_row(clinic):
    seal(clinic, "one")

    results = at_once(10, lambda number: lease(clinic, worker=f"w{number}"))

    assert sum(isinstance(result, Leased) for result in results) == 1


def test_a_patients_submissions_go_one_by_one_in_the_order_of_sealing(clinic):
    for name, patient in (("a1", "anna"), ("a2", "anna"), ("b1", "bert")):
        seal(clinic, name, patient=patient)

    first, second, third = lease(clinic), lease(clinic), lease(clinic)

    assert (first.submission_id, second.submission_id, third) == ("a1", "b1", None)
    clinic.outbox.later(first, retry_at=NOW + HOUR, cause="http_503", now=NOW)
    assert lease(clinic) is None
    again = lease(clinic, now=NOW + HOUR)
    assert (again.submission_id, again.attempts) == ("a1", 2)
    clinic.outbox.verified(again, progress=b"", now=NOW)
    assert lease(clinic, now=NOW + HOUR).submission_id == "a2"


def test_a_held_submission_does_not_hold_up_the_next_one(clinic):
    seal(clinic, "a1")
    seal(clinic, "a2")
    clinic.outbox.hold(lease(clinic), cause="http_422", now=NOW)

    second = lease(clinic)
    clinic.outbox.retry("a1", by="Dr X", now=NOW)

    assert second.submission_id == "a2"
    assert lease(clinic) is None  # one writer per patient
    clinic.outbox.verified(second, progress=b"", now=NOW)
    assert lease(clinic).submission_id == "a1"


def test_a_slow_worker_whose_row_was_leased_again_can_change_nothing(clinic):
    seal(clinic, "one")
    slow = lease(clinic, worker="slow")
    later = NOW + 5 * MINUTE
    quick = lease(clinic, worker="quick", now=later)

    acts = [
        lambda: clinic.outbox.sending(slow, later),
        lambda: clinic.outbox.accepted(slow, progress=b"x", now=later),
        lambda: clinic.outbox.verified(slow, progress=b"x", now=later),
        lambda: clinic.outbox.unknown(slow, retry_at=later, cause="x", now=later),
        lambda: clinic.outbox.later(slow, retry_at=later, cause="x", now=later),
        lambda: clinic.outbox.hold(slow, cause="x", now=later),
    ]

    assert quick.fencing > slow.fencing
    for act in acts:
        with pytest.raises(LeaseLost):
            act()
    clinic.outbox.verified(quick, progress=b"", now=later)
    for act in acts:
        with pytest.raises(LeaseLost):
            act()


def test_a_worker_whose_time_is_over_must_not_send(clinic):
    seal(clinic, "one")
    leased = lease(clinic)

    with pytest.raises(LeaseLost):
        clinic.outbox.sending(leased, NOW + 5 * MINUTE)


def test_a_result_that_comes_late_still_counts_if_nobody_else_took_over(clinic):
    seal(clinic, "one")
    leased = lease(clinic)
    clinic.outbox.sending(leased, NOW)

    clinic.outbox.accepted(leased, progress=b"id 17", now=NOW + HOUR)

    again = lease(clinic, now=NOW + HOUR)
    assert (again.state, again.progress) == ("accepted", b"id 17")


@pytest.mark.parametrize(("sent", "state"), [(True, "unknown"), (False, "sealed")])
def test_after_a_crash_only_what_was_being_sent_is_unknown(clinic, sent, state):
    seal(clinic, "one")
    leased = lease(clinic)
    if sent:
        clinic.outbox.sending(leased, NOW)

    again = lease(clinic, now=NOW + 5 * MINUTE)

    assert (again.state, again.sends, again.attempts) == (state, int(sent), 2)


def test_a_crash_in_the_second_step_keeps_what_the_first_one_reached(clinic):
    seal(clinic, "one")
    leased = lease(clinic)
    clinic.outbox.sending(leased, NOW)
    clinic.outbox.accepted(leased, progress=b"response 17", now=NOW)
    clinic.outbox.sending(leased, NOW)

    again = lease(clinic, now=NOW + HOUR)

    assert (again.state, again.progress, again.sends) == ("unknown", b"response 17", 2)


def test_what_was_refused_for_now_keeps_its_state(clinic):
    seal(clinic, "one")
    leased = lease(clinic)
    clinic.outbox.sending(leased, NOW)
    clinic.outbox.later(leased, retry_at=NOW + MINUTE, cause="http_429", now=NOW)

    assert lease(clinic) is None
    again = lease(clinic, now=NOW + MINUTE)
    assert again.state == "sealed"
    clinic.outbox.unknown(again, retry_at=NOW + HOUR, cause="timeout", now=NOW)
    third = lease(clinic, now=NOW + HOUR)
    clinic.outbox.later(third, retry_at=NOW + HOUR, cause="http_429", now=NOW)
    assert lease(clinic, now=NOW + HOUR).state == "unknown"


def test_the_page_sees_what_is_on_its_way_and_why_it_waits(clinic):
    seal(clinic, "one")
    leased = lease(clinic)
    before = clinic.outbox.waiting("anna")[0].state
    clinic.outbox.sending(leased, NOW)
    while_sending = clinic.outbox.waiting("anna")[0].state
    counted = clinic.outbox.counts()
    clinic.outbox.hold(leased, cause="http_422", now=NOW)
    [held] = clinic.outbox.held()

    assert (before, while_sending) == ("sealed", "unknown")
    assert counted == {"leased": 1}
    assert (held.submission_id, held.state, held.cause) == ("one", "held", "http_422")
    assert clinic.outbox.waiting("anna") == (held,)


def held(part, *, sent):
    seal(part, "one")
    leased = lease(part)
    if sent:
        part.outbox.sending(leased, NOW)
    part.outbox.hold(leased, cause="http_422", now=NOW)


@pytest.mark.parametrize(
    ("sent", "absent", "state"),
    [(False, False, "sealed"), (True, False, "unknown"), (True, True, "sealed")],
)
def test_staff_lets_a_held_submission_go_on(clinic, sent, absent, state):
    held(clinic, sent=sent)

    clinic.outbox.retry("one", by="Dr X", now=NOW, absent=absent)

    assert lease(clinic).state == state
    [*_, last] = clinic.audit.entries()
    assert (last.row.kind, last.row.actor) == ("outbox.retry", "Dr X")


def test_staff_dismisses_a_held_submission_by_name_and_with_a_reason(clinic):
    held(clinic, sent=False)

    clinic.outbox.dismiss("one", by="Dr X", reason="entered on paper", now=NOW)

    assert clinic.outbox.waiting("anna") == ()
    [*_, last] = clinic.audit.entries()
    assert (last.row.kind, last.row.actor) == ("outbox.dismiss", "Dr X")
    assert b"entered on paper" in last.row.details
    assert clinic.outbox.purge(NOW + DAY, DAY) == 1


def test_only_a_held_submission_can_be_retried_or_dismissed(clinic):
    seal(clinic, "one")

    with pytest.raises(NotFound):
        clinic.outbox.retry("one", by="Dr X", now=NOW)
    with pytest.raises(NotFound):
        clinic.outbox.dismiss("one", by="Dr X", reason="", now=NOW)
    with pytest.raises(NotFound):
        clinic.outbox.retry("unknown", by="Dr X", now=NOW)


def test_undelivered_answers_are_never_purged(clinic):
    for name in ("sealed", "held", "accepted"):
        seal(clinic, name, patient=name)
    for name in ("sealed", "held", "accepted"):
        leased = lease(clinic)
        if name == "held":
            clinic.outbox.hold(leased, cause="http_422", now=NOW)
        if name == "accepted":
            clinic.outbox.accepted(leased, progress=b"", now=NOW)

    assert clinic.outbox.purge(NOW + 4000 * DAY, DAY) == 0

    for name in ("sealed", "held", "accepted"):
        assert clinic.outbox.waiting(name)[0].payload == b"answers"


def test_a_submission_with_a_mark_that_nobody_saw_keeps_its_tombstone(clinic):
    seal(clinic, "one", safety=(SafetyMark(b"item 9"),))
    clinic.outbox.verified(lease(clinic), progress=b"", now=NOW)
    clinic.outbox.purge(NOW + 2 * DAY, DAY)
    clinic.outbox.purge(NOW + 500 * DAY, DAY)

    [mark] = clinic.safety.open_marks("anna")
    assert mark.body == b"item 9"
    assert clinic.outbox.counts() == {"purged": 1}

    clinic.safety.seen(mark.mark_id, by="Dr X", now=NOW + 501 * DAY)
    clinic.outbox.purge(NOW + 502 * DAY, DAY)

    assert clinic.outbox.counts() == {}
    assert clinic.safety.marks("anna") == ()


def test_a_late_repeat_of_a_delivered_form_still_gets_the_first_result(clinic):
    seal(clinic, "one")
    clinic.outbox.verified(lease(clinic), progress=b"", now=NOW)
    clinic.outbox.purge(NOW + DAY, DAY)

    again = seal(clinic, "two", nonce="nonce of one", now=NOW + DAY)

    assert (again.submission_id, again.repeated) == ("one", True)
