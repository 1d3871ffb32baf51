"""A form answered at an age that its numbers are not for: the page says so."""

from datetime import date

import pytest

from smart_app.clinician import answered_at_other_ages
from smart_app.graph.spec import graph_spec
from tests.installation import STAFF
from tests.instruments import PHQ9, weekly
from tests.unit.smart_app.conftest import Clinic


@pytest.mark.hazard("H07")
@pytest.mark.parametrize(
    ("born", "said"),
    [
        (
            date(2011, 1, 1),
            [
                "PHQ-9 was answered at the age of 15. Its cut-off and reliable change"
                " are for ages 18 to 120 and are not known to hold at this age."
            ],
        ),
        (date(1990, 1, 1), []),
        (None, []),
    ],
)
def test_the_page_says_when_numbers_are_for_other_ages(
    clinic: Clinic, born: date | None, said: list[str]
) -> None:
    graph = graph_spec(weekly(PHQ9, [12, 13, 19]), (PHQ9,), gap_days=42)

    with clinic.app.test_request_context("/", base_url=STAFF):
        assert answered_at_other_ages(graph, born=born) == said
