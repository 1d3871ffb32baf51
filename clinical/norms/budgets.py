"""From which forecast on a site hears of a course, for each share of false alarms.

Chosen by the check of a pack, from the people of the check, session by session: those
who were followed so far and came on afterwards. A plan names the share; the server
reads the threshold from the signed pack and chooses nothing.
"""

from decimal import ROUND_CEILING, Decimal

import numpy as np

from clinical.attention import Horizon
from clinical.change import worse_sign
from clinical.norms.bootstrap import shares
from clinical.norms.caseload import budget_for, forecasts
from clinical.norms.made_pack import rci_of, reliably_worse
from clinical.norms.norm import Norm
from clinical.norms.readings import BoolArray, Readings
from clinical.norms.rules import NormRules
from questionnaires.instrument import Instrument

_STEP = Decimal("0.000001")


def forecast_report(
    norm: Norm,
    readings: Readings,
    instrument: Instrument,
    *,
    rules: NormRules,
    random: np.random.Generator,
) -> dict[str, object] | None:
    """The thresholds, as a pack holds them: texts and whole numbers only.

    `found` says of those who ended reliably worse how many the threshold points out.

    Returns:
        None where nothing can be asked: no reliable change, or a curve of one session.
    """
    rci = rci_of(instrument)
    horizon_session = min(rules.horizon_session, norm.max_session)
    if rci is None or horizon_session < 3:
        return None
    horizon = Horizon(
        horizon_session,
        rci[0],
        whole_points=bool((readings.score == np.floor(readings.score)).all()),
    )
    budgets: list[dict[str, object]] = []
    for session in range(2, horizon_session):
        people, ended = _followed(readings, session, instrument=instrument)
        if int((~ended).sum()) < rules.persons_per_session:
            continue
        chance = forecasts(
            norm.fit,
            people,
            horizon=horizon,
            direction=norm.scale.direction,
            knot_session=norm.knot_session,
        ).reliably_worse
        for share in rules.false_alarms:
            budget = budget_for(chance, ended, false_alarms=float(share))
            at_least = Decimal(budget.at_least).quantize(_STEP, ROUND_CEILING)
            pointed_out = ended & (chance >= float(at_least))
            (found,) = shares(
                pointed_out.astype(float)[:, np.newaxis],
                ended.astype(float)[:, np.newaxis],
                least=rules.persons_per_cell,
                draws=rules.draws,
                random=random,
            )
            budgets.append(
                {
                    "session": session,
                    "false_alarms": str(share),
                    "at_least": str(at_least),
                    "persons": budget.n_persons,
                    "found": found.told(),
                }
            )
    return {
        "horizon_session": horizon.session_number,
        "rci": str(horizon.rci),
        "whole_points": "yes" if horizon.whole_points else "no",
        "budgets": budgets,
    }


def _followed(
    readings: Readings, session: int, *, instrument: Instrument
) -> tuple[Readings, BoolArray]:
    """People with a reading up to this session and one after it, and who ended worse.

    Returns:
        What was known of them then; (n_persons,) worse at last by the reliable change.
    """
    counts = readings.rows_per_person
    final = np.cumsum(counts) - 1  # of people without a reading it is another's row
    early = np.bincount(
        readings.person, weights=readings.session <= session, minlength=len(counts)
    )
    has = np.flatnonzero(counts > 0)
    wanted = has[(readings.session[final[has]] > session) & (early[has] > 0)]
    last = final[wanted]
    change = worse_sign(instrument.direction) * (
        readings.score[last] - readings.intake[wanted]
    )
    ended = reliably_worse(change, instrument)
    assert ended is not None  # proved by the caller
    return readings.of_persons(wanted).first(session), ended
