"""The measurement plan refuses what would be unsafe or unfounded, and says why."""

import re
import tomllib
from dataclasses import replace
from decimal import Decimal

import pytest

from clinical.change_methods import EdwardsNunnally, JacobsonTruax
from clinical.errors import PlanFileError
from clinical.plan import DEMO_PLAN, MeasurementPlan, demo_plan, plan_from_toml
from tests.instruments import LIBRARY

DEMO = DEMO_PLAN.read_text(encoding="utf-8")


def plan(text: str) -> MeasurementPlan:
    return plan_from_toml(text, LIBRARY, file="plan.toml")


def without(pattern: str) -> str:
    changed = re.sub(pattern, "", DEMO, count=1, flags=re.MULTILINE)
    assert changed != DEMO
    return changed


LANGUAGES = 'languages = ["en", "es", "de"]'


def with_changed(old: str, new: str) -> str:
    assert old in DEMO
    return DEMO.replace(old, new, 1)


def refused_key(text: str) -> str:
    with pytest.raises(PlanFileError) as caught:
        plan(text)
    assert caught.value.file == "plan.toml"
    return caught.value.key


def test_the_shipped_plan_is_read():
    found = demo_plan(LIBRARY)

    assert [each.id for each in found.instruments] == [
        "phq-9",
        "gad-7",
        "session-alliance",
    ]
    assert found.rules.no_gain_sessions == 4
    assert set(found.acceptances) == {"phq-9", "gad-7"}


def test_a_form_on_demand_is_given_and_its_course_is_not_followed():
    found = plan(with_changed("screening = []", 'screening = ["phq-2"]'))

    assert found.forms[-1].id == "phq-2"
    assert "phq-2" not in {each.id for each in found.instruments}
    assert found.instrument("phq-2") is found.forms[-1]


@pytest.mark.parametrize("name", ["phq-9", "c-ssrs-screener", "nothing"])
def test_only_a_screening_form_with_words_is_given_on_demand(name: str):
    text = with_changed("screening = []", f'screening = ["{name}"]')

    assert refused_key(text) == "screening"


def test_a_plan_without_forms_on_demand_need_not_say_so():
    assert plan(with_changed("screening = []\n", "")).screening == ()


def test_the_shipped_plan_says_that_it_is_a_demonstration():
    found = demo_plan(LIBRARY)

    assert "DEMONSTRATION" in found.crisis["en"]
    assert "DEMONSTRATION" in found.backup_contact
    assert all("Demonstration" in each.by for each in found.acceptances.values())


def test_the_shipped_plan_holds_no_telephone_number_that_somebody_could_trust():
    texts = (*demo_plan(LIBRARY).crisis.values(), demo_plan(LIBRARY).backup_contact)

    assert not any(re.search(r"\d{3}", each) for each in texts)


@pytest.mark.hazard("H04")
def test_no_start_without_crisis_text():
    assert refused_key(without(r"^en = .*$")) == "crisis.en"


@pytest.mark.hazard("H04")
@pytest.mark.parametrize("language", ["es", "de"])
def test_no_start_without_crisis_text_in_each_language(language: str):
    assert demo_plan(LIBRARY).crisis[language]
    assert refused_key(without(rf"^{language} = .*$")) == f"crisis.{language}"


def test_a_language_is_named_once():
    text = with_changed(LANGUAGES, 'languages = ["en", "en"]')

    assert refused_key(text) == "languages"


@pytest.mark.hazard("H04")
def test_a_blank_crisis_text_is_none():
    assert refused_key(re.sub(r"^en = .*$", 'en = " "', DEMO, flags=re.M)) == (
        "crisis.en"
    )


@pytest.mark.hazard("H04")
def test_no_start_without_backup_contact():
    assert refused_key(without(r"^backup_contact = .*$")) == "backup_contact"


def test_a_form_without_words_in_the_first_language_is_refused():
    text = with_changed(LANGUAGES, 'languages = ["tlh", "en"]')

    assert refused_key(text) == "outcome"


def test_a_form_may_lack_words_in_a_further_language():
    text = with_changed(LANGUAGES, 'languages = ["en", "tlh"]')
    text = text.replace("[crisis]", '[crisis]\ntlh = "Demonstration"')
    text = re.sub(r"^(es|de) = .*$", "", text, flags=re.M)

    found = plan_from_toml(text, LIBRARY, file="plan.toml")

    assert found.languages == ("en", "tlh") and found.crisis["tlh"]


