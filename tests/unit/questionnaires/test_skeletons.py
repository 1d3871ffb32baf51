"""The forms that ship as structure alone, against tables written down independently.

No word of any of these forms is here: items are numbers, answers are points.
"""

from decimal import Decimal
from importlib.resources import files

import pytest

from questionnaires.answers import answers_from_offered, is_asked
from questionnaires.instrument import (
    ChoiceItem,
    EachPart,
    ProrateMean,
    SliderItem,
    Strict,
)
from questionnaires.library import NoWording, load_library
from questionnaires.points import offered_points
from questionnaires.scoring import NotScored, Score, score_answers

LIBRARY = load_library()
FOLDER = files("questionnaires") / "instruments"
SKELETONS = sorted(slug for slug, each in LIBRARY.instruments.items() if each.skeleton)
LICENSED = [s for s in SKELETONS if LIBRARY.instrument(s).licence.kind == "D"]
CONDITIONAL = [s for s in SKELETONS if LIBRARY.instrument(s).licence.kind == "C"]
CHOICES = [
    slug
    for slug in SKELETONS
    if isinstance(LIBRARY.instrument(slug).items[0], ChoiceItem)
]

# Items, what each is worth, which are turned around, and from where.
TO_1, TO_2, TO_3 = [1, 0], [0, 1, 2], [0, 1, 2, 3]
TO_4, TO_5 = [0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5]
FROM_3, FROM_4, FROM_5 = TO_3[::-1], TO_4[::-1], TO_5[::-1]

POINTS = {
    # CamCOPS, server/camcops_server/tasks/audit.py (AuditC).
    "audit-c": [TO_4] * 3,
    # LOINC panel 93373-9 as LHC-Forms exports it: yes before no.
    "c-ssrs-screener": [TO_1] * 7,
    # urtuba/psytools, src/inventories/csi16.ts, after the authors' form.
    "csi-16": [
        [0, 1, 2, 3, 4, 5, 6],
        FROM_5,
        *[TO_5] * 8,
        *[FROM_5, TO_5, FROM_5, FROM_5, TO_5, FROM_5],
    ],
    # University of Wisconsin-Madison, ARC, DASS21.
    "dass-21": [TO_3] * 21,
    # CamCOPS, tablet_qt/tasks/epds.cpp: items 3 and 5 to 10 from the top down.
    "epds": [TO_3, TO_3, FROM_3, TO_3, *[FROM_3] * 6],
    # Australian Bureau of Statistics, 4817.0.55.001, table D.
    "k10": [[1, 2, 3, 4, 5]] * 10,
    # A published study after Lambert et al., quoted.
    "oq-30-2": [TO_4] * 30,
    # The Professional Counselor 13(3), p. 197.
    "oq-45-2": [TO_4] * 45,
    # LOINC 89206-7; nine as in the PHQ-9, low mood, difficulty, two on suicide.
    "phq-a": [*[TO_3] * 9, [0, 1], TO_3, [0, 1], [0, 1]],
    # Printed form of the R-DAS (Busby et al. 1995), a public copy.
    "r-das": [*[FROM_5] * 6, *[TO_5] * 4, FROM_4, *[TO_5] * 3],
    # nivlab/jspsych-demos, surveys: SAI, patient version.
    "sai": [TO_5] * 6,
    # sdqinfo.org, scoring program c1.
    "sdq-parent": [TO_2] * 25,
    "sdq-self": [TO_2] * 25,
    # Scoring page of Rivet.
    "wai-sr": [[1, 2, 3, 4, 5]] * 12,
    # awell-health/awell-score, who_5/README.md, after the WHO's release of 2024.
    "who-5": [FROM_5] * 5,
    # CamCOPS, server/camcops_server/tasks/wsas.py.
    "wsas": [[0, 1, 2, 3, 4, 5, 6, 7, 8]] * 5,
    # A public programme's description of its scoring, quoted.
    "y-oq-30-2-parent": [TO_4] * 30,
    "y-oq-30-2-self": [TO_4] * 30,
    # awell-health/awell-score, yp_core/README.md.
    "yp-core": [TO_4] * 10,
}
LINES = {"cors": "outcome", "csrs": "alliance", "gsrs": "alliance"} | {
    "ors": "outcome",
    "srs": "alliance",
}

