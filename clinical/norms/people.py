"""What is known of each person beside the scores, for groups in a check."""

from collections.abc import Mapping
from dataclasses import dataclass

from clinical.norms.readings import Readings


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Readings, and for each person the group they belong to, by name of grouping.

    Attributes:
        groups: such as "sex" -> (n_persons,) texts; "" where nobody wrote it down.
    """

    readings: Readings
    groups: Mapping[str, tuple[str, ...]]
