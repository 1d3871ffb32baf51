"""Scores of alliance, outcome lines and couples' forms, from what is published.

Independent of the product in the same way as `tests.second_scorer.symptoms`, where the
form of answers and scores is described. No publisher of these says what a blank does:
a score needs every answer.
"""

from fractions import Fraction

from tests.second_scorer.symptoms import Points, Scores


def four_lines(points: Points) -> Scores:
    """Four lines of ten centimetres, measured to the millimetre, summed, 0 to 40.

    Source:
        CamCOPS, server/camcops_server/tasks/ors.py and srs.py: four ratings from 0 to
        10, 10 better, all of them required. CORS, CSRS and GSRS: the same four lines
        (corc.uk.net on the ORS and its forms for children).
    """
    return {"total": _every(points[:4])}


def wai_sr(points: Points) -> Scores:
    """Twelve questions from 1 to 5, summed, 12 to 60; three parts of four.

    Source:
        Rivet, clinical templates, WAI-SR (1 to 5, none turned; goal 4, 6, 8, 11; task
        1, 2, 10, 12; bond 3, 5, 7, 9); the same parts in Blueprint's help on the WAI.
    """
    return {
        "total": _every(points[:12]),
        "goal": _every([points[3], points[5], points[7], points[10]]),
        "task": _every([points[0], points[1], points[9], points[11]]),
        "bond": _every([points[2], points[4], points[6], points[8]]),
    }


def sai(points: Points) -> Scores:
    """Six questions, one sum: the form is treated as one dimension.

    Source:
        Falkenström, Hatcher, Skjulsvik, Larsson & Holmqvist 2015, Psychological
        Assessment 27(1):169-183, abstract (a composite of all six).
    """
    return {"total": _every(points[:6])}


def csi_16(points: Points) -> Scores:
    """Sixteen questions, the first from 0 to 6, the others from 0 to 5; 0 to 81.

    The points that stand at an answer already run from less to more satisfied.

    Source:
        "CSI-16 scoring" (0 to 81, higher is more satisfied); points as printed: Funk &
        Rogge 2007, in the 32-question form that holds these sixteen.
    """
    return {"total": _every(points[:16])}


def r_das(points: Points) -> Scores:
    """Fourteen questions from 0 to 5, the eleventh to 4; 0 to 69; three parts.

    The points that stand at an answer already run from less to more adjusted.

    Source:
        Busby, Christensen, Crane & Larson 1995, J Marital Fam Ther 21(3):289-308, as
        given by Simplified.tools, "RDAS" (consensus 1-6, satisfaction 7-10, cohesion
        11-14; the eleventh ends at 4, hence 69).
    """
    return {
        "total": _every(points[:14]),
        "consensus": _every(points[0:6]),
        "satisfaction": _every(points[6:10]),
        "cohesion": _every(points[10:14]),
    }


def own_check_in_of_four(points: Points) -> Scores:
    """Four questions from 0 to 4, summed, 0 to 16; an open one is never scored.

    Source:
        The product's own forms: a plain sum, all answers needed.
    """
    return {"total": _every(points[:4])}


def own_check_in_of_five(points: Points) -> Scores:
    """Five questions from 0 to 4, summed, 0 to 20; all needed.

    Source:
        The product's own forms.
    """
    return {"total": _every(points[:5])}


def _every(points: Points) -> Fraction | None:
    answered = [each for each in points if each is not None]
    return sum(answered, Fraction()) if len(answered) == len(points) else None
