"""SMART scopes: read, compared, and asked for one interaction."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from sandbox_ehr.store.interface import Query

PATTERN = re.compile(
    r"(?P<level>patient|user|system)/(?P<kind>\*|[A-Z][A-Za-z]+)"
    r"\.(?P<rights>read|write|\*|c?r?u?d?s?)(\?(?P<query>.+))?"
)
V1 = {"read": "rs", "write": "cud", "*": "cruds"}


@dataclass(frozen=True, slots=True)
class Scope:
    """One resource scope in the grammar of SMART 2."""

    level: str  # patient, user, system
    kind: str  # a resource type, or *
    rights: str  # of c r u d s, in that order
    query: Query = ()

    @property
    def text(self) -> str:
        """The scope as it stands in a token response."""
        tail = "&".join(f"{name}={value}" for name, value in self.query)
        base = f"{self.level}/{self.kind}.{self.rights}"
        return f"{base}?{tail}" if tail else base


@dataclass(frozen=True, slots=True)
class Permission:
    """What lets an interaction pass: whose data, and with which filter."""

    patient_only: bool
    query: Query


def scope_from(text: str) -> Scope | None:
    """The resource scope that a word says; None for `openid` and its like."""
    found = PATTERN.fullmatch(text)
    if found is None or not found["rights"]:
        return None
    rights = V1.get(found["rights"], found["rights"])
    query = tuple(parse_qsl(found["query"] or "", keep_blank_values=True))
    return Scope(found["level"], found["kind"], rights, query)


def granted_words(
    requested: str, registered: str, *, levels: frozenset[str]
) -> tuple[str, ...]:
    """The requested words that the registration covers, narrowed where it is narrower.

    Args:
        requested: the `scope` of the request.
        registered: all that this client may ever have.
        levels: patient, user, system: those which this kind of grant can give.
    """
    allowed = registered.split()
    limits = [scope for word in allowed if (scope := scope_from(word))]
    granted: list[str] = []
    for word in dict.fromkeys(requested.split()):
        scope = scope_from(word)
        if scope is None:
            if "/" not in word and word in allowed:
                granted.append(word)
            continue
        if scope.level not in levels:
            continue
        for limit in limits:
            narrowed = _narrowed(scope, limit)
            if narrowed is not None:
                granted.append(word if narrowed == scope else narrowed.text)
    return tuple(dict.fromkeys(granted))


def permissions(scopes: Sequence[Scope], kind: str, right: str) -> list[Permission]:
    """What permits `right` (one of cruds) on this type; widest first, empty if none."""
    found = [
        Permission(scope.level == "patient", scope.query)
        for scope in scopes
        if scope.kind in ("*", kind) and right in scope.rights
    ]
    return sorted(found, key=lambda each: (each.patient_only, len(each.query)))


def _narrowed(scope: Scope, limit: Scope) -> Scope | None:
    """What both say; None if they have nothing in common."""
    if scope.level != limit.level:
        return None
    if scope.kind != limit.kind and "*" not in (scope.kind, limit.kind):
        return None
    rights = "".join(right for right in scope.rights if right in limit.rights)
    if not rights:
        return None
    kind = limit.kind if scope.kind == "*" else scope.kind
    extra = tuple(pair for pair in limit.query if pair not in scope.query)
    return replace(scope, kind=kind, rights=rights, query=scope.query + extra)