RULES = tuple(tomllib.loads(DEMO)["rules"])


@pytest.mark.parametrize("rule", RULES)
def test_no_number_without_its_source(rule: str):
    text = without(rf"(?<=\[rules\.{rule}\])(?s:.*?)(?=evidence)")
    text = text.replace(f"[rules.{rule}]", f"[rules.{rule}]\nvalue = 3\n")

    assert refused_key(text) == f"rules.{rule}.source"


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_without_its_number(rule: str):
    text = DEMO.replace(f"[rules.{rule}]", f"[rules.another_{rule}]")

    assert refused_key(text) == f"rules.{rule}"


@pytest.mark.parametrize("rule", RULES)
def test_zero_is_no_number_for_a_rule(rule: str):
    text = re.sub(
        rf"(?s)(\[rules\.{rule}\].*?value\s*= )[0-9.]+", r"\g<1>0", DEMO, count=1
    )

    assert refused_key(text) == f"rules.{rule}.value"


def test_every_rule_of_the_shipped_plan_is_used():
    assert set(RULES) == set(demo_plan(LIBRARY).rules.__slots__)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('outcome  = ["phq-9", "gad-7"]', 'outcome = ["phq-99"]', "outcome"),
        ('outcome  = ["phq-9", "gad-7"]', "outcome = []", "outcome"),
        ('outcome  = ["phq-9", "gad-7"]', 'outcome = ["phq-9", "phq-9"]', "outcome"),
        (
            'alliance = ["session-alliance"]',
            'alliance = ["phq-9"]',
            "alliance",
        ),
        (LANGUAGES, "languages = []", "languages"),
        ("speaking = true", "", "speaking"),
        ("decision_support = true", 'decision_support = "yes"', "decision_support"),
        ('repeat = "once_per_encounter"', 'repeat = "always"', "repeat"),
        ("[acceptances.gad-7]", "[acceptances.pcl-5]", "acceptances.pcl-5"),
        ("on = 2026-01-01", 'on = "soon"', "acceptances.phq-9.on"),
        ('site = "Demonstration clinic"', 'sight = "x"', "site"),
        ('site = "Demonstration clinic"', 'site = "x"\nspeeking = true', "speeking"),
        ("value    = 42", 'value = "six weeks"', "rules.stale_after_days.value"),
        ("value    = 42", "value = 42.5", "rules.stale_after_days.value"),
        ("[crisis]\n", "[crisis]\n= 3\n", "file"),
    ],
)
def test_a_mistake_is_refused_at_its_place(old: str, new: str, key: str):
    assert refused_key(with_changed(old, new)) == key


def test_a_baseline_needs_no_more_ratings_than_it_may_have():
    text = re.sub(
        r"(?s)(\[rules\.baseline_least\].*?value\s*= )2", r"\g<1>4", DEMO, count=1
    )

    assert refused_key(text) == "rules.baseline_least"


def test_a_watched_drop_is_no_larger_than_a_strong_one():
    text = re.sub(r"(?s)(\[rules\.watch_sd\].*?value\s*= )1", r"\g<1>3", DEMO, count=1)

    assert refused_key(text) == "rules.watch_sd"


def test_an_instrument_the_plan_does_not_use_is_none():
    found = demo_plan(LIBRARY)

    assert found.instrument("ors") is None
    assert found.instrument("gad-7") is found.outcome[1]


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("baseline_least", "3"),
        ("strong_sd", "1"),
        ("repaired_within", "1"),
        ("identical_sittings", "2"),
        ("drop_from_session", "3"),
    ],
)
def test_a_number_at_its_bound_is_accepted(rule: str, value: str):
    text = re.sub(
        rf"(?s)(\[rules\.{rule}\].*?value\s*= )[0-9.]+", rf"\g<1>{value}", DEMO, count=1
    )

    assert getattr(plan(text).rules, rule) == int(value)


@pytest.mark.parametrize(
    ("rule", "value"), [("identical_sittings", "1"), ("drop_from_session", "2")]
)
def test_a_number_that_the_rule_cannot_work_with_is_refused(rule: str, value: str):
    text = re.sub(
        rf"(?s)(\[rules\.{rule}\].*?value\s*= )[0-9.]+", rf"\g<1>{value}", DEMO, count=1
    )

    assert refused_key(text) == f"rules.{rule}.value"


