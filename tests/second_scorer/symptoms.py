"""Scores of the symptom forms, worked out from what their publishers say.

Written without a look at `questionnaires.scoring` or at any score in an instrument
file, and sharing no code with them: two mistakes must then agree to stay hidden.

Each function takes the answers in the order of the printed form, as the points that
stand at the answer, None for a blank, and gives each score as an exact fraction, None
where the rule gives no score. Where no publisher says what a blank does, a score needs
every answer: nobody's silence is filled in.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import floor

Points = Sequence[Fraction | None]
Scores = dict[str, Fraction | None]


def phq_9(points: Points) -> Scores:
    """Nine questions from 0 to 3; the tenth, on difficulty, has no part in the score.

    With one or two blanks the mean of the others times nine, with more no score.

    Source:
        NHS Data Dictionary, PHQ-9 total score; questions 1 to 9 only and 0 to 27 also
        in CamCOPS, server/camcops_server/tasks/phq9.py.
    """
    answered = [each for each in points[:9] if each is not None]
    if len(answered) < 7:
        return {"total": None}
    return {"total": sum(answered, Fraction()) / len(answered) * 9}


def phq_8(points: Points) -> Scores:
    """Eight questions from 0 to 3, summed, 0 to 24; complete only.

    Source:
        CamCOPS, server/camcops_server/tasks/phq8.py; awell-score, phq_8.ts.
    """
    return {"total": _sum(points[:8])}


def phq_2(points: Points) -> Scores:
    """Two questions, summed, 0 to 6; both needed.

    Source:
        awell-score, phq_2.ts (both answers required); Gen Hosp Psychiatry 2019;56:13.
    """
    return {"total": _sum(points[:2])}


def phq_a(points: Points) -> Scores:
    """Questions 1 to 9 of the form for teenagers, summed, 0 to 27; complete only.

    The other four (past year, difficulty, two on suicide) are not added up. The
    edition in DSM-5, another form, bears two blanks; this one's leaflet says nothing
    of blanks.

    Source:
        "Scoring the PHQ-9 modified for Teens", leaflet of the form with 13 questions.
    """
    return {"total": _sum(points[:9])}


def gad_7(points: Points) -> Scores:
    """Seven questions from 0 to 3, summed, 0 to 21; complete only.

    Source:
        CamCOPS, server/camcops_server/tasks/gad7.py; awell-score, gad_7.ts.
    """
    return {"total": _sum(points[:7])}


def gad_2(points: Points) -> Scores:
    """The first two questions of the GAD-7, summed, 0 to 6; both needed.

    Source:
        awell-score, gad_2.ts.
    """
    return {"total": _sum(points[:2])}


def pcl_5(points: Points) -> Scores:
    """Twenty questions from 0 to 4, summed, 0 to 80; and DSM-5's four clusters.

    Source:
        CamCOPS, server/camcops_server/tasks/pcl5.py; clusters B 1-5, C 6-7, D 8-14,
        E 15-20: awell-score, pcl_5_clusters.ts.
    """
    return {
        "total": _sum(points[:20]),
        "intrusion": _sum(points[0:5]),
        "avoidance": _sum(points[5:7]),
        "cognition-mood": _sum(points[7:14]),
        "arousal": _sum(points[14:20]),
    }


def core_10(points: Points) -> Scores:
    """Ten questions from 0 to 4, the second and third turned: ten times their mean.

    Source:
        CORE System Trust, "What's in a name (1): scoring CORE measures" (one blank may
        be pro-rated); turned questions: CamCOPS, server/camcops_server/tasks/core10.py.
    """
    keyed = _turned(points, {2, 3}, low=0, high=4)
    return {"total": _ten_times_mean(keyed, most_blank=1)}


def core_om(points: Points) -> Scores:
    """34 questions from 0 to 4, eight of them turned: ten times the mean, and parts.

    Blanks that may be pro-rated: three of all 34 and of the 28 without risk, one of
    the twelve on problems and of the twelve on functioning, none of the others.

    Source:
        CORE System Trust, "What's in a name (1): scoring CORE measures" (blanks, ten
        times the mean) and "Information about the CORE-OM" (eight turned questions; 4,
        12, 12 and 6 questions). Which question belongs where: awell-score,
        core_om_subscales.ts. Which are turned: the eight that are worded positively;
        awell-score's core_om_inputs.ts turns question 30 too, a ninth, against the
        publisher and the question's wording.
    """
    keyed = _turned(points, {3, 4, 7, 12, 19, 21, 31, 32}, low=0, high=4)
    well_being = {4, 14, 17, 31}
    problems = {2, 5, 8, 11, 13, 15, 18, 20, 23, 27, 28, 30}
    functioning = {1, 3, 7, 10, 12, 19, 21, 25, 26, 29, 32, 33}
    risk = {6, 9, 16, 22, 24, 34}
    every = set(range(1, 35))
    return {
        "total": _ten_times_mean(keyed, most_blank=3),
        "non-risk": _ten_times_mean(_only(keyed, every - risk), most_blank=3),
        "well-being": _ten_times_mean(_only(keyed, well_being), most_blank=0),
        "problems": _ten_times_mean(_only(keyed, problems), most_blank=1),
        "functioning": _ten_times_mean(_only(keyed, functioning), most_blank=1),
        "risk": _ten_times_mean(_only(keyed, risk), most_blank=0),
    }


def yp_core(points: Points) -> Scores:
    """Ten questions from 0 to 4, three of them turned: ten times their mean.

    Source:
        CORE System Trust, "Information about the YP-CORE" (one blank may be pro-rated);
        turned questions 3, 5 and 10: awell-score, yp_core_inputs.ts.
    """
    keyed = _turned(points, {3, 5, 10}, low=0, high=4)
    return {"total": _ten_times_mean(keyed, most_blank=1)}


def oq_45_2(points: Points) -> Scores:
    """45 questions from 0 (never) to 4, nine of them turned, summed; three parts.

    A scoring leaflet in circulation fills any number of blanks with the rounded mean
    of their part. Its origin is not known and it sets no limit, so here a blank gives
    no score.

    Source:
        Leaflet "Scoring and Interpreting the OQ-45.2" (turned 1, 12, 13, 20, 21, 24,
        31, 37, 43; the total is the sum of the three columns); the turned ones also in
        roqua/quby_engine, oq-45.rb. Parts of 25, 11 and 9 questions: Lambert et al. as
        described in The Professional Counselor 13(3):197; their numbers: comments and
        sums of a public web app that scores the form, the same in both.
    """
    keyed = _turned(points, {1, 12, 13, 20, 21, 24, 31, 37, 43}, low=0, high=4)
    relations = {1, 7, 16, 17, 18, 19, 20, 26, 30, 37, 43}
    social_role = {4, 12, 14, 21, 28, 32, 38, 39, 44}
    distress = set(range(1, 46)) - relations - social_role
    return {
        "total": _sum(keyed),
        "symptom-distress": _sum(_only(keyed, distress)),
        "interpersonal-relations": _sum(_only(keyed, relations)),
        "social-role": _sum(_only(keyed, social_role)),
    }


def turned_by_the_clinic(points: Points) -> Scores:
    """No score: which questions are turned stands in the licensed manual alone.

    Source:
        None in public that names the turned questions.
    """
    return {"total": None}


def wsas(points: Points) -> Scores:
    """Five questions from 0 to 8, 0 to 40; without the one on work, 0 to 32.

    Source:
        CamCOPS, server/camcops_server/tasks/wsas.py.
    """
    return {"total": _sum(points[:5]), "without-work": _sum(points[1:5])}


def epds(points: Points) -> Scores:
    """Ten questions from 0 to 3, summed, 0 to 30; complete only.

    Seven questions print their worst answer first; the points that stand at an answer
    already say how severe it is, so nothing is turned.

    Source:
        CamCOPS, server/camcops_server/tasks/epds.py, and tablet_qt/tasks/epds.cpp, in
        which only the order of the answers is reversed (3, 5 to 10), not their points.
    """
    return {"total": _sum(points[:10])}


def audit_c(points: Points) -> Scores:
    """The first three questions of the AUDIT from 0 to 4, summed, 0 to 12.

    Source:
        CamCOPS, server/camcops_server/tasks/audit.py (class AuditC).
    """
    return {"total": _sum(points[:3])}


def who_5(points: Points) -> Scores:
    """Five questions from 0 to 5; four times their sum, 0 to 100; all needed.

    Source:
        awell-score, who_5.ts.
    """
    raw = _sum(points[:5])
    return {"raw": raw, "percentage": None if raw is None else raw * 4}


def k10(points: Points) -> Scores:
    """Ten questions, here from 1 (none of the time) to 5, summed, 10 to 50.

    Source:
        Australian Bureau of Statistics 4363.0, Users' Guide 2014-15, K10, and
        4817.0.55.001, which also names the American coding from 0 to 4.
    """
    return {"total": _sum(points[:10])}


def dass_21(points: Points) -> Scores:
    """Three parts of seven questions from 0 to 3; each sum doubled, 0 to 42.

    Source:
        University of Wisconsin-Madison, Addiction Research Center, "DASS21" (which
        question belongs where); World Rugby, appendix "DASS 21" (doubled).
    """
    depression = _sum(_only(points, {3, 5, 10, 13, 16, 17, 21}))
    anxiety = _sum(_only(points, {2, 4, 7, 9, 15, 19, 20}))
    stress = _sum(_only(points, {1, 6, 8, 11, 12, 14, 18}))
    return {
        "depression": None if depression is None else depression * 2,
        "anxiety": None if anxiety is None else anxiety * 2,
        "stress": None if stress is None else stress * 2,
    }


def sdq(points: Points) -> Scores:
    """25 questions from 0 to 2, five of them turned; five parts of 0 to 10.

    A part needs three of its five answers: their mean times five, a half rounded up.
    Difficulties are the sum of the four parts other than prosocial, as rounded.

    Source:
        sdqinfo.org, "SDQ: Generating scores" (c1 to c3: number and name of each
        question); parts and turned questions by those names: bookdown.org,
        "Psychometrics in exercises", exercise 1; three of five, rounding and the sum:
        awell-score, calculateSubscaleScores.ts and calculateTotalScore.ts.
    """
    keyed = _turned(points, {7, 11, 14, 21, 25}, low=0, high=2)
    parts = {
        "emotional": _sdq_part(_only(keyed, {3, 8, 13, 16, 24})),
        "conduct": _sdq_part(_only(keyed, {5, 7, 12, 18, 22})),
        "hyperactivity": _sdq_part(_only(keyed, {2, 10, 15, 21, 25})),
        "peer": _sdq_part(_only(keyed, {6, 11, 14, 19, 23})),
    }
    return {
        "total": _sum(list(parts.values())),
        **parts,
        "prosocial": _sdq_part(_only(keyed, {1, 4, 9, 17, 20})),
    }


def _sdq_part(keyed: Points) -> Fraction | None:
    answered = [each for each in keyed if each is not None]
    if len(answered) < 3:
        return None
    times_five = sum(answered, Fraction()) / len(answered) * 5
    return Fraction(floor(times_five + Fraction(1, 2)))


def _sum(points: Points) -> Fraction | None:
    """The sum; None if anything is blank."""
    total = Fraction()
    for each in points:
        if each is None:
            return None
        total += each
    return total


def _ten_times_mean(points: Points, *, most_blank: int) -> Fraction | None:
    answered = [each for each in points if each is not None]
    if len(points) - len(answered) > most_blank:
        return None
    return sum(answered, Fraction()) / len(answered) * 10


def _turned(points: Points, numbers: set[int], *, low: int, high: int) -> Points:
    """With these questions (the first is 1) turned around."""
    return [
        low + high - each if each is not None and number in numbers else each
        for number, each in enumerate(points, start=1)
    ]


def _only(points: Points, numbers: set[int]) -> Points:
    """These questions alone; the first is 1."""
    return [each for number, each in enumerate(points, start=1) if number in numbers]
