"""A clinic, an EHR with a ledger, and a proxy that breaks things between them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from ehr.delivery.ladder import Probed
from ehr.delivery.worker import Worker
from tests.fault_proxy.clinic import SCOPES, Clinic, Clock
from tests.fault_proxy.faults import NoFaults
from tests.fault_proxy.ledger_ehr import Ledger, LedgerEhr, Offer
from tests.fault_proxy.proxy import FaultProxy, Plan


@dataclass(slots=True)
class Scene:
    """One EHR, one proxy in front of it, one clinic behind that."""

    clinic: Clinic
    proxy: FaultProxy
    ledger: Ledger
    worker: Worker

    def deliver(self) -> None:
        """Until nothing is open."""
        self.clinic.drain(self.worker, settle=self.proxy.settle)

    def one_form(self, *, patient: str = "p-1") -> str:
        """A sealed PHQ-9; its submission id."""
        context = self.clinic.launch(patient)
        form = self.clinic.answer("phq-9", patient=patient)
        return self.clinic.seal(form, context_id=context).submission_id


SceneMaker = Callable[..., Scene]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[SceneMaker]:
    """Makes scenes; everything is closed at the end."""
    with ExitStack() as stack:

        def make(
            offer: Offer,
            plan: Plan | None = None,
            *,
            probed: Probed = Probed(),  # noqa: B008 -- frozen
            scopes: str = SCOPES,
            seed: int = 1,
        ) -> Scene:
            clock = Clock()
            ehr = stack.enter_context(LedgerEhr(offer, clock))
            proxy = stack.enter_context(FaultProxy(ehr.port, plan or NoFaults()))
            clinic = Clinic(
                tmp_path / f"vault-{ehr.port}",
                proxy.base,
                clock=clock,
                scopes=scopes,
                seed=seed,
            )
            stack.callback(clinic.close)
            return Scene(clinic, proxy, ehr.ledger, clinic.worker(probed=probed))

        yield make
