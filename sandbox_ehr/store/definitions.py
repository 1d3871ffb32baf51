"""What R4 says about the elements of the types the sandbox stores."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("r4_elements.json")


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type: how often, which types, which codes."""

    name: str  # as in the definition: "status", "value[x]"
    types: tuple[str, ...]
    required: bool
    repeats: bool
    codes: frozenset[str] | None  # of a required binding
    targets: frozenset[str] | None  # types a Reference may point at


@dataclass(frozen=True, slots=True)
class Definitions:
    """All elements by type; backbone elements by their path."""

    resources: frozenset[str]
    # type -> JSON key -> (element, the one type this key means)
    keys: dict[str, dict[str, tuple[Element, str]]]
    elements: dict[str, tuple[Element, ...]]


@cache
def r4() -> Definitions:
    """The definitions, read once from the data file beside this module."""
    table = json.loads(FILE.read_text("utf-8"))
    elements = {
        kind: tuple(
            Element(
                name=name,
                types=tuple(found["types"]),
                required=bool(found.get("min")),
                repeats=found.get("max", "1") != "1",
                codes=frozenset(found["codes"]) if "codes" in found else None,
                targets=frozenset(found["targets"]) if "targets" in found else None,
            )
            for name, found in inner.items()
        )
        for kind, inner in table["types"].items()
    }
    return Definitions(
        resources=frozenset(table["resources"]),
        keys={kind: _keys(inner) for kind, inner in elements.items()},
        elements=elements,
    )


def _keys(elements: tuple[Element, ...]) -> dict[str, tuple[Element, str]]:
    found: dict[str, tuple[Element, str]] = {}
    for element in elements:
        if element.name.endswith("[x]"):
            stem = element.name.removesuffix("[x]")
            for each in element.types:
                found[stem + each[0].upper() + each[1:]] = (element, each)
        else:
            found[element.name] = (element, element.types[0])
    return found
