"""What keeps the server from starting.

UnsafeSettings   a setting is missing or unsafe: no start; names each one and the mend
"""

from collections.abc import Sequence


class UnsafeSettings(Exception):
    """Starting like this would be unsafe.

    Args:
        problems: one sentence each: what is wrong and what to do.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)
