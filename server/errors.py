"""What keeps the server from starting.

UnsafeSettings       a setting is missing or unsafe; names each one and the mend
CatalogueFileError   a translation of the interface cannot be read
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


class CatalogueFileError(Exception):
    """A catalogue that translators wrote is not one.

    Args:
        file: its path.
        problem: as the reader of catalogues tells it.
    """

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(
            f"{file}: is no catalogue of translations: {problem}. Mend it, or take its"
            " folder away; then pages are in English in that language's place"
        )
        self.file, self.problem = file, problem
