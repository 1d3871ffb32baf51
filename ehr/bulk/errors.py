"""What can go wrong with many charts at once.

FolderUnusable   a folder of an export cannot be read, or belongs to another export;
                 or the folder of temporary files has no room, or a process that read
                 it was ended
UnknownScore     the instrument has no score of this id; names those it has
ExportFailed     an export cannot be completed; says why and what to do next
"""


class FolderUnusable(Exception):
    """Nothing can be done with this folder, or not without guessing."""


class UnknownScore(Exception):
    """An instrument has no such score."""

    def __init__(self, instrument: str, known: tuple[str, ...]) -> None:
        scores = ", ".join(known) or "none"
        super().__init__(f"{instrument} has no such score; it has: {scores}")


class ExportFailed(Exception):
    """What the EHR does cannot lead to a whole export."""
