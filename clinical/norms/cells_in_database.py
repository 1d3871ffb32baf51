"""The same cells, computed where the readings are: one expression for any database.

Ibis turns it into the SQL of DuckDB, Spark, BigQuery, Snowflake, PostgreSQL and others.
Only cells come home. Needs the extra `ibis`; nothing is executed here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clinical.norms.cells import COLUMNS, Cells


def cells_expression(readings: Any, *, knot_session: float | None = None) -> Any:
    """Cells of a table of readings, as an Ibis table with the columns of `COLUMNS`.

    Rows of a person are ordered by `at`; the first is the intake, the others are
    sessions 2, 3, ... People with an intake alone are left out.

    Args:
        readings: an Ibis table with `person` (anything), `at` (anything with an order,
            one reading per person and moment) and `score` (score points).
        knot_session: as `cells_of`.
    """
    import ibis  # an extra of its own, which whoever reads cells does not need

    course = ibis.window(group_by="person", order_by="at")
    score = readings.score.cast("float64")
    numbered = readings.select(
        person=readings.person,
        y=score,
        session=(ibis.row_number().over(course) + 1).cast("float64"),
        intake=score.first().over(course),
    )
    later = numbered.filter(numbered.session > 1)
    time = later.session.ln()
    bent = ibis.literal(0.0)
    if knot_session is not None:
        gap = time - float(np.log(knot_session))
        bent = ibis.ifelse(gap > 0, gap, 0.0)
    people = later.group_by("person").agg(
        readings=later.count(),
        x=later.intake.min(),
        y=later.y.sum(),
        ly=(time * later.y).sum(),
        yy=(later.y * later.y).sum(),
        ky=(bent * later.y).sum(),
    )
    cells = people.group_by("readings").agg(
        persons=people.count(),
        x=people.x.sum(),
        xx=(people.x * people.x).sum(),
        y=people.y.sum(),
        ly=people.ly.sum(),
        yy=people.yy.sum(),
        xy=(people.x * people.y).sum(),
        xly=(people.x * people.ly).sum(),
        y_y=(people.y * people.y).sum(),
        y_ly=(people.y * people.ly).sum(),
        ly_ly=(people.ly * people.ly).sum(),
        ky=people.ky.sum(),
        xky=(people.x * people.ky).sum(),
    )
    return cells.select(*COLUMNS).order_by("readings")


def cells_from_columns(
    columns: Mapping[str, Sequence[float]], *, knot_session: float | None = None
) -> Cells:
    """What the database answered, as cells.

    Args:
        columns: by name as in `COLUMNS`, in the order of the expression.
        knot_session: as the expression was given.
    """
    found = {name: np.asarray(columns[name], dtype=np.float64) for name in COLUMNS}
    return Cells(
        found["readings"].astype(np.int64),
        found["persons"].astype(np.int64),
        **{name: found[name] for name in COLUMNS[2:]},
        knot_session=knot_session,
    )
