"""Looks for any path by which outcomes or alliance could be grouped by clinician.

Read from the source, so that a field, a parameter, a query or a column is found before
anybody runs it.
"""

import ast
import re
from collections.abc import Iterator

# Words for a person who treats, as parts of an identifier; `authored` is a moment and
# "clinical" a room.
PERSONS = frozenset(
    {
        *("clinician", "clinicians", "practitioner", "practitioners", "therapist"),
        *("therapists", "provider", "providers", "performer", "performers", "author"),
        *("requester", "counsellor", "counselor", "psychologist", "participant"),
        *("caseload", "actor"),
    }
)
# Types that hold, or become, an outcome or a rating of the alliance.
RESULTS = frozenset(
    {
        *("Score", "NotScored", "Measurement", "Episode", "Reading", "Trajectory"),
        *("Course", "SignalReport", "Session", "SessionEvent", "TeamSession"),
        *("Objective", "TeamRow", "FidelityReport", "PlanReview", "ReviewReading"),
    }
)
GROUPING_SQL = re.compile(r"\bgroup\s+by\b|\bpartition\s+by\b", re.IGNORECASE)
GROUPING_CALLS = frozenset({"group_by", "groupby", "over"})


def named_persons(source: str) -> Iterator[str]:
    """Each identifier of a type, field, parameter or function that names one."""
    for node in ast.walk(ast.parse(source)):
        for name in _identifiers(node):
            if _is_person(name):
                yield f"{getattr(node, 'lineno', 0)}: {name}"


def results_beside_persons(source: str) -> Iterator[str]:
    """Each function that is given a person who treats and a result, and each type that
    holds both."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(name=name, args=arguments, returns=returns):
                given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
                names = {name, *(each.arg for each in given)}
                types = [*(each.annotation for each in given), returns]
            case ast.ClassDef(name=name, body=body):
                fields = [each for each in body if isinstance(each, ast.AnnAssign)]
                names = {name, *(ast.unparse(each.target) for each in fields)}
                types = [each.annotation for each in fields]
            case _:
                continue
        told = {part for each in types if each for part in _words(ast.unparse(each))}
        if any(map(_is_person, names)) and told & RESULTS:
            yield f"{node.lineno}: {name}"


def groupings(source: str) -> Iterator[str]:
    """Each query that puts rows together by some column."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=str(text)) if GROUPING_SQL.search(text):
                yield f"{node.lineno}: {text[:40]}"
            case ast.Call(func=ast.Attribute(attr=name)) if name in GROUPING_CALLS:
                yield f"{node.lineno}: .{name}()"


def _identifiers(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.ClassDef(name=name):
            yield name
        case ast.FunctionDef(name=name, args=arguments):
            yield name
            for each in (
                *arguments.posonlyargs,
                *arguments.args,
                *arguments.kwonlyargs,
            ):
                yield each.arg
        case ast.AnnAssign(target=target):
            yield ast.unparse(target)
        case ast.Assign(targets=targets):
            yield from map(ast.unparse, targets)


def _is_person(identifier: str) -> bool:
    return bool(PERSONS & {each.lower() for each in _words(identifier)})


def _words(text: str) -> set[str]:
    """The parts of identifiers: snake_case and CamelCase, and each whole."""
    whole = re.findall(r"[A-Za-z]+", text.replace("_", " "))
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", text)
    return {*whole, *parts}
