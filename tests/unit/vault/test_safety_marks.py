import pytest

from tests.unit.vault.kit import DAY, HOUR, MINUTE, NOW, at_once, seal
from vault.errors import NotFound
from vault.safety_marks import SafetyMark


@pytest.fixture
def mark(clinic):
    seal(clinic, "one", safety=(SafetyMark(b"item 9"),))
    [raised] = clinic.safety.open_marks("anna")
    return raised


def test_a_mark_is_raised_with_the_seal_and_open_until_seen(clinic, mark):
    assert (mark.submission_id, mark.body, mark.raised_at) == ("one", b"item 9", NOW)
    assert (mark.seen_by, mark.told_at) == (None, None)
    assert clinic.safety.open_marks("bert") == ()


def test_the_first_person_who_saw_a_mark_stays_on_record(clinic, mark):
    clinic.safety.seen(mark.mark_id, by="Dr X", now=NOW + MINUTE)
    clinic.safety.seen(mark.mark_id, by="Dr Y", now=NOW + HOUR)

    assert clinic.safety.open_marks("anna") == ()
    [kept] = clinic.safety.marks("anna")
    assert (kept.seen_by, kept.seen_at) == ("Dr X", NOW + MINUTE)


def test_a_mark_of_another_tenant_cannot_be_seen(clinic, other, mark):
    with pytest.raises(NotFound):
        other.safety.seen(mark.mark_id, by="Dr X", now=NOW)

    assert not other.safety.told(mark.mark_id, NOW)
    assert clinic.safety.open_marks("anna") == (mark,)


def test_a_mark_unseen_for_the_sites_limit_is_overdue(clinic, mark):
    assert clinic.safety.overdue(NOW + HOUR - MINUTE, HOUR) == ()
    assert clinic.safety.overdue(NOW + HOUR, HOUR) == (mark,)


def test_a_seen_mark_is_not_overdue(clinic, mark):
    clinic.safety.seen(mark.mark_id, by="Dr X", now=NOW)

    assert clinic.safety.overdue(NOW + DAY, HOUR) == ()


def test_the_back_up_is_told_once_and_the_mark_stays_open(clinic, mark):
    told = at_once(10, lambda _: clinic.safety.told(mark.mark_id, NOW + HOUR))

    assert told.count(True) == 1
    assert clinic.safety.overdue(NOW + DAY, HOUR) == ()
    [still_open] = clinic.safety.open_marks("anna")
    assert still_open.told_at == NOW + HOUR


def test_the_answer_behind_a_seen_mark_goes_with_its_submission(clinic, mark):
    clinic.safety.seen(mark.mark_id, by="Dr X", now=NOW)
    leased = clinic.outbox.lease(worker="w", now=NOW, until=NOW + HOUR)
    clinic.outbox.verified(leased, progress=b"", now=NOW)

    clinic.outbox.purge(NOW + DAY, DAY)

    [kept] = clinic.safety.marks("anna")
    assert (kept.body, kept.seen_by) == (b"", "Dr X")
