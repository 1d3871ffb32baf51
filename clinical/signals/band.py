"""S3: worse than the 80 % line of the norm, where there is a norm for this person."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from clinical.change import is_worse, worse_side
from clinical.expected_response import (
    Band,
    ExpectedResponse,
    NoNorm,
    expected_band,
)
from clinical.measurement import Respondent
from clinical.signals.kinds import OutsideBand
from clinical.signals.raised import Raised
from clinical.trajectory import Reading, Trajectory


@dataclass(frozen=True, slots=True)
class NormKey:
    """For whose answers on which form a norm holds. No match is no norm."""

    instrument_id: str
    instrument_version: str
    language: str
    respondent: Respondent


# The norms of the age band and setting that the patient belongs to; who loads the packs
# chooses by them. Age band and setting are of the person, the key is of the series.
Norms = Mapping[NormKey, ExpectedResponse | NoNorm]
NO_NORMS: Norms = MappingProxyType({})


def norm_for(series: Trajectory, norms: Norms) -> ExpectedResponse | NoNorm:
    """The norm of exactly this series; a neighbour's is never taken."""
    key = NormKey(
        series.instrument.id,
        series.instrument_version,
        series.language,
        series.respondent,
    )
    return norms.get(key, NoNorm("no_norm_for_this_group"))


def band_at(
    curve: ExpectedResponse, readings: tuple[Reading, ...], at: Reading
) -> Band | NoNorm:
    """The band at this reading's session, given the first reading."""
    return expected_band(
        curve, intake=readings[0].value, session_number=at.session_number
    )


def outside_band(
    series: Trajectory, curve: ExpectedResponse, *, from_session: int
) -> Raised | None:
    """Worse than the 80 % line at the latest session; only the worse side speaks.

    Worse than the 68 % line alone is for the graph and raises nothing.

    Args:
        series: whose latest session the curve covers, and so each one before.
        curve: of this form and language.
        from_session: the first one that is compared, 2 or later.
    """
    instrument, readings = series.instrument, series.readings
    latest = readings[-1]
    band = band_at(curve, readings, latest)
    run = 0
    for reading in reversed(readings[1:]):
        if reading.session_number < from_session:
            break
        if not _is_outside(series, curve, reading):
            break
        run += 1
    if run == 0:
        return None
    assert not isinstance(band, NoNorm)  # proved by the caller
    change = instrument.reliable_change
    signal = OutsideBand(
        instrument_id=instrument.id,
        intake=readings[0],
        latest=latest,
        expected=band.expected,
        line=worse_side(instrument, band.low_80, band.high_80),
        persons=curve.sample.persons_at(latest.session_number),
        pack_id=curve.sample.pack_id,
        pack_hash=curve.sample.pack_hash,
        rci=change.value if change else None,
        in_a_row=run,
    )
    return Raised(signal, since=readings[-run].begun)


def _is_outside(series: Trajectory, curve: ExpectedResponse, reading: Reading) -> bool:
    band = band_at(curve, series.readings, reading)
    assert not isinstance(band, NoNorm)  # an earlier session than a covered one
    line = worse_side(series.instrument, band.low_80, band.high_80)
    return is_worse(series.instrument, line, reading.value)
