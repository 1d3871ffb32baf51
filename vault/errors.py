"""What can go wrong while we keep things for a while.

WrongKey            the master key does not open this vault, or a key file is not
                    usable: no start, and never a new key in its place
UnknownSchema       the file was written by a newer or another program: no start
VaultUnavailable    the database cannot be read or written now: 503, never "Saved"
AlreadyUsed         a thing for one use was used before: launch state, code, token
NotFound            no such row for this tenant, browser and time: 404, and nobody
                    learns which of the three it was
NonceConflict       one form came in twice with two different bodies; both are kept
LeaseLost           somebody else holds this row now: drop the work
Tampered            a stored envelope or key row is not what we wrote in this place

No message holds patient data, a token, a code or a key.
"""


class WrongKey(Exception):
    """The master key does not belong to this vault, or is not a key at all."""


class UnknownSchema(Exception):
    """The database holds a schema that this version of the program cannot read."""

    def __init__(self, file: str, *, found: int, known: int) -> None:
        super().__init__(
            f"{file}: schema version {found}, this program knows {known}."
            " Use the version of the program that wrote the file, or migrate it."
        )
        self.file = file
        self.found = found
        self.known = known


class VaultUnavailable(Exception):
    """The database did not answer; nothing of the attempted change is stored."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the vault is not available: {cause}")
        self.cause = cause


class AlreadyUsed(Exception):
    """Good for one use, and that use has been."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"this {kind} was already used")
        self.kind = kind


class NotFound(Exception):
    """Nothing of this kind for this tenant, browser and time."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"no such {kind}")
        self.kind = kind


class NonceConflict(Exception):
    """The same form was posted with another body; both are kept for staff.

    Attributes:
        submission_id: under which the second body is held.
        first: the submission that used the nonce.
    """

    def __init__(self, submission_id: str, *, first: str) -> None:
        super().__init__("this form was already submitted with other answers")
        self.submission_id = submission_id
        self.first = first


class LeaseLost(Exception):
    """The row was leased, or replaced, by somebody else in the meantime."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"the lease on this {kind} is lost")
        self.kind = kind


class Tampered(Exception):
    """An envelope was changed, or moved from another row or tenant."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"a stored {kind} is not what was written in this place")
        self.kind = kind
