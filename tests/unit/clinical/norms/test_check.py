"""The report of a check: what its shares are shares of."""

import numpy as np

from clinical.norms.check import check_pack
from clinical.norms.people import People
from clinical.norms.readings import Readings
from clinical.norms.rules import shipped_rules
from tests.instruments import PHQ9
from tests.norm_packs import pack


def test_in_a_session_a_short_course_weighs_as_much_as_a_long_one() -> None:
    # 100 people as expected at session 2, and no more; 100 far worse, who stay to 5.
    length = np.repeat([1, 4], 100)
    person = np.repeat(np.arange(200), length)
    session = np.concatenate([np.arange(2, 2 + each) for each in length])
    score = np.where(person < 100, 14.0, 27.0)
    people = People(Readings(person, session, score, np.full(200, 15.0)), {})

    report = check_pack(
        pack(), people, PHQ9, same_people=False, rules=shipped_rules(), seed=1
    )

    shares = {
        each["group"]: each["worse_than_80"].split()[0]
        for each in report["calibration"]  # type: ignore[attr-defined]  # JSON
        if each["worse_than_80"]
    }
    assert (shares["all"], shares["session 2"]) == ("0.500", "0.500")
    assert shares["session 3"] == "1.000"