EN_SAMPLE = """
[change_samples.{id}]
mean = 14.8
sd = 5.5
reliability = 0.84
z = 1.96
operator = ">="
source = "invented"
evidence = "own"
"""
EN = 'change_method = "edwards-nunnally"'
JT = 'change_method = "jacobson-truax"'


def test_the_shipped_plan_classes_by_jacobson_truax_and_has_no_chart():
    found = demo_plan(LIBRARY)

    assert found.change_methods == {"phq-9": JacobsonTruax(), "gad-7": JacobsonTruax()}
    assert (found.control_chart, found.low_lines, found.equivalences) == (False, {}, ())


def test_edwards_nunnally_has_numbers_for_each_outcome_form():
    samples = "".join(EN_SAMPLE.format(id=each) for each in ("phq-9", "gad-7"))

    found = plan(with_changed(JT, EN) + samples)

    method = found.change_methods["gad-7"]
    assert isinstance(method, EdwardsNunnally)
    assert method.sample.reliability == Decimal("0.84")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("mean = 14.8", "", "change_samples.phq-9.mean"),
        ("sd = 5.5", "sd = 0", "change_samples.phq-9.sd"),
        ("z = 1.96", "z = -1", "change_samples.phq-9.z"),
        ("= 0.84", "= 1", "change_samples.phq-9.reliability"),
        ("= 0.84", "= 0", "change_samples.phq-9.reliability"),
        ('">="', '"<"', "change_samples.phq-9.operator"),
        ('source = "invented"', "", "change_samples.phq-9.source"),
        ("mean =", "middle = 3\nmean =", "change_samples.phq-9.middle"),
        ("[change_samples.phq-9]", "[change_samples.x]", "change_samples.phq-9"),
    ],
)
def test_a_mistake_in_the_sample_is_refused_at_its_place(old: str, new: str, key: str):
    samples = "".join(EN_SAMPLE.format(id=each) for each in ("phq-9", "gad-7"))
    assert old in samples

    assert refused_key(with_changed(JT, EN) + samples.replace(old, new, 1)) == key


def test_numbers_that_the_method_does_not_use_are_refused():
    assert refused_key(DEMO + EN_SAMPLE.format(id="phq-9")) == "change_samples"


NEW_COURSE = DEMO[
    DEMO.index("[new_course_after_days]") : DEMO.index(
        "# ---- The numbers of the rules"
    )
]


def test_the_plan_says_after_how_long_a_pause_a_new_course_begins():
    assert plan(DEMO).new_course_after_days == 365
    assert plan(DEMO.replace(NEW_COURSE, "")).new_course_after_days is None


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("= 365", "= 0", "new_course_after_days.value"),
        ('evidence = "own"', "", "new_course_after_days.evidence"),
        ("value ", "days ", "new_course_after_days.value"),
    ],
)
def test_a_pause_without_length_or_source_is_refused(old: str, new: str, key: str):
    assert old in NEW_COURSE

    assert refused_key(DEMO.replace(NEW_COURSE, NEW_COURSE.replace(old, new))) == key


COUPLES = DEMO[DEMO.index("[couples]") : DEMO.index("# Groups: forms")]


def test_the_shipped_plan_names_a_form_for_couples_and_for_how_long():
    found = demo_plan(LIBRARY).couples

    assert [each.id for each in found.instruments] == ["gad-7"]
    assert found.agreement_days == 28


def test_a_plan_without_the_table_shows_no_couple():
    assert plan(with_changed(COUPLES, "")).couples.instruments == ()


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('["gad-7"]', "[]", "couples.instruments"),
        ('["gad-7"]', '["gad-7", "gad-7"]', "couples.instruments"),
        ('["gad-7"]', '["ors"]', "couples.instruments"),
        ('["gad-7"]', '["session-alliance"]', "couples.instruments"),
        ('["gad-7"]', '["phq-9"]', "couples.instruments"),  # it has a safety item
        ("value    = 28", "value    = 0", "couples.agreement_days.value"),
        ("value    = 28", "", "couples.agreement_days.value"),
        ('evidence = "own"', "", "couples.agreement_days.evidence"),
        ("[couples]", "[couples]\naverage = true", "couples.average"),
    ],
)
def test_a_mistake_about_couples_is_refused_at_its_place(old: str, new: str, key: str):
    assert old in COUPLES

    changed = COUPLES.replace(old, new, 1)

    assert refused_key(with_changed(COUPLES, changed)) == key


GROUPS = '[groups]\ninstruments = ["gad-7"]\n'