REVERSED = {
    # Scoring sheet of a training clinic; The Professional Counselor: nine items.
    "oq-45-2": [1, 12, 13, 20, 21, 24, 31, 37, 43],
    # sdqinfo.org, c1 (7 obeys, 11 friend, 14 popular, 21 reflect, 25 attends) with the
    # names that its c3 turns around.
    "sdq-parent": [7, 11, 14, 21, 25],
    "sdq-self": [7, 11, 14, 21, 25],
    # awell-health/awell-score, yp_core/README.md and yp_core_inputs.ts.
    "yp-core": [3, 5, 10],
}

# sdqinfo.org, c1, with the names that its c3 adds up: somatic, worries, unhappy,
# clingy, afraid; and so on.
SDQ = {
    "emotional": ([3, 8, 13, 16, 24], 0, 10),
    "conduct": ([5, 7, 12, 18, 22], 0, 10),
    "hyperactivity": ([2, 10, 15, 21, 25], 0, 10),
    "peer": ([6, 11, 14, 19, 23], 0, 10),
    "prosocial": ([1, 4, 9, 17, 20], 0, 10),
}
SCORES = {
    "audit-c": {"total": ([1, 2, 3], 0, 12)},
    "c-ssrs-screener": {},
    "csi-16": {"total": (range(1, 17), 0, 81)},
    # Wisconsin, ARC; the same in thecalculator.co, phnupdates.com, urtuba/psytools.
    "dass-21": {
        "depression": ([3, 5, 10, 13, 16, 17, 21], 0, 42),
        "anxiety": ([2, 4, 7, 9, 15, 19, 20], 0, 42),
        "stress": ([1, 6, 8, 11, 12, 14, 18], 0, 42),
    },
    "epds": {"total": (range(1, 11), 0, 30)},
    "k10": {"total": (range(1, 11), 10, 50)},
    # A published study after Lambert et al., quoted.
    "oq-30-2": {"total": (range(1, 31), 0, 120)},
    # A public programme's description of its scoring, quoted.
    "y-oq-30-2-parent": {"total": (range(1, 31), 0, 120)},
    "y-oq-30-2-self": {"total": (range(1, 31), 0, 120)},
    # Lists in a public program; numbers of items and ranges as in The Professional
    # Counselor 13(3), p. 197, and English Wikipedia.
    "oq-45-2": {
        "total": (range(1, 46), 0, 180),
        "symptom-distress": (
            [
                *[2, 3, 5, 6, 8, 9, 10, 11, 13, 15, 22, 23, 24, 25, 27, 29, 31, 33],
                *[34, 35, 36, 40, 41, 42, 45],
            ],
            0,
            100,
        ),
        "interpersonal-relations": ([1, 7, 16, 17, 18, 19, 20, 26, 30, 37, 43], 0, 44),
        "social-role": ([4, 12, 14, 21, 28, 32, 38, 39, 44], 0, 36),
    },
    # LOINC 89204-2: the nine scored items.
    "phq-a": {"total": (range(1, 10), 0, 27)},
    # simplified.tools, R-DAS; its 20 for cohesion overlooks item 11, which ends at 4.
    "r-das": {
        "total": (range(1, 15), 0, 69),
        "consensus": (range(1, 7), 0, 30),
        "satisfaction": (range(7, 11), 0, 20),
        "cohesion": (range(11, 15), 0, 19),
    },
    "sai": {"total": (range(1, 7), 0, 30)},
    "sdq-parent": {
        "total": (
            [3, 8, 13, 16, 24, 5, 7, 12, 18, 22, 2, 10, 15, 21, 25, 6, 11, 14, 19, 23],
            0,
            40,
        )
    }
    | SDQ,
    # Blueprint; the same in Rivet.
    "wai-sr": {
        "total": (range(1, 13), 12, 60),
        "goal": ([4, 6, 8, 11], 4, 20),
        "task": ([1, 2, 10, 12], 4, 20),
        "bond": ([3, 5, 7, 9], 4, 20),
    },
    # awell-health/awell-score, who_5/README.md; the same in Valant.
    "who-5": {"percentage": (range(1, 6), 0, 100), "raw": (range(1, 6), 0, 25)},
    "wsas": {"total": (range(1, 6), 0, 40), "without-work": (range(2, 6), 0, 32)},
    # CORE System Trust: no domains.
    "yp-core": {"total": (range(1, 11), 0, 40)},
}
SCORES["sdq-self"] = SCORES["sdq-parent"]

