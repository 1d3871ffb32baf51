"""One small interface for whatever keeps the resources: our store, or a server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sandbox_ehr.json_text import Json

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FhirRequest:
    """One FHIR interaction, already authorized."""

    method: str
    path: str  # below the base, without leading slash: "Patient/marta"
    query: Query = ()
    headers: Mapping[str, str] = field(default_factory=dict)  # lower-case names
    body: Json | None = None

    def header(self, name: str) -> str | None:
        """The header's value; `name` in lower case."""
        return self.headers.get(name)


@dataclass(frozen=True, slots=True)
class FhirAnswer:
    """What goes back; URLs in it begin with the sandbox's own FHIR base."""

    status: int
    body: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Backend(Protocol):
    """Keeps resources. It trusts its caller: tokens and scopes are checked before."""

    def answer(self, request: FhirRequest) -> FhirAnswer:
        """Carry out one interaction.

        Raises:
            FhirRefusal: anything that is answered with an OperationOutcome.
        """
        ...

    def inject(self, resource: Json) -> bool:
        """Keep a resource unchecked, under its own id; False if that is refused."""
        ...

    def reset(self) -> None:
        """Forget every resource; a foreign server keeps what it has."""
        ...

    def counts(self) -> dict[str, int]:
        """How many resources are kept, by type."""
        ...
