"""Numbers and scales of the short forms, the PCL-5 and CORE."""

from importlib.resources import files

import pytest

from questionnaires.instrument import ProrateMean, Strict
from questionnaires.library import load_library

LIBRARY = load_library()
FOLDER = files("questionnaires") / "instruments"
RISK_OF_THE_CORE_OM = ("q6", "q9", "q16", "q22", "q24", "q34")


def questions(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"q{number}" for number in range(first, last + 1))


@pytest.mark.parametrize(
    ("slug", "high", "operator", "cutoff", "change"),
    [
        ("phq-8", 24, ">=", 10, None),
        ("phq-2", 6, ">=", 3, None),
        ("gad-2", 6, ">=", 3, None),
        ("pcl-5", 80, ">=", 31, 15),
        ("core-10", 40, ">=", 11, 6),
        ("core-om", 40, ">=", 10, 5),
    ],
)
def test_range_cutoff_and_reliable_change(slug, high, operator, cutoff, change):
    instrument = LIBRARY.instrument(slug)
    found = instrument.reliable_change

    assert (instrument.total.low, instrument.total.high) == (0, high)
    assert (instrument.cutoff.operator, instrument.cutoff.value) == (operator, cutoff)
    assert (found and found.value) == change
    assert instrument.direction == "higher_is_worse"


def test_the_steps_of_the_phq_8_are_those_of_the_phq_9_up_to_its_own_top():
    eight, nine = (LIBRARY.instrument(slug).bands for slug in ("phq-8", "phq-9"))

    assert [(b.code, b.low) for b in eight] == [(b.code, b.low) for b in nine]
    assert eight[-1].high == 24


def test_the_clusters_of_the_pcl_5_are_those_of_dsm_5():
    pcl_5 = LIBRARY.instrument("pcl-5")

    assert {score.id: score.link_ids for score in pcl_5.scores} == {
        "total": questions(1, 20),
        "intrusion": questions(1, 5),
        "avoidance": questions(6, 7),
        "cognition-mood": questions(8, 14),
        "arousal": questions(15, 20),
    }
    assert all(isinstance(score.missing, Strict) for score in pcl_5.scores)


@pytest.mark.parametrize(
    ("slug", "turned"),
    [
        ("core-10", ["q2", "q3"]),
        ("core-om", ["q3", "q4", "q7", "q12", "q19", "q21", "q31", "q32"]),
    ],
)
def test_only_the_positive_items_of_core_are_turned_around(slug, turned):
    items = LIBRARY.instrument(slug).items

    assert [item.link_id for item in items if item.reverse] == turned


def test_the_four_scales_of_the_core_om_share_out_its_34_items():
    scores = {score.id: score for score in LIBRARY.instrument("core-om").scores}
    scales = [scores[each] for each in ("well-being", "problems", "functioning")]
    risk = scores["risk"]

    assert [len(each.link_ids) for each in [*scales, risk]] == [4, 12, 12, 6]
    assert risk.link_ids == RISK_OF_THE_CORE_OM
    assert sorted(i for each in [*scales, risk] for i in each.link_ids) == sorted(
        questions(1, 34)
    )
    assert sorted(scores["non-risk"].link_ids) == sorted(
        i for each in scales for i in each.link_ids
    )


def test_every_core_score_is_the_mean_times_ten():
    for slug in ("core-10", "core-om"):
        for score in LIBRARY.instrument(slug).scores:
            assert (score.op, score.factor) == ("mean", 10)
            assert (score.low, score.high) == (0, 40)


@pytest.mark.parametrize(
    ("slug", "score_id", "most", "required"),
    [
        ("core-10", "total", 1, ("q6",)),
        ("core-om", "total", 3, RISK_OF_THE_CORE_OM),
        ("core-om", "non-risk", 3, ()),
        ("core-om", "problems", 1, ()),
        ("core-om", "functioning", 1, ()),
    ],
)
def test_core_bears_this_many_blanks_and_never_a_blank_risk_item(
    slug, score_id, most, required
):
    rule = LIBRARY.instrument(slug).score(score_id).missing

    assert isinstance(rule, ProrateMean)
    assert (rule.max_missing, rule.required) == (most, required)


@pytest.mark.parametrize("scale", ["well-being", "risk"])
def test_the_short_scales_of_the_core_om_bear_no_blank(scale):
    rule = LIBRARY.instrument("core-om").score(scale).missing

    assert isinstance(rule, Strict)


@pytest.mark.parametrize("slug", ["core-10", "core-om"])
def test_core_stands_under_its_own_licence_and_shows_its_copyright_line(slug):
    licence = (FOLDER / slug / "LICENCE").read_text(encoding="utf-8")

    assert LIBRARY.instrument(slug).licence.kind == "B"
    assert "not change the text" in licence
    line = "© CORE System Trust: https://www.coresystemtrust.org.uk/copyright.pdf"
    assert LIBRARY.wording(slug, language="en").notice.startswith(line)
