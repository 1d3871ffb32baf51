"""Norms count the sessions that the rules count, on the same scores."""

from array import array
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.measurement import episode_from, sitting_instant
from clinical.norms.courses import courses_of, found_in
from clinical.trajectory import trajectories
from tests.instruments import PHQ9, scored

START = datetime(2026, 3, 2, tzinfo=UTC)
EPOCH = date(1970, 1, 1)

sittings = st.lists(
    st.builds(
        lambda minutes, hours, value: (
            (START + timedelta(minutes=minutes)).astimezone(
                timezone(timedelta(hours=hours))
            ),
            value,
        ),
        st.integers(0, 5 * 24 * 60),
        st.integers(-12, 14),
        st.integers(0, 27),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda each: sitting_instant(each[0]),
)


@settings(max_examples=60, deadline=None)
@given(sittings)
def test_a_norm_counts_the_sessions_that_the_rules_count(
    found: list[tuple[datetime, int]],
) -> None:
    count = len(found)

    (series,) = trajectories(
        episode_from(
            replace(scored(PHQ9, value, day=1), authored=at, source=f"Observation/{n}")
            for n, (at, value) in enumerate(found)
        ),
        PHQ9,
    )
    courses = courses_of(
        found_in(
            array("q", [1] * count),
            array("q", range(count)),
            instant=array("q", [int(at.timestamp()) for at, _ in found]),
            day=array("i", [(at.date() - EPOCH).days for at, _ in found]),
            updated=array("I", [0] * count),
            value=array("d", [value for _, value in found]),
            answered=array("b", [0] * count),
        )
    )

    assert list(zip(courses.session, courses.score, strict=True)) == [
        (each.session_number, float(each.value)) for each in series.readings
    ]
    assert courses.same_day == count - len(series.readings)