# Section on safety of the clinical guide, and each form's own instructions.
SAFETY = {("c-ssrs-screener", f"q{n}"): (1, "full") for n in range(1, 7)} | {
    ("c-ssrs-screener", "q6-3-months"): (1, "full"),
    ("dass-21", "q21"): (1, "review"),
    ("epds", "q10"): (1, "full"),
    ("oq-45-2", "q8"): (1, "full"),
    ("phq-a", "q9"): (1, "full"),
    ("phq-a", "q12"): (1, "full"),
    ("phq-a", "q13"): (1, "full"),
    ("yp-core", "q4"): (1, "full"),
}


def scores(slug: str, given: dict[str, int]) -> dict[str, Score | NotScored]:
    instrument = LIBRARY.instrument(slug)
    answers = answers_from_offered(instrument, given, language="en")
    return {each.score_id: each for each in score_answers(instrument, answers)}


def numbered(points: list[int | None]) -> dict[str, int]:
    """Answers in the order of the items; None is a blank."""
    return {f"q{n}": each for n, each in enumerate(points, 1) if each is not None}


def values(slug: str, given: dict[str, int]) -> dict[str, Decimal | None]:
    return {
        name: each.value if isinstance(each, Score) else None
        for name, each in scores(slug, given).items()
    }


def test_every_skeleton_is_in_a_table_of_this_file():
    assert sorted(POINTS) + sorted(LINES) == CHOICES + sorted(
        set(SKELETONS) - set(CHOICES)
    )
    assert sorted(SCORES) == CHOICES
    assert CONDITIONAL == [
        "audit-c",
        "c-ssrs-screener",
        "csi-16",
        "dass-21",
        "k10",
        "phq-a",
        "who-5",
    ]


@pytest.mark.parametrize("slug", CHOICES)
def test_items_offer_these_points_in_this_order(slug):
    items = LIBRARY.instrument(slug).items

    assert [[option.points for option in item.options] for item in items] == POINTS[
        slug
    ]


@pytest.mark.parametrize("slug", CHOICES)
def test_items_are_numbered_as_on_paper(slug):
    link_ids = [item.link_id for item in LIBRARY.instrument(slug).items]

    assert [each for each in link_ids if each != "q6-3-months"] == [
        f"q{n}" for n in range(1, len(link_ids) + 1 - ("q6-3-months" in link_ids))
    ]


@pytest.mark.parametrize("slug", CHOICES)
def test_these_items_are_turned_around(slug):
    found = [item.link_id for item in LIBRARY.instrument(slug).items if item.reverse]

    assert found == [f"q{n}" for n in REVERSED.get(slug, [])]


@pytest.mark.parametrize("slug", CHOICES)
def test_scores_are_made_of_these_items_and_have_this_range(slug):
    found = {
        score.id: (list(score.link_ids), score.low, score.high)
        for score in LIBRARY.instrument(slug).scores
    }

    assert found == {
        name: ([f"q{n}" for n in items], low, high)
        for name, (items, low, high) in SCORES[slug].items()
    }


