"""The page on support says what the tree says."""

from tests.support_reference import PAGE, page


def test_the_support_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make reference"
