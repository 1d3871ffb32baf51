"""A card's detail is drawn from its Markdown, and never as HTML."""

import pytest

from sandbox_ehr.markdown import Run, blocks


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("one\ntwo", [("paragraph", ["one two"])]),
        ("one\n\ntwo", [("paragraph", ["one"]), ("paragraph", ["two"])]),
        ("- a\n- b", [("bullets", ["a", "b"])]),
        ("1. a\n2. b", [("numbers", ["a", "b"])]),
        ("intro\n- a\n  more", [("paragraph", ["intro"]), ("bullets", ["a more"])]),
        ("## Title\ntext", [("heading", ["Title"]), ("paragraph", ["text"])]),
        ("", []),
    ],
)
def test_blocks_are_recognised(text, shape):
    found = [
        (each.kind, ["".join(run.text for run in line) for line in each.lines])
        for each in blocks(text)
    ]

    assert found == shape


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**bold**", [Run("bold", "strong")]),
        ("_weak_", [Run("weak", "weak")]),
        ("a_b_c", [Run("a_b_c")]),
        (r"\*not bold\*", [Run("*"), Run("not bold"), Run("*")]),
        ("&lt;b&gt;", [Run("<b>")]),
        ("[x](https://a.example/y)", [Run("x", "link", "https://a.example/y")]),
        ("[x](javascript:alert)", [Run("[x](javascript:alert)")]),
    ],
)
def test_a_line_is_made_of_plain_runs(text, expected):
    (block,) = blocks(text)

    assert list(block.lines[0]) == expected
