"""A pack says what was signed, or nothing starts; the right one, or no norm."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from clinical.errors import NormPackError
from clinical.expected_response import ExpectedResponse, NoNorm
from clinical.measurement import Episode, episode_from
from clinical.norms.canonical import (
    NotCanonical,
    canonical_bytes,
    content_of,
    decimal_of,
    digest_of,
    text_of,
)
from clinical.norms.judged import digest_judged, judged
from clinical.norms.library import (
    NormLibrary,
    age_on,
    norm_library,
    norms_for,
    norms_on_trial,
    overdue,
)
from clinical.norms.pack import (
    AgeBand,
    NormPack,
    PackKey,
    hashed,
    pack_bytes,
    pack_from_bytes,
)
from clinical.norms.signature import is_signed, public_key_of, sign
from clinical.signals.band import NormKey, Norms
from clinical.signals.read import read_signals
from tests.instruments import GAD7, PHQ9, on_day, plan_with, scored
from tests.norm_packs import (
    ADULTS,
    BORN,
    KEY,
    OTHER_SEED,
    REVIEW_BY,
    SEED,
    SIGNER,
    contents,
    pack,
    plan_naming,
    signed,
)

PLAN = plan_with(PHQ9)
TODAY = date(2026, 6, 1)
SERIES = NormKey("phq-9", PHQ9.version, "en", "self")


def believed(*packs: NormPack) -> NormLibrary:
    return norm_library(plan_naming(PLAN, *packs), contents(*packs))


def refusal(*packs: NormPack, **changes: Any) -> str:
    plan = replace(plan_naming(PLAN, *packs), **changes)
    with pytest.raises(NormPackError) as found:
        norm_library(plan, contents(*packs))
    return str(found.value)


def course(*values: int, language: str = "en", version: str | None = None) -> Episode:
    return episode_from(
        scored(PHQ9, value, day=1 + 7 * at, language=language, version=version)
        for at, value in enumerate(values)
    )


def norm_at(
    library: NormLibrary, *, born: date | None = BORN, today: date = TODAY
) -> Norms:
    return norms_for(library, course(15, 20), born=born, today=today)


def test_a_signed_pack_is_read_as_it_was_written() -> None:
    made = signed(pack())

    found = pack_from_bytes(pack_bytes(made), file="p")

    assert pack_bytes(found) == pack_bytes(made)
    assert found.curve.b == made.curve.b
    assert found.curve.sample.pack_hash == found.hash == made.hash


def test_the_hash_is_the_sha_256_of_everything_but_hash_and_signature() -> None:
    whole = json.loads(pack_bytes(signed(pack())))

    body = {key: whole[key] for key in whole if key not in ("hash", "signature")}

    assert digest_of(body) == whole["hash"]


def test_a_change_of_any_single_byte_is_refused() -> None:
    made = signed(pack())
    file = pack_bytes(made)
    plan = plan_naming(PLAN, made)

    for at in range(len(file)):
        changed = file[:at] + bytes([file[at] ^ 1]) + file[at + 1 :]
        with pytest.raises(NormPackError):
            norm_library(plan, {"pack-0.json": changed})


def test_a_pack_with_a_hash_made_anew_after_a_change_is_still_refused() -> None:
    made = signed(pack())
    forged = hashed(replace(made, curve=replace(made.curve, sigma2=Decimal(9))))

    assert "another pack" in refusal(forged, norms=plan_naming(PLAN, made).norms)
    assert "signature was not made" in refusal(forged)


def test_an_unsigned_pack_is_refused() -> None:
    assert "not signed by a named person" in refusal(hashed(pack()))


def test_a_pack_signed_with_another_key_is_refused() -> None:
    assert "plan's key" in refusal(signed(pack(), seed=OTHER_SEED))


def test_a_pack_signed_in_the_name_of_somebody_the_plan_does_not_know_is_refused() -> (
    None
):
    assert "Dr Nobody" in refusal(signed(pack(), by="Dr Nobody"))


def test_the_signature_of_another_pack_does_not_count() -> None:
    other = signed(pack(version="2.0.0"))

    assert "signature" in refusal(replace(signed(pack()), signature=other.signature))


def test_a_pack_without_a_validation_report_is_refused() -> None:
    assert "no validation report" in refusal(signed(pack(validation=None)))


def test_a_pack_with_the_report_of_another_pack_is_refused_whoever_signed_it() -> None:
    report = {"judged": digest_judged(pack())}
    changed = pack(version="2.0.0", validation=report)

    assert "its report is of another pack" in refusal(signed(changed))
    with pytest.raises(NormPackError, match="its report is of another pack"):
        norms_on_trial(PLAN, contents(hashed(changed)))
    assert believed(signed(pack(validation=report))).packs


def test_a_report_that_does_not_say_what_it_judged_stands_by_its_signature() -> None:
    (made,) = believed(signed(pack())).packs

    assert judged(made) == "not_said"


def test_a_pack_of_another_setting_is_refused() -> None:
    inpatient = signed(pack(key=replace(KEY, setting="inpatient")))

    assert "setting" in refusal(inpatient)


def test_a_pack_on_another_scale_or_direction_is_refused() -> None:
    high = replace(pack().curve, high=Decimal(40))
    turned = replace(pack().curve, direction="higher_is_better")

    for each in (high, turned):
        assert "another scale" in refusal(signed(pack(curve=each)))


def test_a_pack_made_from_other_items_is_refused() -> None:
    origin = replace(pack().origin, items=PHQ9.total.link_ids[:-1])

    assert "other items" in refusal(signed(pack(origin=origin)))


def test_a_pack_for_a_form_that_the_plan_does_not_use_is_refused() -> None:
    made = signed(pack())
    plan = replace(plan_naming(plan_with(GAD7), made))

    with pytest.raises(NormPackError, match="no outcome of this plan"):
        norm_library(plan, contents(made))


def test_two_packs_for_the_same_person_are_refused() -> None:
    one, two = signed(pack()), signed(pack(version="1.1.0"))

    assert "name only one" in refusal(one, two)


def test_packs_of_age_bands_that_do_not_meet_stand_side_by_side() -> None:
    older = signed(pack(key=replace(KEY, age_band=AgeBand(65, None))))

    found = believed(signed(pack()), older)

    assert len(found.packs) == 2


def test_whoever_matches_in_everything_gets_the_norm() -> None:
    found = norm_at(believed(signed(pack())))

    assert isinstance(found[SERIES], ExpectedResponse)


def test_age_counts_at_intake_so_that_a_birthday_changes_no_norm() -> None:
    library = believed(signed(pack()))
    turns_65 = date(1961, 3, 5)  # three days after the first reading

    found = norms_for(library, course(15, 20), born=turns_65, today=TODAY)

    assert SERIES in found
    assert age_on(turns_65, date(2026, 3, 5)) == 65


def test_who_comes_back_after_a_long_pause_has_the_age_at_the_new_intake() -> None:
    library = believed(signed(pack()))
    turns_65 = date(1961, 3, 5)  # three days after the first reading
    episode = episode_from(
        scored(PHQ9, value, day=day) for day, value in ((1, 15), (400, 15), (407, 20))
    )

    def found(new_after_days: int | None) -> Norms:
        return norms_for(
            library,
            episode,
            born=turns_65,
            today=on_day(407).date(),
            new_after_days=new_after_days,
        )

    assert SERIES in found(None)
    assert SERIES in found(399)
    assert SERIES not in found(398)


@pytest.mark.parametrize(
    ("born", "why"),
    [(None, "nobody knows"), (date(2010, 1, 1), "minor"), (date(1950, 1, 1), "older")],
)
def test_another_or_an_unknown_age_has_no_norm(born: date | None, why: str) -> None:
    assert norm_at(believed(signed(pack())), born=born) == {}, why


@pytest.mark.parametrize(
    "other",
    [
        {"language": "de"},
        {"instrument_version": "0.9.0"},
        {"respondent": "carer"},
    ],
    ids=lambda each: next(iter(each)),
)
def test_every_missing_combination_says_no_norm_for_this_group(
    other: dict[str, str],
) -> None:
    key: PackKey = replace(KEY, **other)  # type: ignore[arg-type]  # names of fields
    library = believed(signed(pack(key=key)))
    episode = course(15, 18, 26)

    report = read_signals(
        episode,
        PLAN,
        today=TODAY,
        unread=0,
        norms=norms_for(library, episode, born=BORN, today=TODAY),
    )

    reasons = [
        each.reason for each in report.signals if getattr(each, "rule", "") == "S3"
    ]
    assert reasons == ["no_norm_for_this_group"]


def test_after_its_review_day_a_pack_says_nothing_until_it_is_reviewed() -> None:
    library = believed(signed(pack()))
    day_after = date(2027, 1, 16)

    assert isinstance(norm_at(library, today=REVIEW_BY)[SERIES], ExpectedResponse)
    assert norm_at(library, today=day_after)[SERIES] == NoNorm("norm_review_overdue")
    assert overdue(library, today=REVIEW_BY) == ()
    assert len(overdue(library, today=day_after)) == 1


def test_two_installations_with_one_pack_say_the_same() -> None:
    made = signed(pack())
    episode = course(15, 18, 26)

    here, there = (
        read_signals(
            episode,
            PLAN,
            today=on_day(16).date(),
            unread=0,
            norms=norms_for(
                believed(pack_from_bytes(pack_bytes(made), file="p")),
                episode,
                born=BORN,
                today=on_day(16).date(),
            ),
        )
        for _ in range(2)
    )

    assert here == there
    assert "OutsideBand" in [type(each).__name__ for each in here.speaking]


def test_reading_a_pack_needs_no_numpy() -> None:
    program = (
        "import sys, server.wsgi, clinical.norms.library;"
        "print([each for each in sys.modules if each.split('.')[0] == 'numpy'"
        " or each in ('clinical.norms.fit', 'clinical.norms.conformal')])"
    )

    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1.5}',
        b'{"a":NaN}',
        b'{"a": 1}',
        b'{"b":1,"a":1}',
        b'{"a":1,"a":1}',
        b"[]",
        b"{",
        b'{"a":99999999999999999999}',
        b'{"\xc3\xa4":1}',
        b'{"a":"\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_json_that_could_be_written_in_another_way_is_refused(text: bytes) -> None:
    with pytest.raises(NotCanonical):
        content_of(text)


def test_canonical_json_keeps_letters_of_all_languages() -> None:
    content = {"b": ["ä", 1, None, True], "a": {"c": "€"}}

    assert canonical_bytes(content).decode() == '{"a":{"c":"€"},"b":["ä",1,null,true]}'
    assert content_of(canonical_bytes(content)) == content


@pytest.mark.parametrize("text", ["1e5", "01", ".5", "1.", "+1", "", "NaN", "1 "])
def test_a_number_is_written_in_one_way(text: str) -> None:
    with pytest.raises(NotCanonical):
        decimal_of(text)


def test_small_numbers_are_written_without_exponent() -> None:
    assert text_of(Decimal("1E-9")) == "0.000000001"


def test_a_signature_holds_for_its_pack_and_its_key_only() -> None:
    digest, other = "a" * 64, "b" * 64
    made = sign(SEED, digest)

    assert is_signed(digest, made, public_key=public_key_of(SEED))
    assert not is_signed(other, made, public_key=public_key_of(SEED))
    assert not is_signed(digest, made, public_key=public_key_of(OTHER_SEED))
    for nonsense in ("", "no base64", "AAAA"):
        assert not is_signed(digest, nonsense, public_key=public_key_of(SEED))
        assert not is_signed(digest, made, public_key=nonsense)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sigma2": Decimal(0)}, "sigma2"),
        ({"k_68": Decimal(2)}, "k_68"),
        ({"g": (Decimal(1), Decimal(5), Decimal(1))}, "g"),
        ({"knot_session": Decimal(3)}, "knot_session"),
        ({"max_session": 9}, "max_session"),
        (
            {"sample": replace(pack().curve.sample, n_per_session=(50,) * 18 + (49,))},
            "n_per_session",
        ),
        ({"intake_high": Decimal(99)}, "intake_low"),
        ({"terms": ("time", "intercept", "intake", "time_by_intake")}, "terms"),
    ],
)
def test_a_curve_that_no_fit_can_give_is_refused_though_signed(
    changes: dict[str, Any], said: str
) -> None:
    assert said in refusal(signed(pack(curve=replace(pack().curve, **changes))))


def test_a_file_in_another_layout_is_refused() -> None:
    made = signed(pack())
    pretty = json.dumps(json.loads(pack_bytes(made)), indent=2).encode()

    with pytest.raises(NormPackError, match="is not written as a pack is"):
        pack_from_bytes(pretty, file="p")


def test_an_unknown_key_is_refused() -> None:
    whole = json.loads(pack_bytes(signed(pack())))
    whole["surprise"] = "x"
    body = {key: whole[key] for key in whole if key not in ("hash", "signature")}
    whole["hash"] = digest_of(body)

    with pytest.raises(NormPackError, match="surprise"):
        pack_from_bytes(canonical_bytes(whole) + b"\n", file="p")


def test_adults_are_from_18_to_64() -> None:
    assert [ADULTS.holds(age) for age in (17, 18, 64, 65)] == [False, True, True, False]
    assert SIGNER
