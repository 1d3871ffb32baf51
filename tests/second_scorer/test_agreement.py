"""Our scores are those of a second scorer, written from the published rules."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction

import pytest

from questionnaires.library import load_library
from tests.conftest import VECTORS
from tests.second_scorer.relations import (
    csi_16,
    four_lines,
    own_check_in_of_five,
    own_check_in_of_four,
    r_das,
    sai,
    wai_sr,
)
from tests.second_scorer.symptoms import (
    Scores,
    audit_c,
    core_10,
    core_om,
    dass_21,
    epds,
    gad_2,
    gad_7,
    k10,
    oq_45_2,
    pcl_5,
    phq_2,
    phq_8,
    phq_9,
    phq_a,
    sdq,
    turned_by_the_clinic,
    who_5,
    wsas,
    yp_core,
)
from tests.vectors import FULL, Vectors, vectors_of

LIBRARY = load_library()
EVERY_RUN = 20_000  # vectors of one instrument; all of them where there are no more
# Some means have no end as decimals: a score is kept to a millionth of a point.
CLOSE = Fraction(1, 2 * 10**6)

SECOND: dict[str, Callable[[list[Fraction | None]], Scores]] = {
    "audit-c": audit_c,
    "core-10": core_10,
    "core-om": core_om,
    "cors": four_lines,
    "csi-16": csi_16,
    "csrs": four_lines,
    "dass-21": dass_21,
    "epds": epds,
    "gad-2": gad_2,
    "gad-7": gad_7,
    "gsrs": four_lines,
    "k10": k10,
    "oq-30-2": turned_by_the_clinic,
    "y-oq-30-2-parent": turned_by_the_clinic,
    "y-oq-30-2-self": turned_by_the_clinic,
    "oq-45-2": oq_45_2,
    "ors": four_lines,
    "pcl-5": pcl_5,
    "phq-2": phq_2,
    "phq-8": phq_8,
    "phq-9": phq_9,
    "phq-a": phq_a,
    "r-das": r_das,
    "relationship-check-in": own_check_in_of_five,
    "sai": sai,
    "sdq-parent": sdq,
    "sdq-self": sdq,
    "session-alliance": own_check_in_of_four,
    "session-alliance-child": own_check_in_of_four,
    "session-outcome": own_check_in_of_four,
    "session-outcome-child": own_check_in_of_five,
    "srs": four_lines,
    "wai-sr": wai_sr,
    "who-5": who_5,
    "wsas": wsas,
    "yp-core": yp_core,
}
# Where we give fewer scores than the publisher: no total is estimated over a blank on
# risk (the questions by number, the first is 1).
RISK = {
    "core-10": (6,),
    "core-om": (6, 9, 16, 22, 24, 34),
    "yp-core": (4,),
}
NO_SCORE = {"c-ssrs-screener": "its publisher gives a triage, no score"}


def printed_order(vectors: Vectors) -> Iterator[list[Fraction | None]]:
    """For each vector the points of its answers, one place a question of the form."""
    at = {item.link_id: place for place, item in enumerate(vectors.instrument.items)}
    places = [at[question.link_id] for question in vectors.questions]
    offered = [[Fraction(each) for each in points] for points in vectors.offered]
    for vector in vectors.rows:
        row: list[Fraction | None] = [None] * len(at)
        for place, points, chosen in zip(places, offered, vector, strict=True):
            row[place] = None if chosen is None else points[chosen]
        yield row


def same(ours: Decimal | None, theirs: Fraction | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return ours == theirs or abs(Fraction(ours) - theirs) <= CLOSE


def disagreements(vectors: Vectors) -> list[str]:
    """The first few vectors on which a score differs, in words."""
    instrument = vectors.instrument
    second = SECOND[instrument.id]
    ids = [rule.id for rule in instrument.scores]
    found = []
    for vector, points in zip(vectors.rows, printed_order(vectors), strict=True):
        ours = dict(zip(ids, vectors.scores(vector), strict=True))
        theirs = second(points)
        if any(points[number - 1] is None for number in RISK.get(instrument.id, ())):
            theirs["total"] = None
        differ = [each for each in ids if not same(ours[each], theirs[each])]
        if differ:
            which = ", ".join(
                f"{each}: ours {ours[each]}, theirs {theirs[each]}" for each in differ
            )
            found.append(f"{vector} {which}")
        if len(found) == 5:
            break
    return found


def counted(vectors: Vectors) -> str:
    every = {
        "blanks": "each combination, blanks included",
        "answers": "each combination of answers, and a seeded sample with blanks",
        "": "a seeded sample",
    }[vectors.complete]
    return (
        f"{vectors.instrument.id}: N = {len(vectors.rows)}"
        f" ({vectors.edges} edges; {every})"
    )


@pytest.mark.parametrize("slug", sorted(LIBRARY.instruments))
def test_each_instrument_has_a_second_scorer(slug):
    instrument = LIBRARY.instruments[slug]

    if not instrument.scores:
        assert slug in NO_SCORE, (
            f"{slug} has no score: say why in NO_SCORE of {__name__}"
        )
    else:
        assert slug in SECOND, (
            f"{slug} has no second scorer: write one from its publisher's rules in"
            " tests/second_scorer (not from instrument.toml) and name it in SECOND"
        )


def test_no_second_scorer_is_left_over():
    named = {*SECOND, *NO_SCORE}

    assert named <= set(LIBRARY.instruments)


@pytest.mark.parametrize("slug", sorted(SECOND))
def test_the_second_scorer_knows_the_same_scores(slug):
    instrument = LIBRARY.instruments[slug]

    theirs = SECOND[slug]([None] * len(instrument.items))

    assert set(theirs) == {rule.id for rule in instrument.scores}


@pytest.mark.parametrize("slug", sorted(SECOND))
def test_a_score_is_what_the_published_rule_gives(slug, record_property):
    vectors = vectors_of(LIBRARY.instruments[slug], at_most=EVERY_RUN)

    found = disagreements(vectors)

    record_property(VECTORS, len(vectors.rows))
    print(counted(vectors))
    assert found == []


@pytest.mark.interop  # minutes, not seconds: not in every run
@pytest.mark.parametrize("slug", sorted(SECOND))
def test_a_score_is_what_the_published_rule_gives_for_every_vector(
    slug, record_property
):
    vectors = vectors_of(LIBRARY.instruments[slug], at_most=FULL)

    found = disagreements(vectors)

    record_property(VECTORS, len(vectors.rows))
    print(counted(vectors))
    assert found == []