@pytest.mark.parametrize("slug", sorted(LINES))
def test_four_lines_of_ten_centimetres_make_forty_points(slug):
    instrument = LIBRARY.instrument(slug)

    assert instrument.construct == LINES[slug]
    assert [(i.low, i.high, i.points_per_step) for i in instrument.items] == [
        (0, 100, Decimal("0.1"))
    ] * 4
    assert values(slug, {"o1": 100, "o2": 0, "o3": 55, "o4": 7}) == {
        "total": Decimal("16.2")
    }
    assert values(slug, {"o1": 100, "o2": 0, "o3": 55}) == {"total": None}


def test_forms_for_children_end_where_those_for_others_begin():
    ages = {slug: LIBRARY.instrument(slug) for slug in ("cors", "csrs", "ors", "srs")}

    assert [(each.age_min, each.age_max) for each in ages.values()] == [
        (6, 12),
        (6, 12),
        (13, 120),
        (13, 120),
    ]


def test_only_these_answers_of_a_skeleton_are_looked_at_for_safety():
    found = {
        (slug, item.link_id): (item.safety.at_least, item.safety.urgency)
        for slug in SKELETONS
        for item in LIBRARY.instrument(slug).items
        if isinstance(item, ChoiceItem | SliderItem) and item.safety
    }

    assert found == SAFETY


@pytest.mark.parametrize("slug", LICENSED)
def test_a_licensed_form_presets_no_number(slug):
    skeleton = LIBRARY.instrument(slug)

    assert (skeleton.bands, skeleton.reliability) == ((), ())
    assert (skeleton.cutoff, skeleton.reliable_change, skeleton.spread) == (
        None,
        None,
        None,
    )


@pytest.mark.parametrize("slug", SKELETONS)
def test_a_skeleton_says_what_the_clinic_brings_and_holds_no_wording(slug):
    skeleton = LIBRARY.instrument(slug)

    assert len(skeleton.licence.site_adds.split()) > 15
    assert LIBRARY.wording(slug, language="en") == NoWording(slug, "en")
    assert [each.name for each in (FOLDER / slug).iterdir()] == ["instrument.toml"]


@pytest.mark.parametrize("slug", CHOICES)
def test_answers_have_numbers_for_codes_and_no_words(slug):
    codes = {
        option.coding.code
        for item in LIBRARY.instrument(slug).items
        for option in item.options
    }

    assert all(code.isdigit() for code in codes - {"LA33-6", "LA32-8"})


def test_screenings_are_not_followed_and_the_other_forms_are():
    found = {slug: LIBRARY.instrument(slug).construct for slug in CHOICES}

    assert [s for s, construct in found.items() if construct == "screening"] == [
        "audit-c",
        "c-ssrs-screener",
    ]
    assert [s for s, construct in found.items() if construct == "alliance"] == [
        "sai",
        "wai-sr",
    ]


@pytest.mark.parametrize(
    "slug", [slug for slug in CHOICES if LIBRARY.instrument(slug).reversed_known]
)
def test_the_best_and_the_worst_answers_reach_both_ends_of_every_score(slug):
    instrument = LIBRARY.instrument(slug)
    ends = {True: {}, False: {}}
    for item in instrument.items:
        low, high = offered_points(item)
        for top, given in ends.items():
            given[item.link_id] = high if top != item.reverse else low

    for top, given in ends.items():
        assert values(slug, given) == {
            score.id: score.high if top else score.low for score in instrument.scores
        }


# ---- worked examples


def test_the_least_frequent_answer_throughout_the_oq_45_counts_the_turned_items():
    assert values("oq-45-2", numbered([0] * 45)) == {
        "total": 36,  # nine items, each worth 4
        "symptom-distress": 3 * 4,
        "interpersonal-relations": 4 * 4,
        "social-role": 2 * 4,
    }


def test_one_blank_in_the_oq_45_leaves_the_sub_scales_it_is_not_in():
    found = values("oq-45-2", numbered([*[4] * 44, None]))

    assert [name for name, value in found.items() if value is None] == [
        "total",
        "symptom-distress",
    ]


