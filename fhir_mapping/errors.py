"""What can go wrong between our values and FHIR JSON.

UnreadableResource   what another system wrote cannot be understood at one place:
                     kept as `Unread`, counted on the page; nothing else is lost
UnmappedCode         a code that the dialect does not know: the same, and a line in
                     the mapping report
DialectFileError     a dialect file is wrong: no start; names file and key
NotValidR4           what we built is not valid FHIR, our fault: held, alarm

Messages name types and places, never a value: values are patient data.
"""

from fhir_mapping.unread import Reason


class UnreadableResource(Exception):
    """Another system's resource cannot be read at one place.

    Args:
        resource_type: FHIR type, "Resource" if it does not say a plausible one.
        place: dotted place inside the resource ("item[3].answer"), "" for all of it.
        reason: why, as a word of the closed list.
    """

    def __init__(
        self, resource_type: str, place: str, reason: Reason = "malformed"
    ) -> None:
        kind = plausible_type(resource_type)
        super().__init__(f"{kind} cannot be read at {place or 'its root'}: {reason}")
        self.resource_type = kind
        self.place = place
        self.reason = reason


class UnmappedCode(Exception):
    """A code that neither the instruments nor the dialect know."""

    def __init__(self, system: str, code: str) -> None:
        super().__init__(f"no mapping for code {code!r} of {system!r}")
        self.system = system
        self.code = code


class DialectFileError(Exception):
    """A dialect file says something it must not, or lacks something."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(f"{file}: {key}: {problem}")
        self.file = file
        self.key = key
        self.problem = problem


class NotValidR4(Exception):
    """A resource that we built is not valid FHIR R4; names the places only."""

    def __init__(self, resource_type: str, places: tuple[str, ...]) -> None:
        where = ", ".join(places) or "its root"
        super().__init__(f"{resource_type} is not valid R4 at {where}")
        self.resource_type = resource_type
        self.places = places


def plausible_type(text: str) -> str:
    """The text itself if it can be a FHIR type name, else "Resource".

    A hostile or broken `resourceType` must not carry free text into a message.
    """
    if len(text) <= 40 and text.isascii() and text.isalpha():
        return text
    return "Resource"
