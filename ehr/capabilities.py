"""What this EHR says it can search and store, read from its CapabilityStatement."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class TypeAbility:
    """What is offered for one resource type.

    Attributes:
        interactions: codes of `TypeRestfulInteraction` ("read", "create", ...).
        searches: names of search parameters, as advertised.
        update_create: PUT to an id of our own creates the resource.
        conditional_create: `If-None-Exist` is honoured; says nothing about races.
    """

    interactions: frozenset[str]
    searches: frozenset[str]
    update_create: bool
    conditional_create: bool


NOTHING = TypeAbility(frozenset(), frozenset(), False, False)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One server's statement about itself; a probe may know better.

    Attributes:
        types: ability by resource type; absent means not offered at all.
        system: codes of `SystemRestfulInteraction` ("transaction", "batch", ...).
        fhir_version: as stated, "" if not.
    """

    types: Mapping[str, TypeAbility]
    system: frozenset[str]
    fhir_version: str

    def of(self, resource_type: str) -> TypeAbility:
        """The ability for this type; `NOTHING` if it is not offered."""
        return self.types.get(resource_type, NOTHING)

    def can(self, resource_type: str, interaction: str) -> bool:
        """Whether this interaction is offered for this type."""
        return interaction in self.of(resource_type).interactions

    def searches_by(self, resource_type: str, parameter: str) -> bool:
        """Whether a search of this type by this parameter is advertised."""
        ability = self.of(resource_type)
        return "search-type" in ability.interactions and parameter in ability.searches

    @property
    def transaction(self) -> bool:
        """Whether a Bundle of type `transaction` is taken at the base."""
        return "transaction" in self.system


def capabilities_from_statement(statement: Json) -> Capabilities:
    """What the statement's server part offers; what is malformed counts as absent.

    Absent is the safe reading: it can only lower the rung we write on.
    """
    types: dict[str, TypeAbility] = {}
    system: set[str] = set()
    for rest in _objects(statement, "rest"):
        if rest.get("mode") != "server":
            continue
        system.update(_codes(rest, "interaction", key="code"))
        for resource in _objects(rest, "resource"):
            name = resource.get("type")
            if isinstance(name, str):
                types[name] = TypeAbility(
                    interactions=frozenset(_codes(resource, "interaction", key="code")),
                    searches=frozenset(_codes(resource, "searchParam", key="name")),
                    update_create=resource.get("updateCreate") is True,
                    conditional_create=resource.get("conditionalCreate") is True,
                )
    version = statement.get("fhirVersion")
    return Capabilities(
        types=types,
        system=frozenset(system),
        fhir_version=version if isinstance(version, str) else "",
    )


def _objects(parent: Json, key: str) -> Iterator[Json]:
    found = parent.get(key)
    if isinstance(found, list):
        for each in found:
            if isinstance(each, dict):
                yield each


def _codes(parent: Json, member: str, *, key: str) -> Iterator[str]:
    for each in _objects(parent, member):
        code = each.get(key)
        if isinstance(code, str):
            yield code
