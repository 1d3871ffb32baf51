"""The circumstances of one sitting, which every resource about it repeats."""

from dataclasses import dataclass
from datetime import datetime

from fhir_mapping.r4.dates import text_from_moment
from fhir_mapping.r4.json import Json


@dataclass(frozen=True, slots=True)
class Sitting:
    """Who answered what for whom, and when.

    Attributes:
        patient: logical id in the EHR.
        encounter: logical id, or None if the launch named none.
        author: who recorded it ("Practitioner/1", "Patient/1").
        source: who answered ("Patient/1").
        authored: with offset; whole seconds are written.
        language: of the wording that was shown.
    """

    patient: str
    encounter: str | None
    author: str
    source: str
    authored: datetime
    language: str

    @property
    def moment(self) -> str:
        """The FHIR text of `authored`."""
        return text_from_moment(self.authored)

    def links(self) -> Json:
        """`subject`, and `encounter` if there is one."""
        links: Json = {"subject": {"reference": f"Patient/{self.patient}"}}
        if self.encounter is not None:
            links["encounter"] = {"reference": f"Encounter/{self.encounter}"}
        return links
