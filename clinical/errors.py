"""What can go wrong with the site's clinical files.

PlanFileError   the measurement plan is wrong: no start; names file and key
NormPackError   a norm pack is not what was signed, or not signed: no start
"""


class PlanFileError(Exception):
    """The measurement plan says something it must not, or lacks something."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(f"{file}: {key}: {problem}")
        self.file = file
        self.key = key
        self.problem = problem


class NormPackError(Exception):
    """A norm pack that may not be used; a neighbour's is never taken instead."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file}: {problem}")
        self.file = file
        self.problem = problem