def test_every_item_of_the_oq_45_is_in_one_sub_scale():
    _, *parts = LIBRARY.instrument("oq-45-2").scores
    items = [link_id for part in parts for link_id in part.link_ids]

    assert sorted(items, key=lambda each: int(each[1:])) == [
        f"q{n}" for n in range(1, 46)
    ]


def test_the_who_5_of_21_raw_points_is_84_per_cent():
    # Worked example of simplified.tools, WHO-5.
    assert values("who-5", numbered([5, 4, 4, 4, 4])) == {"percentage": 84, "raw": 21}


@pytest.mark.parametrize(("raw", "clinical"), [(12, True), (13, False)])
def test_the_who_5_cut_off_lies_below_13_raw_points(raw, clinical):
    who_5 = LIBRARY.instrument("who-5")
    assert (who_5.cutoff.operator, who_5.total.id) == ("<", "percentage")

    assert (raw * 4 < who_5.cutoff.value) is clinical


def test_each_sum_of_the_dass_21_is_doubled_and_item_3_is_depression():
    given = numbered([0] * 21) | {"q3": 1, "q2": 2, "q1": 3}

    assert values("dass-21", given) == {"depression": 2, "anxiety": 4, "stress": 6}


def test_the_bands_of_the_dass_21_are_those_of_depression():
    dass_21 = LIBRARY.instrument("dass-21")

    assert dass_21.total.id == "depression"
    # PMC10560014, table 1: 0-4, 5-6, 7-10, 11-13, 14 and more, before doubling.
    assert [(band.code, band.low) for band in dass_21.bands] == [
        ("normal", 0),
        ("mild", 5 * 2),
        ("moderate", 7 * 2),
        # The manual's 42 items start at 21; doubled sums are even, so 22 is the first.
        ("severe", 11 * 2 - 1),
        ("extremely-severe", 14 * 2),
    ]


def test_the_k10_is_the_australian_coding_with_the_bureaus_groups():
    k10 = LIBRARY.instrument("k10")

    assert "1 to 5" in k10.title
    assert values("k10", numbered([1] * 10)) == {"total": 10}
    # ABS 4817.0.55.001, table E: 10-15, 16-21, 22-29, 30-50.
    assert [(band.low, band.high) for band in k10.bands] == [
        (10, 16),
        (16, 22),
        (22, 30),
        (30, 50),
    ]
    assert k10.cutoff is None


def test_a_couple_below_51_and_a_half_is_on_the_dissatisfied_side():
    cutoff = LIBRARY.instrument("csi-16").cutoff

    assert (cutoff.value, cutoff.operator) == (Decimal("51.5"), "<")


def test_no_one_number_of_the_audit_c_is_preset_for_men_and_women():
    assert LIBRARY.instrument("audit-c").cutoff is None


def test_without_work_the_wsas_has_its_other_score():
    given = numbered([None, 8, 1, 0, 2])

    assert values("wsas", given) == {"total": None, "without-work": 11}


# ---- SDQ


def sdq(scale: str, points: list[int | None]) -> dict[str, int]:
    """All other items at 0; this scale's items, worth so much after turning."""
    given: dict[str, int | None] = {f"q{n}": 0 for n in range(1, 26)}
    for n in REVERSED["sdq-self"]:
        given[f"q{n}"] = 2
    for n, worth in zip(SDQ[scale][0], points, strict=True):
        turned = worth is not None and n in REVERSED["sdq-self"]
        given[f"q{n}"] = 2 - worth if turned else worth
    return {link_id: each for link_id, each in given.items() if each is not None}


