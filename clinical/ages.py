"""For whose age a form's numbers are: a cut-off of adults says nothing of a child."""

from datetime import date

from clinical.norms.library import age_on
from questionnaires.instrument import Instrument


def age_outside(instrument: Instrument, *, born: date | None, on: date) -> int | None:
    """The age on this day, if the form has numbers and they are for other ages.

    None also where nobody said when the person was born: then nothing is known.
    """
    if born is None or not (instrument.cutoff or instrument.reliable_change):
        return None
    age = age_on(born, on)
    return None if instrument.age_min <= age <= instrument.age_max else age
