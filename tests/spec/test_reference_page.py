"""The page for clinicians says what the tests say."""

from tests.spec.signal_tables import PAGE, page


def test_the_reference_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python -m tests.spec.signal_tables > docs/reference/signals.md"
    )
