"""What a database answers becomes the cells that would have been made at home."""

import numpy as np

from clinical.norms.cells import COLUMNS, cells_of
from clinical.norms.cells_in_database import cells_from_columns
from clinical.norms.simulate import HARD, simulate


def test_cells_come_home_as_they_were() -> None:
    readings = simulate(HARD, 300, random=np.random.default_rng(1))
    # The ordinal of a reading, as a database counts it.
    counts = readings.rows_per_person
    starts = np.cumsum(counts) - counts
    ordinal = np.arange(len(readings.score)) - np.repeat(starts, counts) + 2
    made = type(readings)(
        readings.person, ordinal, score=readings.score, intake=readings.intake
    )
    cells = cells_of(made, knot_session=4.0)
    columns = {name: getattr(cells, name).tolist() for name in COLUMNS}

    found = cells_from_columns(columns, knot_session=4.0)

    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(found, name), getattr(cells, name))
    assert found.knot_session == 4.0