def test_a_plan_names_forms_for_groups_or_shows_none():
    assert [each.id for each in demo_plan(LIBRARY).groups] == ["gad-7"]
    assert plan(with_changed(GROUPS, "")).groups == ()


@pytest.mark.parametrize(
    ("new", "key"),
    [
        ('["gad-7", "gad-7"]', "groups.instruments"),
        ('["ors"]', "groups.instruments"),
        ('["phq-9"]', "groups.instruments"),  # it has a safety item
        ('["session-alliance"]', "groups.instruments"),  # it is not validated
        ('["gad-7"]\nrank = true', "groups.rank"),
    ],
)
def test_a_mistake_about_groups_is_refused_at_its_place(new: str, key: str):
    changed = GROUPS.replace('["gad-7"]', new)

    assert refused_key(with_changed(GROUPS, changed)) == key


SAME = """
[[equivalences]]
instrument = "phq-9"
what = "language"
values = ["en", "de"]
source = "invented"
evidence = "own"
"""


def test_a_site_may_declare_two_languages_equivalent():
    (found,) = plan(DEMO + SAME).equivalences

    assert (found.instrument_id, found.what, found.values) == (
        "phq-9",
        "language",
        ("en", "de"),
    )


@pytest.mark.hazard("H08")
@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"phq-9"', '"pcl-5"', "equivalences[0].instrument"),
        ('"language"', '"respondent"', "equivalences[0].what"),
        ('["en", "de"]', '["en"]', "equivalences[0].values"),
        ('["en", "de"]', '["en", "de", "en"]', "equivalences[0].values"),
        ('source = "invented"', "", "equivalences[0].source"),
        ("what =", "why = 3\nwhat =", "equivalences[0].why"),
    ],
)
def test_an_equivalence_that_says_too_little_is_refused(old: str, new: str, key: str):
    assert refused_key(DEMO + SAME.replace(old, new, 1)) == key


@pytest.mark.hazard("H08")
def test_nobody_joins_two_languages_by_a_third():
    other = SAME.replace('["en", "de"]', '["de", "es"]')

    assert refused_key(DEMO + SAME + other) == "equivalences[1].values"


LOW_LINE = """
[low_lines.{id}]
value = 7
operator = "<"
population = "invented"
source = "invented"
evidence = "own"
"""


def test_a_number_for_one_line_needs_a_licensed_form():
    text = DEMO + LOW_LINE.format(id="session-alliance")

    assert refused_key(text) == "low_lines.session-alliance"


def test_the_number_for_one_line_of_a_form_that_the_site_has_completed():
    srs = LIBRARY.instrument("srs")
    completed = replace(srs, licence=replace(srs.licence, reference="invented"))
    words = LIBRARY.wordings["session-alliance", "en"]
    library = replace(
        LIBRARY,
        instruments={**LIBRARY.instruments, "srs": completed},
        wordings={**LIBRARY.wordings, ("srs", "en"): words},
    )
    text = with_changed('["session-alliance"]', '["session-alliance", "srs"]')

    found = plan_from_toml(text + LOW_LINE.format(id="srs"), library, file="plan.toml")

    assert found.low_lines["srs"].value == 7


SAMPLE_SD = """
[sample_sds.{id}]
value = {value}
sample = "invented"
source = "invented"
evidence = "own"
"""


def test_the_sd_of_many_ratings_is_the_sites_own_number_with_its_sample():
    text = DEMO + SAMPLE_SD.format(id="session-alliance", value=2.5)

    found = plan(text).sample_sds["session-alliance"]

    assert (found.value, found.sample) == (Decimal("2.5"), "invented")
    assert found.source.text == "invented"


@pytest.mark.parametrize(
    ("instrument", "value", "key"),
    [
        ("phq-9", 2.5, "sample_sds.phq-9"),
        ("session-alliance", 0, "sample_sds.session-alliance.value"),
        ("session-alliance", 16, "sample_sds.session-alliance.value"),
    ],
)
def test_an_sd_of_another_form_or_beyond_its_range_is_refused(
    instrument: str, value: float, key: str
):
    assert refused_key(DEMO + SAMPLE_SD.format(id=instrument, value=value)) == key


def test_as_many_swings_as_readings_cannot_be():
    text = re.sub(
        r"(?s)(\[rules\.noisy_swings\].*?value\s*= )4", r"\g<1>10", DEMO, count=1
    )

    assert refused_key(text) == "rules.noisy_swings"
