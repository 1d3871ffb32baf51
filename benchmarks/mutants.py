"""Small wrong changes to a Python module, one at a time.

Each mutant is the module's syntax tree with one node changed. Left alone, because no
behaviour hangs on them: annotations, docstrings, texts, and what only states a proof
(`assert`, `assert_never`, `raise AssertionError`).
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
}
_ARITHMETIC: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.Div(),
    ast.Div: ast.Mult(),
    ast.Mod: ast.Mult(),
    ast.FloorDiv: ast.Mult(),
}

Change = Callable[[ast.AST], object]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One module with one thing wrong.

    Attributes:
        module: dotted name.
        line: of the changed node, 1 is the first.
        function: first line of the innermost function around it; 0 if there is none.
        what: the change, in a few words.
        original: the module's source.
        place: of the changed node in the order of `ast.walk`.
        change: what is done to that node.
    """

    module: str
    line: int
    function: int
    what: str
    original: str
    place: int
    change: Change

    def tree(self) -> ast.Module:
        """The whole module, changed."""
        tree = ast.parse(self.original)
        self.change(list(ast.walk(tree))[self.place])
        return ast.fix_missing_locations(tree)


def mutants_of(module: str, source: str) -> Iterator[Mutant]:
    """Every mutant of this module, in the order of its lines."""
    tree = ast.parse(source)
    functions = _functions(tree)
    places = {id(node): place for place, node in enumerate(ast.walk(tree))}
    for node in _behaving(tree):
        # A comprehension itself has no line.
        where = node.target if isinstance(node, ast.comprehension) else node
        line, function = getattr(where, "lineno", 0), functions.get(id(node), 0)
        for what, change in _changes(node):
            yield Mutant(
                module,
                line,
                function,
                what,
                original=source,
                place=places[id(node)],
                change=change,
            )


def _functions(tree: ast.AST) -> dict[int, int]:
    """First line of the innermost function around each node inside one.

    The signature is no part of it: its defaults are made when the module is.
    """
    found: dict[int, int] = {}
    for node in ast.walk(tree):  # outer functions come before inner ones
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            for statement in node.body:
                found |= {id(each): first for each in ast.walk(statement)}
    return found


def _behaving(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes on which behaviour hangs, outermost first."""
    if isinstance(node, ast.Assert) or _is_proof(node):
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _behaving(child)


def _is_proof(node: ast.AST) -> bool:
    text = ast.unparse(node) if isinstance(node, ast.Raise | ast.Expr) else ""
    return text.startswith(("raise AssertionError", "assert_never(", '"""', "'"))


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    match node:
        case ast.Compare(ops=[operator, *_]):
            other = _COMPARISONS[type(operator)]
            what = f"{type(operator).__name__} -> {type(other).__name__}"
            yield what, lambda twin: twin.ops.__setitem__(0, other)  # type: ignore[attr-defined]
        case ast.BoolOp(op=operator):
            turned = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield f"{type(operator).__name__} turned", _setting("op", turned)
        case ast.BinOp(op=operator) if type(operator) in _ARITHMETIC:
            swapped = _ARITHMETIC[type(operator)]
            what = f"{type(operator).__name__} -> {type(swapped).__name__}"
            yield what, _setting("op", swapped)
        case ast.Constant(value=bool(value)):
            yield f"{value} turned", _setting("value", not value)
        case ast.Constant(value=int(number)):
            yield f"{number} -> {number + 1}", _setting("value", number + 1)
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield "returns None", _setting("value", ast.Constant(None))
        case ast.Raise():
            yield "does not raise", _replacing(ast.Pass())
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield "statement left out", _replacing(ast.Pass())
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            if not isinstance(test, ast.Compare | ast.BoolOp):
                turned_test = ast.UnaryOp(ast.Not(), test)
                yield "condition turned", _setting("test", turned_test)
        case ast.comprehension(ifs=[_, *_]):
            yield "filter left out", _setting("ifs", [])


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _setting(name: str, value: object) -> Change:
    return lambda twin: setattr(twin, name, value)


def _replacing(other: ast.stmt) -> Change:
    """Turns the node itself into another statement, wherever it stands."""

    def change(twin: ast.AST) -> None:
        place = twin.lineno, twin.col_offset  # type: ignore[attr-defined]
        twin.__class__ = other.__class__
        for name in list(vars(twin)):
            delattr(twin, name)
        twin.lineno, twin.col_offset = place  # type: ignore[attr-defined]

    return change
