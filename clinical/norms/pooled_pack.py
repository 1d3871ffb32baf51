"""One pack from the sums of several sites. No site has sent a row of a person."""

import numpy as np

from clinical.norms.cells import Cells
from clinical.norms.errors import TooFewPeople
from clinical.norms.fit import fit
from clinical.norms.form import FULL, NO_INTERACTION
from clinical.norms.made_pack import Said, pack_of, scale_of
from clinical.norms.norm import Norm, nominal_scales, tier_of
from clinical.norms.pack import NormPack, PackKey
from clinical.norms.rules import NormRules
from questionnaires.instrument import Instrument


def pool_pack(
    cells: Cells,
    instrument: Instrument,
    *,
    key: PackKey,
    said: Said,
    n_sites: int,
    rules: NormRules,
) -> NormPack:
    """The unsigned pack of all sites together; exactly the fit of all their people.

    Sums cannot say how far out single people are, so no form is chosen by prediction
    and the bands stand where the model says: each site checks them on its own people.
    Nor do they hold the lowest and highest intake: the norm speaks about those near the
    mean, as the rules say.

    Args:
        cells: of all sites, added.

    Raises:
        TooFewPeople: the rules allow no norm of so few.
        NotFitted: the model has no fit.
    """
    tier = tier_of(cells.n_persons, rules)
    enough = np.append(
        np.array(cells.n_per_session) >= rules.persons_per_session, False
    )
    max_session = int(np.argmin(enough)) + 1
    if max_session < 2:
        raise TooFewPeople(
            "session 2", persons=cells.n_persons, needed=rules.persons_per_session
        )
    form = NO_INTERACTION if tier == "small" else FULL
    scale = scale_of(instrument)
    mean, spread = cells.intake
    reach = rules.pooled_intake_sds * spread
    norm = Norm(
        tier,
        fit(cells.sums, form, reference=round(mean)),
        nominal_scales(cells.n_persons, rules),
        scale=scale,
        knot_session=None,
        intake_low=max(float(np.ceil(mean - reach)), scale.low),
        intake_high=min(float(np.floor(mean + reach)), scale.high),
        n_persons=cells.n_persons,
        n_per_session=cells.n_per_session,
        max_session=max_session,
    )
    step = (
        f"tier {tier}, pooled from the cells of {n_sites} sites; bands not calibrated"
    )
    return pack_of(
        norm, instrument, key=key, said=said, intake=(mean, spread), steps=(step,)
    )
