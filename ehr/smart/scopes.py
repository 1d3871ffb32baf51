"""SMART scopes, version 2, with version 1 read as what it means.

Compared as sets of rights, never as text: servers answer in another order, another
version, or wider than asked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Level = Literal["patient", "user", "system"]

_ORDER = "cruds"
_VERSION_1 = {"read": "rs", "write": "cud", "*": "cruds"}
_RESOURCE = re.compile(
    r"(?P<level>patient|user|system)/(?P<type>[A-Z][A-Za-z]{0,63}|\*)"
    r"\.(?P<rights>read|write|\*|(?=[cruds])c?r?u?d?s?)"
    r"(?:\?(?P<query>[!-~]{1,500}))?"
)


@dataclass(frozen=True, slots=True)
class ResourceScope:
    """Rights on one resource type.

    Args:
        level: whose rights.
        resource_type: a type, or `*`.
        rights: some of c r u d s.
        query: parameters that narrow it, each `name=value`.
    """

    level: Level
    resource_type: str
    rights: frozenset[str]
    query: frozenset[str] = frozenset()

    def __str__(self) -> str:
        rights = "".join(each for each in _ORDER if each in self.rights)
        query = f"?{'&'.join(sorted(self.query))}" if self.query else ""
        return f"{self.level}/{self.resource_type}.{rights}{query}"

    def reaches(self, other: "ResourceScope") -> bool:
        """Whether this scope is about everything the other is about."""
        return (
            self.level == other.level
            and self.resource_type in ("*", other.resource_type)
            and self.query <= other.query
        )


Scope = ResourceScope | str  # a text is `openid`, `launch/patient`, ...


def parse_scope(text: str) -> Scope:
    """One scope; what is not about resources stays the text it is.

    `user/Observation.dus` (wrong order) is nobody's scope and stays a text as well, so
    it grants nothing.
    """
    found = _RESOURCE.fullmatch(text)
    if found is None:
        return text
    rights = _VERSION_1.get(found["rights"], found["rights"])
    query = frozenset(found["query"].split("&")) if found["query"] else frozenset[str]()
    level: Level = found["level"]  # type: ignore[assignment]  # one of three, by the pattern
    return ResourceScope(level, found["type"], frozenset(rights), query)


def parse_scopes(text: str) -> tuple[Scope, ...]:
    """The scopes of a blank-separated text, each once, in order."""
    return tuple(dict.fromkeys(parse_scope(each) for each in text.split()))


def union(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """The same rights with one scope per level, type and query."""
    joined: dict[object, Scope] = {}
    for each in scopes:
        if isinstance(each, str):
            joined[each] = each
            continue
        place = (each.level, each.resource_type, each.query)
        before = joined.get(place)
        rights = before.rights if isinstance(before, ResourceScope) else frozenset()
        joined[place] = replace(each, rights=each.rights | rights)
    return tuple(joined.values())


def allows(granted: str, needed: str) -> bool:
    """Whether granted scopes cover every needed one."""
    return not lacking(granted, needed)


def lacking(granted: str, needed: str) -> tuple[str, ...]:
    """The needed scopes that the grant does not cover, in order."""
    given = parse_scopes(granted)
    return tuple(
        str(each) for each in parse_scopes(needed) if not _is_covered(each, given)
    )


def as_version_1(scopes: str) -> str:
    """The same request for a server that knows only `.read` and `.write`."""
    texts: list[str] = []
    for each in parse_scopes(scopes):
        if isinstance(each, str):
            texts.append(each)
            continue
        for word, rights in (("read", "rs"), ("write", "cud")):
            if each.rights & set(rights):
                texts.append(f"{each.level}/{each.resource_type}.{word}")
    return " ".join(dict.fromkeys(texts))


def _is_covered(needed: Scope, given: tuple[Scope, ...]) -> bool:
    if isinstance(needed, str):
        return needed in given
    covered: set[str] = set()
    for each in given:
        if isinstance(each, ResourceScope) and each.reaches(needed):
            covered |= each.rights
    return needed.rights <= covered
