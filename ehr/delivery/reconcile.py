"""Reading back what the EHR holds, and leaving one where it holds several."""

from dataclasses import dataclass
from typing import Literal

from ehr.errors import EhrRefused, JsonRefused
from ehr.server import FhirServer
from ehr.wire.safe_json import safe_json
from fhir_mapping.dialect import Dialect
from fhir_mapping.errors import UnreadableResource
from fhir_mapping.r4.codes import SUBMISSION_SYSTEM
from fhir_mapping.r4.json import Json
from fhir_mapping.r4.reading import resource_from_bytes
from fhir_mapping.same_meaning import same_meaning
from fhir_mapping.submission import identifier_of
from questionnaires.library import Library

Comparison = Literal["same", "differs", "elsewhere"]


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Compares by meaning, never by bytes: servers reformat what they store.

    Attributes:
        may_update: whether this EHR and our scopes let us mark an extra copy as
            entered in error. We never delete.
    """

    server: FhirServer
    library: Library
    dialect: Dialect
    may_update: bool

    def body_at(self, place: str) -> bytes | None:
        """The resource at "Type/id"; None if there is none."""
        kind, _, name = place.partition("/")
        try:
            return self.server.read(kind, name)
        except EhrRefused as refused:
            if refused.status in (404, 410):
                return None
            raise

    def compare(self, place: str | None, sent: Json) -> Comparison:
        """Whether what stands there is what was sent.

        Returns:
            "elsewhere" if nothing is there, or something that carries another
            identifier than ours: then the place was wrong, not the content.
        """
        body = None if place is None else self.body_at(place)
        if body is None:
            return "elsewhere"
        if same_meaning(sent, body, library=self.library, dialect=self.dialect):
            return "same"
        return "differs" if _carries_identifier(body, sent) else "elsewhere"

    def one_of(
        self, places: tuple[str, ...], sent: Json, *, placed: str | None
    ) -> str | None:
        """The one copy that stays; the others are marked as entered in error.

        The copy that our scores already refer to stays, else the oldest. A copy that
        says something else was changed by a person: nobody touches it but a person.

        Args:
            places: every valid copy, oldest first, at least one.
            sent: what each of them should mean.
            placed: where we know it from, if we do.

        Returns:
            The place, or None if a person has to decide.
        """
        kept = placed if placed in places else places[0]
        for extra in places:
            if extra != kept and not self._withdraw(extra, sent):
                return None
        return kept

    def _withdraw(self, place: str, sent: Json) -> bool:
        body = self.body_at(place)
        if body is None:
            return True
        if not self.may_update or not self._is_a_copy(body, sent):
            return False
        try:
            stored = safe_json(body, profile="ehr")
        except JsonRefused:
            return False
        meta = stored.get("meta")
        version = meta.get("versionId") if isinstance(meta, dict) else None
        try:
            self.server.update(
                stored | {"status": "entered-in-error"},
                if_match=version if isinstance(version, str) else None,
            )
        except EhrRefused:
            return False
        return True

    def _is_a_copy(self, body: bytes, sent: Json) -> bool:
        if same_meaning(sent, body, library=self.library, dialect=self.dialect):
            return True
        # A score derived from the other copy of the response differs in nothing else.
        derived = _derived_from(body)
        if derived is None or "derivedFrom" not in sent:
            return False
        alike = sent | {"derivedFrom": [{"reference": derived}]}
        return same_meaning(alike, body, library=self.library, dialect=self.dialect)


def _derived_from(body: bytes) -> str | None:
    try:
        found = resource_from_bytes(body).derived_from
    except UnreadableResource:
        return None
    return found[0].reference if found else None


def _carries_identifier(body: bytes, sent: Json) -> bool:
    try:
        found = resource_from_bytes(body)
    except UnreadableResource:
        return False
    value = identifier_of(sent)
    return any(
        each.system == SUBMISSION_SYSTEM and each.value == value
        for each in found.identifiers
    )
