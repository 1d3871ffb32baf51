"""What can go wrong with an instrument, a wording or a set of answers.

InstrumentFileError   a file, ours or the site's, is wrong: no start; file and key
UnknownInstrument     nobody here knows this instrument: 404
AnswerNotOffered      an answer that the form does not offer: 400; names the item
"""


class InstrumentFileError(Exception):
    """An instrument or wording file says something it must not.

    Args:
        file: the file's name, as the site knows it.
        key: dotted place inside the file.
        problem: what is wrong and what to do, in plain words.
    """

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(f"{file}: {key}: {problem}")
        self.file = file
        self.key = key
        self.problem = problem


class UnknownInstrument(Exception):
    """No instrument of this id (or canonical) is in the library."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no instrument {name!r} in the library")
        self.name = name


class AnswerNotOffered(Exception):
    """An answer to an item that does not exist, or a value that item does not offer.

    The message names the item and the reason, never the answer.
    """

    def __init__(self, link_id: str, reason: str) -> None:
        super().__init__(f"item {link_id!r}: {reason}")
        self.link_id = link_id
        self.reason = reason