@pytest.mark.parametrize(
    ("points", "value"),
    [
        ([2, 1, 0, 1, 2], 6),
        ([2, 2, 1, 0, None], 6),  # 5 / 4 x 5 = 6.25
        ([1, 1, 0, 0, None], 3),  # 2.5, rounded half up
        ([2, 0, 0, None, None], 3),  # 3.33
        # The owner's own example: 4 of three items becomes 7 (6.67 rounded up).
        ([2, 1, 1, None, None], 7),
        ([2, 2, None, None, None], None),
    ],
)
@pytest.mark.parametrize("scale", ["emotional", "hyperactivity"])
def test_a_scale_of_the_sdq_needs_three_answers_and_is_rounded(scale, points, value):
    found = values("sdq-parent", sdq(scale, points))

    assert found[scale] == value
    # Total difficulties is the sum of rounded scales, and falls with any of them.
    assert found["total"] == value


def test_the_prosocial_scale_runs_the_other_way_and_is_no_difficulty():
    found = values("sdq-self", sdq("prosocial", [2, 2, 2, 2, 2]))

    assert (found["prosocial"], found["total"]) == (10, 0)
    assert {
        score.id: score.direction for score in LIBRARY.instrument("sdq-self").scores
    } == dict.fromkeys(["total", *SDQ]) | {"prosocial": "higher_is_better"}
    assert values("sdq-self", sdq("prosocial", [None] * 5))["total"] == 0


def test_parent_and_young_person_are_two_series():
    parent, young = LIBRARY.instrument("sdq-parent"), LIBRARY.instrument("sdq-self")

    assert parent.canonical != young.canonical
    assert parent.total.coding != young.total.coding
    assert ((parent.age_min, parent.age_max), (young.age_min, young.age_max)) == (
        (4, 17),
        (11, 17),
    )


# ---- C-SSRS screener


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({}, ["q1", "q2", "q6"]),
        ({"q1": 1, "q2": 0, "q6": 0}, ["q1", "q2", "q6"]),
        ({"q1": 0, "q2": 1}, ["q1", "q2", "q3", "q4", "q5", "q6"]),
        ({"q2": 0, "q6": 1}, ["q1", "q2", "q6", "q6-3-months"]),
    ],
)
def test_the_screener_asks_on_only_after_a_yes(given, asked):
    screener = LIBRARY.instrument("c-ssrs-screener")
    answers = answers_from_offered(screener, given, language="en")

    found = [each.link_id for each in screener.items if is_asked(each, answers)]

    assert found == asked


def test_the_screener_has_no_score_and_no_word_for_severity():
    screener = LIBRARY.instrument("c-ssrs-screener")
    text = (FOLDER / screener.id / "instrument.toml").read_text(encoding="utf-8")
    keys = "\n".join(line for line in text.splitlines() if not line.startswith("#"))

    assert (screener.scores, screener.bands, screener.cutoff) == ((), (), None)
    assert not any(word in keys.lower() for word in ("moderate", "low risk", "triage"))


def test_items_of_the_screener_carry_the_codes_of_the_loinc_panel():
    screener = LIBRARY.instrument("c-ssrs-screener")

    assert screener.coding.code == "93373-9"
    assert [item.codings[0].code for item in screener.items] == [
        "93246-7",
        "93247-5",
        "93248-3",
        "93249-1",
        "93250-9",
        "93267-3",
        "93269-9",
    ]


@pytest.mark.parametrize(
    ("blank", "value"),
    [
        (None, Decimal(16)),  # 7 x 1 and 3 x 3
        (1, Decimal(15) * 10 / 9),  # the mean of nine, times ten
        (3, Decimal(13) * 10 / 9),
        (4, None),  # the item on risk is never estimated
    ],
)
def test_the_yp_core_bears_one_blank_but_not_the_item_on_risk(blank, value):
    found = values(
        "yp-core", numbered([None if n == blank else 1 for n in range(1, 11)])
    )

    expected = value and value.quantize(Decimal("0.000001")).normalize()
    assert found == {"total": expected}


@pytest.mark.parametrize("slug", SKELETONS)
def test_only_sdq_and_yp_core_estimate_blanks(slug):
    rules = {type(score.missing) for score in LIBRARY.instrument(slug).scores}

    estimating = {"sdq-parent", "sdq-self", "yp-core"}
    assert rules <= ({EachPart, ProrateMean} if slug in estimating else {Strict})
