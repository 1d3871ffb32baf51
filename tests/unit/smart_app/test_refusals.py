"""Every error that can reach a page has words there; the others are named with why."""

import inspect
from collections.abc import Iterator

import pytest

import clinical.errors
import ehr.errors
import fhir_mapping.errors
import questionnaires.errors
import smart_app.errors
import vault.errors
from smart_app.guesses import TooManyGuesses
from smart_app.refusals import ON_TABLET, REFUSALS, refusal_page
from tests.installation import STAFF, TABLET
from tests.unit.smart_app.conftest import Clinic

# Where each is turned into something else before any page could meet it.
HANDLED = {
    "InstrumentFileError": "no start",
    "PlanFileError": "no start",
    "NormPackError": "no start",
    "DialectFileError": "no start",
    "TenantFileError": "no start",
    "WrongKey": "no start",
    "UnknownSchema": "no start",
    "NotValidR4": "delivery holds the response",
    "UnmappedCode": "counted as unread",
    "LeaseLost": "the slower one drops its work, or AccessExpired",
    "MalformedRequest": "the other face",
}
ROOMS = (
    questionnaires.errors,
    clinical.errors,
    fhir_mapping.errors,
    vault.errors,
    ehr.errors,
    smart_app.errors,
)


def errors() -> Iterator[type[Exception]]:
    for room in ROOMS:
        for _, each in inspect.getmembers(room, inspect.isclass):
            if issubclass(each, Exception) and each.__module__ == room.__name__:
                yield each


@pytest.mark.parametrize("error", list(errors()), ids=lambda each: each.__name__)
def test_an_error_has_a_page_or_never_reaches_one(error: type[Exception]) -> None:
    has_page = any(each in REFUSALS for each in error.__mro__)

    assert has_page != (error.__name__ in HANDLED)


def test_too_many_guesses_are_told_on_the_code_page() -> None:
    assert not issubclass(TooManyGuesses, tuple(REFUSALS))


def raised(kind: type[Exception]) -> Exception:
    """One of this kind, whatever it wants to be told."""
    error = kind.__new__(kind)
    Exception.__init__(error, "<b>Amina Saltmarsh</b>")
    return error


def test_a_page_says_what_happened_and_how_to_go_on_and_quotes_nothing(
    clinic: Clinic,
) -> None:
    for kind, refusal in REFUSALS.items():
        with clinic.app.test_request_context("/launch/clinic", base_url=STAFF):
            page = refusal_page(raised(kind)).get_data(as_text=True)

        assert refusal.status >= 400
        assert "<h1>" in page and 'role="alert"' in page, kind
        assert "Saltmarsh" not in page, kind


def test_a_tablet_is_never_sent_to_a_chart(clinic: Clinic) -> None:
    for kind in REFUSALS:
        with clinic.app.test_request_context("/kiosk/clinic", base_url=TABLET):
            answer = refusal_page(raised(kind))
        page = answer.get_data(as_text=True)

        assert "give the tablet to the staff" in page, kind
        assert "from the chart" not in page, kind
        assert kind not in ON_TABLET or answer.status_code == 410


def test_an_event_id_on_the_page_is_in_the_log(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    page = clinic.client().get("/launch/clinic", base_url=STAFF)

    fields = caplog.records[-1].__dict__["fields"]
    assert fields["event_id"] in page.text
    assert set(fields) == {"event", "event_id", "status", "cause", "route"}
