"""Which numbers of a chart can be a score at all."""

from decimal import Decimal
from typing import Final

# A score has at most a few digits; more of them only cost time and memory.
MAX_DIGITS: Final = 30
MAX_EXPONENT: Final = 15


def finite(value: Decimal) -> bool:
    """Whether a number can be a score at all: finite, of sane size and length.

    `Decimal` also reads the string "NaN", 1E999999999 and 200,000 digits.
    """
    if not value.is_finite() or abs(value.adjusted()) > MAX_EXPONENT:
        return value.is_zero() and abs(value.adjusted()) <= MAX_EXPONENT
    if len(str(value)) <= MAX_EXPONENT:
        return True  # so few characters hold few digits and a small exponent
    _, digits, exponent = value.as_tuple()
    return len(digits) <= MAX_DIGITS and abs(int(exponent)) <= MAX_DIGITS
