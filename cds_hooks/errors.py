"""What a CDS client can get wrong, and what it then hears.

MalformedRequest   the body is not a patient-view request: 400 with the JSON path
NotJson            the body calls itself something else: 415
NotEnoughData      neither prefetched nor fetchable: 412
"""


class MalformedRequest(Exception):
    """Not a request this service understands; `path` says where, never what."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class NotJson(Exception):
    """A body of another type than application/json."""

    def __init__(self) -> None:
        super().__init__("the body must be application/json")


class NotEnoughData(Exception):
    """The chart was neither sent along nor could it be read; names the missing key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"prefetch {key!r} is missing and the chart cannot be read")
        self.key = key
