"""The fixtures through which a spec table is read."""

from collections.abc import Callable

import pytest

from tests.spec.tables import check_change, check_interruptions, check_signals


@pytest.fixture
def signal_spec() -> Callable[..., None]:
    """A table of sessions and scores, and what the rules say about it."""
    return check_signals


@pytest.fixture
def interruption_spec() -> Callable[..., None]:
    """A table of openings of one chart, and the cards at each of them."""
    return check_interruptions


@pytest.fixture
def change_spec() -> Callable[..., None]:
    """A table of sessions and scores, and what became of the course by each method."""
    return check_change
