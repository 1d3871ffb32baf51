"""What can go wrong when norms are made.

NotFitted      too few people, or terms that cannot be told apart: take a simpler form
CellsRefused   a file of cells is not what it must be; names the place in it
TooFewPeople   the rules allow no norm of this kind from so few people
"""


class NotFitted(Exception):
    """The model has no trustworthy fit to these readings."""


class CellsRefused(Exception):
    """Cells that cannot be read, added or sent."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"cells: {place}: {problem}")
        self.place = place
        self.problem = problem


class TooFewPeople(Exception):
    """A smaller step is allowed, or none at all."""

    def __init__(self, what: str, *, persons: int, needed: int) -> None:
        super().__init__(
            f"{what}: {persons} persons with readings; at least {needed} are needed"
        )
        self.persons = persons
        self.needed = needed
