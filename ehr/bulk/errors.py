"""What can go wrong with many charts at once.

FolderUnusable   a folder of an export cannot be read at all; says what is wrong there
UnknownScore     the instrument has no score of this id; names those it has
"""


class FolderUnusable(Exception):
    """Nothing can be read from this folder, or not without guessing."""


class UnknownScore(Exception):
    """An instrument has no such score."""

    def __init__(self, instrument: str, known: tuple[str, ...]) -> None:
        scores = ", ".join(known) or "none"
        super().__init__(f"{instrument} has no such score; it has: {scores}")
