"""What can go wrong with many charts at once.

FolderUnusable   a folder of an export cannot be read at all; says what is wrong there
"""


class FolderUnusable(Exception):
    """Nothing can be read from this folder, or not without guessing."""
