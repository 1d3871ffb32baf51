"""What can go wrong with the site's clinical files.

PlanFileError   the measurement plan is wrong: no start; names file and key
"""


class PlanFileError(Exception):
    """The measurement plan says something it must not, or lacks something."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(f"{file}: {key}: {problem}")
        self.file = file
        self.key = key
        self.problem = problem
