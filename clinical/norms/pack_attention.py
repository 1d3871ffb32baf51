"""The thresholds of a signed pack, for the share of false alarms that a plan names."""

from decimal import Decimal

from clinical.attention import Attention, Budget, Horizon
from clinical.errors import NormPackError
from clinical.norms.canonical import NotCanonical, decimal_of
from clinical.norms.pack import NormPack
from questionnaires.errors import InstrumentFileError
from questionnaires.instrument import Instrument
from questionnaires.table import Table


def attention_of(
    pack: NormPack, instrument: Instrument, *, false_alarms: Decimal, file: str
) -> Attention:
    """What the check of this pack chose for this share.

    Args:
        instrument: as the plan uses it.

    Raises:
        NormPackError: the check chose none, or for another reliable change than the
            instrument has here.
    """
    found = pack.validation and pack.validation.get("forecast")
    if not isinstance(found, dict):
        raise _none(file, false_alarms)
    try:
        table = Table(file, "validation.forecast", found)
        horizon = Horizon(
            table.whole("horizon_session"),
            decimal_of(table.text("rci")),
            whole_points=table.text("whole_points") == "yes",
        )
        budgets = tuple(
            (
                each.whole("session"),
                Budget(
                    float(decimal_of(each.text("at_least"))),
                    float(false_alarms),
                    n_persons=each.whole("persons"),
                ),
            )
            for each in table.tables("budgets")
            if decimal_of(each.text("false_alarms")) == false_alarms
        )
    except InstrumentFileError as error:  # the reader of tables is shared
        raise NormPackError(file, f"{error.key}: {error.problem}") from None
    except NotCanonical as problem:
        raise NormPackError(file, f"validation.forecast: {problem}") from None
    if not budgets:
        raise _none(file, false_alarms)
    change = instrument.reliable_change
    if change is None or change.value != horizon.rci:
        raise NormPackError(
            file,
            f"its thresholds are for another reliable change than {instrument.id} has"
            " here: run rom norms check again, then sign",
        )
    return Attention(horizon, budgets)


def _none(file: str, false_alarms: Decimal) -> NormPackError:
    return NormPackError(
        file,
        f"its check chose no threshold for norms.false_alarms = {false_alarms}: run rom"
        " norms check again and sign, or name another share in the plan",
    )
