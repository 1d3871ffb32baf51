"""The order of lines and files and the size of pieces change nothing."""

import tempfile
from datetime import date, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ehr.bulk.extract import Wish, extract
from ehr.bulk.scan import Scanner
from ehr.bulk.spans import spans_of
from fhir_mapping.bulk_line import LineReader
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.r4.dates import to_the_day
from tests.exports import courses_in, in_folder, ndjson, other, reading, table

WISH = Wish("phq-9")
WANTED = WISH.wanted()

readings = st.builds(
    lambda who, day, value, name, updated, error: reading(
        f"p{who}",
        (date(2026, 1, 1) + timedelta(days=day)).isoformat(),
        value,
        name=f"o{name}",
        meta={"lastUpdated": f"2026-02-{updated:02}T00:00:00Z"},
        status="entered-in-error" if error else "final",
    ),
    st.integers(0, 3),
    st.integers(0, 40),
    st.integers(0, 27),
    st.integers(0, 15),
    st.integers(1, 28),
    st.booleans(),
)
exports = st.lists(st.one_of(readings, st.builds(other, st.just("x"))), max_size=25)


@settings(max_examples=40, deadline=None)
@given(exports, st.randoms(use_true_random=False), st.integers(0, 25))
def test_the_order_of_lines_and_files_changes_nothing(
    resources: list, chance, split: int
) -> None:
    shuffled = list(resources)
    chance.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as name:
        one, two = Path(name) / "one", Path(name) / "two"
        in_folder(one, [*resources, other("last")])
        in_folder(two, [*shuffled[split:], other("last")], "Observation-1.ndjson")
        in_folder(two, shuffled[:split], "Observation-2.ndjson")

        assert table(courses_in(one)) == table(courses_in(two))


@settings(max_examples=40, deadline=None)
@given(exports, st.integers(50, 2_000))
def test_the_size_of_the_pieces_changes_nothing(resources: list, size: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = in_folder(Path(name), [*resources, other("last")])
        whole = extract(folder, WISH)
        scanner = Scanner(WANTED)
        pieces = [
            scanner.scan(each) for each in spans_of(folder, ("Observation",), size=size)
        ]

    values = [value for each in pieces for value in each.columns.instant]
    assert values == list(whole.columns.instant)
    assert sum(each.lines for each in pieces) == whole.lines


@settings(max_examples=60, deadline=None)
@given(st.lists(readings, min_size=1, max_size=8))
def test_what_is_remembered_is_what_is_judged(resources: list) -> None:
    remembering = LineReader(WANTED, "Observation")
    for each in resources * 2:
        line = ndjson([each])

        found, anew = remembering.row(line), LineReader(WANTED, "Observation").row(line)

        assert repr(found) == repr(anew)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.datetimes().map(lambda each: each.isoformat()),
        st.dates().map(lambda each: each.isoformat()),
        st.from_regex(r"20[0-9]{2}-[01][0-9](-[0-3][0-9])?", fullmatch=True),
        st.from_regex(
            r"20[0-9]{2}-0[1-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9](:[0-6][0-9])?"
            r"(\.[0-9]{1,9})?(Z|[+-][01][0-9]:[0-5][0-9])?",
            fullmatch=True,
        ),
        st.text(max_size=30),
    )
)
def test_a_date_read_in_parts_is_the_date_read_whole(text: str) -> None:
    line = ndjson([reading("p", "2026-01-01", 5, name="1", effectiveDateTime=text)])
    whole = to_the_day(text)

    try:
        row = LineReader(WANTED, "Observation").row(line)
    except UnreadableResource:
        row = None

    assert (row is None) == (whole is None)
    if row is None or whole is None:
        return
    assert row[2] == whole.timestamp() // 1
    assert row[3] == (whole.date() - date(1970, 1, 1)).days
