"""The order of lines and files and the size of pieces change nothing."""

import tempfile
from contextlib import closing
from dataclasses import astuple
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ehr.bulk.extract import Wish, extract
from ehr.bulk.gathered import Gathered
from ehr.bulk.scan import Scanned, Scanner
from ehr.bulk.spans import Span, spans_of
from fhir_mapping.bulk_line import LineReader
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.r4.date_columns import moments_from, moments_of
from fhir_mapping.r4.dates import to_the_day
from tests.exports import (
    courses_and_older,
    courses_in,
    in_folder,
    joined_table,
    ndjson,
    other,
    reading,
    table,
)

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


odd_lines = st.sampled_from(
    [
        b"\n",
        b" \r\n",
        b'{"resourceType":"Observation"} {"resourceType":"Observation"}\n',
        b'{"resourceType":\n"Observation"}\n',
        b'{"resourceType":"Observation","code":{"coding":[{"code":"44261-6"}]\n',
        b"\xff\n",
        b'{"resourceType":"Patient","id":"p"}\n',
    ]
)
changed = st.sampled_from(
    [
        {},
        {"name": None},
        {"subject": None},
        {"subject": {"reference": "Group/1"}},
        {"subject": {"reference": "https://ehr.example/fhir/Patient/p1"}},
        {"effectiveDateTime": "2026-02"},
        {"effectiveDateTime": "2026-02-03"},
        {"effectiveDateTime": "2026-02-03T10:11:12.345+01:00"},
        {"effectiveDateTime": None, "effectiveInstant": "2026-02-03T10:11:12Z"},
        {"meta": None},
        {"meta": {"lastUpdated": "yesterday"}},
        {"note": [{"text": "Grüße \u0000"}]},
        {"extension": [{"url": "x"}]},
        {"modifierExtension": [{"url": "x"}]},
        {"valueQuantity": {"value": 99}},
        {"language": "de"},
        {"status": "preliminary"},
    ]
)
lines = st.one_of(
    st.builds(
        lambda number, changes: ndjson(
            [reading("p1", "2026-01-01", 5, **({"name": f"o{number}"} | changes))]
        ),
        st.integers(0, 5),
        changed,
    ),
    st.builds(lambda name: ndjson([other(name)]), st.text(max_size=3)),
    odd_lines,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(lines, max_size=12), st.booleans())
def test_lines_read_together_say_what_each_says_alone(
    texts: list[bytes], cut: bool
) -> None:
    known = ndjson([reading("p1", "2026-01-01", 5, name="judged before")])
    text = known + b"".join(texts)
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "Observation.ndjson"
        file.write_bytes(text[:-1] if cut else text)
        span = Span(file, "Observation", 0, file.stat().st_size)
        with patch("ehr.bulk.spans.BUFFER", 700):  # what is judged is known after it
            together = Scanner(WANTED)._together(span)
        alone = Scanner(WANTED)._one_by_one(span)
    if together is None:
        assert ("effectiveDateTime", "no_date") in alone.unread
        return
    assert rows(together) == rows(alone)
    for each in ("lines", "unread", "unread_at", "left_out", "estimated", "others"):
        assert getattr(together, each) == getattr(alone, each)


def rows(found: Scanned) -> list[tuple]:
    columns = astuple(found.columns)
    return sorted(zip(*columns, strict=True))


@settings(max_examples=40, deadline=None)
@given(exports, st.integers(1, 12), st.integers(200, 4_000))
def test_the_number_of_piles_changes_nothing(
    resources: list, held: int, size: int
) -> None:
    """Not even the numbers of people; versions of a record may name different ones."""
    with tempfile.TemporaryDirectory() as name:
        folder = in_folder(Path(name), [*resources, other("last")])
        whole, older = courses_and_older(folder)
        scanner = Scanner(WANTED)
        with closing(Gathered(held=held)) as gathered:
            for each in spans_of(folder, ("Observation",), size=size):
                gathered.add(scanner.scan(each).columns)
            parts = list(gathered.courses())

    assert joined_table(parts) == table(whole)
    assert gathered.older_versions == older
    for count in ("same_sitting", "same_day", "disagreeing", "later_courses"):
        assert sum(getattr(each, count) for each in parts) == getattr(whole, count)


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


alike = st.sampled_from(["", ".1", ".123", ".123456"]).flatmap(
    lambda fraction: st.sampled_from(
        [r"Z", r"[+-](0[0-9]|1[0-9]|2[0-4]):[0-6][0-9]", ""]
    ).flatmap(
        lambda offset: st.lists(
            st.from_regex(
                r"(0001|1900|20[0-9]{2}|9999)-(0[0-9]|1[0-3])-([0-2][0-9]|3[0-2])"
                r"T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]" + fraction + offset,
                fullmatch=True,
            ),
            min_size=1,
            max_size=5,
        )
    )
)


@settings(max_examples=500, deadline=None)
@given(st.one_of(alike, st.lists(st.none() | st.sampled_from(["", "2026", "x" * 20]))))
def test_dates_read_together_say_what_each_says_alone(texts: list[str | None]) -> None:
    def one(text: str | None) -> tuple[int, int] | None:
        found = to_the_day(text)
        if found is None:
            return None
        return int(found.timestamp() // 1), (found.date() - date(1970, 1, 1)).days

    instant, day, exact = moments_of(texts, one)

    each = [one(text) for text in texts]
    assert exact.tolist() == [moment is not None for moment in each]
    assert list(zip(instant.tolist(), day.tolist(), strict=True)) == [
        moment or (0, 0) for moment in each
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-29T23:59:59Z",
        "2023-02-29T10:00:00Z",
        "1900-02-29T10:00:00Z",
        "2000-02-29T00:00:00.999-23:59",
        "2026-12-31T23:30:00.000001-02:00",
        "2026-04-31T10:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-01-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T10:00:60Z",
        "2026-01-01T10:00:00+24:00",
        "2026-01-01T10:00:00 01:00",
    ],
)
def test_edges_of_the_calendar_are_read_together_as_alone(text: str) -> None:
    whole = to_the_day(text)

    found = moments_from([text, text])

    if found is None:  # then each is read by itself
        assert whole is None or text[17:19] == "60"
        return
    assert whole is not None
    assert found[0].tolist() == [whole.timestamp() // 1] * 2
    assert found[1].tolist() == [(whole.date() - date(1970, 1, 1)).days] * 2
