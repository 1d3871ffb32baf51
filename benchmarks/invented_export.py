"""An invented export for `benchmarks.bulk`: Observations, half of them a PHQ-9 total.

About 1.45 KB a line, and the lines of one person never side by side.
"""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from clinical.norms.readings import Readings
from clinical.norms.simulate import PLAIN, simulate

SEED = 11
LINE = 1_450  # bytes
CODE = "44261-6"  # PHQ-9 total
BUFFER = 1_048_576
FIRST_DAY = date(2024, 1, 1)

_BEFORE = (
    '{"resourceType":"Observation","id":"o-%010d","meta":{"versionId":"1",'
    '"lastUpdated":"2026-03-04T10:11:12.345+01:00"},"status":"final","category":'
    '[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category"'
    ',"code":"survey","display":"Survey"}]}],"code":{"coding":[{"system":'
    '"http://loinc.org","code":"%s","display":"%s"}]},"subject":{"reference":'
    '"Patient/p-%08d"},"encounter":{"reference":"Encounter/e-%010d"},'
    '"effectiveDateTime":"%sT%02d:%02d:00+01:00","issued":"2026-03-04T10:00:00+01:00",'
    '"performer":[{"reference":"Practitioner/17"}],"valueQuantity":{"value":%d,"unit":'
    '"{score}","system":"http://unitsofmeasure.org","code":"{score}"},"note":[{"text":"'
)
_AFTER = '"}]}\n'
_WORDS = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor "


def cohort(size: int) -> Readings:
    """As many people as fill a file of so many bytes."""
    law = replace(PLAIN, whole_points=True, missed=0.0)
    random = np.random.default_rng(SEED)
    per_person = len(simulate(law, 2_000, random=random).score) / 2_000 + 1
    people = max(200, round(size / (2 * LINE) / per_person))
    return simulate(law, people, random=np.random.default_rng(SEED))


def write(readings: Readings, file: Path) -> int:
    """Writes the export; returns how many lines hold a score."""
    people = np.random.default_rng(SEED).permutation(readings.n_persons)
    sessions = [(people, np.ones(len(people), dtype=np.int64), readings.intake[people])]
    for number in range(2, int(readings.session.max()) + 1):
        here = np.flatnonzero(readings.session == number)
        who = np.random.default_rng(number).permutation(here)
        sessions.append(
            (readings.person[who], readings.session[who], readings.score[who])
        )
    days = [
        (FIRST_DAY + timedelta(days=each)).isoformat() for each in range(7 * 60 + 400)
    ]
    number = 0
    with file.open("w", encoding="ascii", buffering=BUFFER) as stream:
        for person, session, score in sessions:
            for who, when, value in zip(
                person.tolist(), session.tolist(), score.tolist(), strict=True
            ):
                day = days[7 * when + who % 400]
                for code, name, shown in (
                    (CODE, "PHQ-9 total score", value),
                    ("8867-4", "Heart rate", 60 + who % 40),
                ):
                    head = _BEFORE % (
                        *(number, code, name, who, number, day),
                        *(8 + who % 10, who % 60, shown),
                    )
                    filling = _WORDS * 15
                    stream.write(head + filling[: LINE - len(head) - 5] + _AFTER)
                    number += 1
    return number // 2
