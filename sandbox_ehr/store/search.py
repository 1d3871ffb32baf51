"""Search: does a resource match, and in which order do the matches come?"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox_ehr.errors import FhirRefusal
from sandbox_ehr.json_text import Json
from sandbox_ehr.store.interface import Query
from sandbox_ehr.store.moments import matches as date_matches
from sandbox_ehr.store.moments import value_stretch
from sandbox_ehr.store.parameters import CONTROLS, PARAMETERS, SORTS, Parameter

MOST_PER_PAGE = 200
USUAL_PER_PAGE = 50
MODIFIERS = {
    "string": frozenset({"exact", "contains", "missing"}),
    "token": frozenset({"not", "missing"}),
    "reference": frozenset({"missing", "identifier", "Patient", "Practitioner"}),
    "date": frozenset({"missing"}),
    "uri": frozenset({"missing"}),
}
LOWEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One `name[:modifier]=a,b`: any of the values satisfies it."""

    parameter: Parameter
    modifier: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """A search as understood; `ignored` names what was not."""

    kind: str
    criteria: tuple[tuple[str, Criterion], ...]
    sort: tuple[tuple[str, bool], ...]  # (parameter, descending)
    count: int
    ignored: tuple[str, ...]

    def exact(self, name: str) -> tuple[str, ...] | None:
        """The values of the first unmodified criterion of that name."""
        for each, criterion in self.criteria:
            if each == name and not criterion.modifier:
                return criterion.values
        return None

    def accepts(self, resource: Json) -> bool:
        """Whether the resource satisfies every criterion."""
        return all(_satisfies(resource, each) for _, each in self.criteria)

    def ordered(self, found: Sequence[Json]) -> list[Json]:
        """In the order asked for, oldest id first where nothing decides."""
        result = sorted(found, key=lambda each: str(each.get("id")))
        for name, descending in reversed(self.sort):
            parameter = PARAMETERS[self.kind][name]
            result.sort(
                key=lambda each, p=parameter: _sort_key(each, p),  # type: ignore[misc]
                reverse=descending,
            )
        return result


def understood(kind: str, query: Query, *, strict: bool) -> Search:
    """The search that a query string means.

    Raises:
        FhirRefusal: 400 for an unknown modifier, an empty value or a wrong count;
            with `strict` also for an unknown parameter.
    """
    known = PARAMETERS[kind]
    criteria: list[tuple[str, Criterion]] = []
    ignored: list[str] = []
    sort: list[tuple[str, bool]] = []
    count = USUAL_PER_PAGE
    for key, value in query:
        name, _, modifier = key.partition(":")
        if key == "_count":
            if not (value.isascii() and value.isdecimal() and len(value) < 10):
                raise FhirRefusal(400, "value", "_count is not a number")
            count = min(int(value), MOST_PER_PAGE)
        elif key == "_sort":
            for each in value.split(","):
                if each.lstrip("-") in SORTS & known.keys():
                    sort.append((each.lstrip("-"), each.startswith("-")))
                else:
                    ignored.append("_sort")
        elif key in CONTROLS:
            continue
        elif name not in known:
            ignored.append(name)
        elif modifier and modifier not in MODIFIERS.get(known[name].kind, ()):
            raise FhirRefusal(400, "not-supported", f"modifier on {name}")
        elif not value:
            raise FhirRefusal(400, "value", f"{name} is empty")
        else:
            values = tuple(part for part in value.split(",") if part)
            criteria.append((name, Criterion(known[name], modifier, values)))
    if ignored and strict:
        raise FhirRefusal(
            400, "not-supported", "unknown search parameter: " + ", ".join(ignored)
        )
    return Search(kind, tuple(criteria), tuple(sort), count, tuple(ignored))


def values_at(resource: object, place: str) -> Iterator[object]:
    """Every value at a dotted place, through lists."""
    if isinstance(resource, list):
        for each in resource:
            yield from values_at(each, place)
        return
    if not place:
        yield resource
        return
    step, _, rest = place.partition(".")
    if isinstance(resource, dict) and step in resource:
        yield from values_at(resource[step], rest)


def _satisfies(resource: Json, criterion: Criterion) -> bool:
    parameter = criterion.parameter
    if parameter.kind == "id":
        return resource.get("id") in criterion.values
    found = [
        value for place in parameter.places for value in values_at(resource, place)
    ]
    if criterion.modifier == "missing":
        return (criterion.values == ("true",)) == (not found)
    if criterion.modifier == "not":
        return not any(
            _token_matches(value, each) for value in found for each in criterion.values
        )
    return any(
        _matches(value, each, criterion) for value in found for each in criterion.values
    )


def _matches(value: object, wanted: str, criterion: Criterion) -> bool:
    match criterion.parameter.kind:
        case "token":
            return _token_matches(value, wanted)
        case "date" | "updated":
            covered = value_stretch(value)
            return covered is not None and date_matches(covered, wanted)
        case "string":
            return isinstance(value, str) and _string_matches(
                value, wanted, criterion.modifier
            )
        case "uri":
            return isinstance(value, str) and (
                value == wanted or value.partition("|")[0] == wanted
            )
        case _:
            return _reference_matches(value, wanted, criterion)


def _token_matches(value: object, wanted: str) -> bool:
    system, bar, code = wanted.rpartition("|")
    if isinstance(value, bool):
        return wanted == ("true" if value else "false")
    if isinstance(value, str):
        return code == value
    if not isinstance(value, dict):
        return False
    if "coding" in value:
        codings = value["coding"]
        return isinstance(codings, list) and any(
            _token_matches(each, wanted) for each in codings
        )
    own = value["code"] if "code" in value else value.get("value")
    if code and own != code:
        return False
    if not bar:
        return bool(code)
    return value.get("system") == (system or None)


def _string_matches(value: str, wanted: str, modifier: str) -> bool:
    if modifier == "exact":
        return value == wanted
    plain, sought = _plain(value), _plain(wanted)
    if modifier == "contains":
        return sought in plain
    return plain.startswith(sought)


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in apart if not unicodedata.combining(each))


def _reference_matches(value: object, wanted: str, criterion: Criterion) -> bool:
    if not isinstance(value, dict):
        return False
    if criterion.modifier == "identifier":
        return _token_matches(value.get("identifier"), wanted)
    own = value.get("reference")
    if not isinstance(own, str):
        return False
    own = own.split("/_history/")[0]
    kind = criterion.modifier or criterion.parameter.target
    if "/" not in wanted:
        if kind is None:
            return own.rsplit("/", 1)[-1] == wanted
        wanted = f"{kind}/{wanted}"
    return own == wanted or own.endswith("/" + wanted) or wanted.endswith("/" + own)


def _sort_key(resource: Json, parameter: Parameter) -> tuple[datetime, str]:
    if parameter.kind == "id":
        return LOWEST, str(resource.get("id"))
    for place in parameter.places:
        for value in values_at(resource, place):
            if parameter.kind == "string":
                return LOWEST, _plain(str(value))
            covered = value_stretch(value)
            if covered is not None:
                return covered[0], ""
    return LOWEST, ""
