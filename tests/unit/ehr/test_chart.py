"""The chart is what the EHR holds and what waits here, each sitting once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ehr.chart import Chart, waiting_in
from ehr.errors import EhrUnreachable
from ehr.server import FhirServer
from ehr.wire.egress import GuardedSession
from tests.fault_proxy.clinic import DIALECT, Clinic, Clock
from tests.fault_proxy.faults import Script
from tests.fault_proxy.ledger_ehr import OFFERS, LedgerEhr
from tests.fault_proxy.proxy import FaultProxy


@pytest.fixture
def ehr() -> Iterator[LedgerEhr]:
    with LedgerEhr(OFFERS["E1"], Clock()) as found:
        yield found


@pytest.fixture
def proxy(ehr: LedgerEhr) -> Iterator[FaultProxy]:
    with FaultProxy(ehr.port, Script([])) as found:
        yield found


@pytest.fixture
def clinic(tmp_path: Path, proxy: FaultProxy) -> Iterator[Clinic]:
    found = Clinic(tmp_path, proxy.base)
    yield found
    found.close()


def chart_of(clinic: Clinic) -> Chart:
    session = GuardedSession(fence=clinic.tenant.fhir_fence)
    server = FhirServer(clinic.tenant, session, lambda: "t")
    return Chart(server, clinic.part.outbox, library=clinic.library, dialect=DIALECT)


def sealed(clinic: Clinic, *, patient: str = "p-1") -> str:
    form = clinic.answer("phq-9", patient=patient)
    clinic.seal(form, context_id=clinic.launch(patient))
    return str(form.id)


def test_what_waits_here_belongs_to_the_course(clinic: Clinic) -> None:
    submission = sealed(clinic)

    reading = chart_of(clinic).reading("p-1")

    (found,) = reading.episode.measurements
    assert (found.source, found.in_record) == (f"outbox/{submission}", False)


def test_what_is_in_the_record_comes_from_there(clinic: Clinic) -> None:
    sealed(clinic)
    clinic.drain(clinic.worker())

    (found,) = chart_of(clinic).reading("p-1").episode.measurements

    assert found.in_record
    assert found.source.startswith("QuestionnaireResponse/")
    assert found.answers is not None


def test_what_arrived_and_is_not_verified_yet_counts_once(
    clinic: Clinic, proxy: FaultProxy
) -> None:
    sealed(clinic)
    proxy.plan = Script(["commit_reset", "commit_reset"])
    clinic.worker().run_once(clinic.clock.now)

    waiting = waiting_in(clinic.part.outbox, "p-1", clinic.library)
    (found,) = chart_of(clinic).reading("p-1").episode.measurements

    assert len(waiting.submissions) == 1
    assert found.in_record


def test_another_patients_forms_are_not_in_it(clinic: Clinic) -> None:
    sealed(clinic, patient="p-2")

    assert chart_of(clinic).reading("p-1").episode.measurements == ()


def test_a_page_that_is_missing_is_said(clinic: Clinic, proxy: FaultProxy) -> None:
    proxy.plan = Script(["commit_html"], methods=("GET",))

    reading = chart_of(clinic).reading("p-1")

    assert [each.reason for each in reading.unread] == ["partial_page"]


def test_when_the_ehr_is_away_what_waits_here_is_still_known(
    clinic: Clinic, proxy: FaultProxy
) -> None:
    submission = sealed(clinic)
    proxy.close()
    chart = chart_of(clinic)

    with pytest.raises(EhrUnreachable):
        chart.reading("p-1")

    assert [str(each.id) for each in chart.waiting("p-1").submissions] == [submission]
