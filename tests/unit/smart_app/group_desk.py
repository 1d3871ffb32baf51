"""A clinician's browser with the charts of a therapy group open in it."""

import json
import re
from collections.abc import Sequence

from werkzeug.test import TestResponse

from ehr.group_record import CHOSEN, MEAN, SHOWN
from smart_app.services import AppServices
from tests.unit.smart_app.couple_desk import Desk, id_of
from tests.unit.smart_app.sandbox_site import Browser

GROUP = ("hana", "mateusz", "linnea", "chidi", "rosa", "leif")


class GroupDesk(Desk):
    """Hana's chart, and those of her group; `partner` is one of them."""

    def __init__(self, browser: Browser, services: AppServices) -> None:
        self.browser, self.services = browser, services
        self.vault = services.vault_of(services.tenants.by_id("sandbox"))
        self.paths = {each: browser.launch(each) for each in GROUP}
        self.own, self.partner = self.paths["hana"], self.paths["leif"]

    def choice(self, of: str = "hana") -> TestResponse:
        return self.browser.get(f"{self.paths[of]}group")

    def page(self, of: str = "hana") -> TestResponse:
        return self.browser.get(f"{self.paths[of]}group/mean")

    def choose(
        self, *members: str, of: str = "hana", token: str | None = None
    ) -> TestResponse:
        form: dict[str, object] = {
            "token": group_token(self.choice(of)) if token is None else token,
            "member": [id_of(self.paths.get(each, each)) for each in members],
        }
        return self.browser.post(f"{self.paths[of]}group", form)

    def choose_all(self) -> None:
        assert self.choose(*GROUP[1:]).status_code == 303

    def rows(self, kind: str, patient: str) -> list[tuple[str, dict[str, object]]]:
        """Actor and details of each row of this kind in this patient's audit."""
        return [
            (each.row.actor, json.loads(each.row.details))
            for each in self.vault.audit.of_patient(patient, kinds=(kind,))
        ]

    def nothing_kept(self, patients: Sequence[str] = GROUP) -> bool:
        kinds = (CHOSEN, SHOWN, MEAN)
        return not any(self.rows(kind, each) for kind in kinds for each in patients)


def group_token(page: TestResponse) -> str:
    """Of the forms that choose; the safety banner has another."""
    found = re.search(r'value="([^"]+)">\s*<fieldset', page.text)
    return found[1] if found else ""


def means(page: TestResponse) -> list[str]:
    """The last column of the table, newest first."""
    return re.findall(r"<td>([^<]*)</td></tr>", page.text)
