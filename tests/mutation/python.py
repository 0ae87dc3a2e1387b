"""Changes of Python: operators, comparisons, numbers, guards, entries of tables."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

from mutation.mutant import Change, Mutant, of_nodes

OPERATORS: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(), ast.Sub: ast.Add(), ast.Mult: ast.Div(), ast.Div: ast.Mult(),
    ast.FloorDiv: ast.Mult(), ast.Mod: ast.FloorDiv(), ast.Pow: ast.Mult(),
    ast.BitOr: ast.BitAnd(), ast.BitAnd: ast.BitOr(),
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(), ast.LtE: ast.Lt(), ast.Gt: ast.GtE(), ast.GtE: ast.Gt(),
    ast.Eq: ast.NotEq(), ast.NotEq: ast.Eq(), ast.Is: ast.IsNot(), ast.IsNot: ast.Is(),
    ast.In: ast.NotIn(), ast.NotIn: ast.In(),
}  # fmt: skip
CALLS = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "any": "all",
    "all": "any", "ceil": "int", "round": "int", "prod": "sum", "argmin": "argmax",
    "argmax": "argmin",
}  # fmt: skip
WORDS = {"divided": "multiplied", "multiplied": "divided", "left": "right", "right": "left"}
"""Words that decide, as a number does."""
TYPES = ("Literal", "Callable", "Mapping", "NDArray", "ClassVar", "tuple", "dict", "list", "set")
UNTOUCHED = ("source", "examples", "__all__", "__repr__", "_repr_html_", "suffixes")
"""What no run computes with."""
Scope = ast.Module | ast.ClassDef | ast.FunctionDef


def changed(call: ast.Call) -> ast.Call | None:
    """A call of the opposite function."""
    match call.func:
        case ast.Name(id=name) if name in CALLS:
            return ast.Call(ast.Name(CALLS[name]), call.args, call.keywords)
        case ast.Attribute(value, attr) if attr in CALLS and CALLS[attr] not in ("int", "sum"):
            return ast.Call(ast.Attribute(value, CALLS[attr]), call.args, call.keywords)
    return None


def of_number(node: ast.AST) -> Iterator[Change]:
    """Other constants."""
    match node:
        case ast.Constant(value=bool(value)):
            yield node, str(not value)
        case ast.Constant(value=int(value)):
            yield node, str(value + 1)
        case ast.Constant(value=float(value)):
            yield node, repr(2 * value or 1.0)
        case ast.Constant(value=str(word)) if word in WORDS:
            yield node, repr(WORDS[word])


def of_operator(node: ast.AST) -> Iterator[Change]:
    """Other operators, comparisons and functions."""
    match node:
        case ast.BinOp(left, op, right) if type(op) in OPERATORS:
            yield node, f"({ast.unparse(ast.BinOp(left, OPERATORS[type(op)], right))})"
        case ast.AugAssign(target, op, value) if type(op) in OPERATORS:
            yield node, ast.unparse(ast.AugAssign(target, OPERATORS[type(op)], value))
        case ast.UnaryOp(ast.USub(), ast.Constant()):
            return
        case ast.UnaryOp(ast.USub() | ast.Not(), operand):
            yield node, f"({ast.unparse(operand)})"
        case ast.BoolOp(op, values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield node, f"({ast.unparse(ast.BoolOp(other, values))})"
        case ast.Compare(left, ops, comparators):
            for at, compared in enumerate(ops):
                others = [*ops[:at], COMPARISONS[type(compared)], *ops[at + 1 :]]
                yield node, f"({ast.unparse(ast.Compare(left, others, comparators))})"
        case ast.Call() if (other_call := changed(node)) is not None:
            yield node, ast.unparse(other_call)


def of_guard(node: ast.AST) -> Iterator[Change]:
    """Branches that are always or never taken."""
    match node:
        case ast.If(test, [ast.Raise()], []):
            yield test, "False"
        case ast.If(test):
            yield test, "True"
            yield test, "False"
        case ast.IfExp(_, body, other):
            yield node, f"({ast.unparse(body)})"
            yield node, f"({ast.unparse(other)})"
        case ast.comprehension(ifs=tests):
            yield from ((test, word) for test in tests for word in ("True", "False"))


def of_table(node: ast.AST) -> Iterator[Change]:
    """A table with one entry less, for each of them."""
    match node:
        case ast.List(items) | ast.Tuple(items) | ast.Set(items) if len(items) > 1:
            brackets: dict[type[ast.AST], tuple[str, str]]
            brackets = {ast.List: ("[", "]"), ast.Tuple: ("(", ")"), ast.Set: ("{", "}")}
            opening, closing = brackets[type(node)]
            for at in range(len(items)):
                left = [ast.unparse(item) for item in (*items[:at], *items[at + 1 :])]
                comma = "," if isinstance(node, ast.Tuple) else ""
                yield node, f"{opening}{', '.join(left)}{comma}{closing}"
        case ast.Dict(keys, values) if len(keys) > 1:
            for at in range(len(keys)):
                left_keys, left_values = keys[:at] + keys[at + 1 :], values[:at] + values[at + 1 :]
                yield node, ast.unparse(ast.Dict(left_keys, left_values))


def pieces(node: ast.AST) -> Iterator[ast.AST]:
    """The code of a statement, without annotations, docstrings and messages."""
    match node:
        case ast.Raise() | ast.Assert() | ast.JoinedStr() | ast.Expr(value=ast.Constant()):
            return
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.keyword(arg="strict"):
            # lengths that agree anyway
            return
        case ast.Subscript(value=ast.Name(id=name)) if name in TYPES:
            return
        case ast.FunctionDef(args=arguments, body=body):
            inner: list[ast.AST] = [d for d in arguments.defaults if d]
            inner += [d for d in arguments.kw_defaults if d]
            inner += body
        case ast.AnnAssign(value=value):
            inner = [] if value is None else [value]
        case _:
            inner = [*ast.iter_child_nodes(node)]
    yield node
    for item in inner:
        yield from pieces(item)


def name_of(node: ast.AST) -> str:
    """The name that a statement binds, or nothing."""
    target = getattr(node, "target", None) or getattr(node, "targets", [None])[0]
    return str(getattr(node, "name", getattr(target, "id", "")))


def scopes(tree: Scope, prefix: str = "") -> Iterator[tuple[str, ast.stmt]]:
    """Functions, tables and other statements of a module and its classes, with their names."""
    for node in tree.body:
        name = prefix + name_of(node)
        if isinstance(node, ast.ClassDef):
            yield from scopes(node, f"{name}.")
        elif name_of(node) not in UNTOUCHED:
            yield name, node


def mutants(file: Path, source: bytes, functions: Collection[str] = ()) -> Iterator[Mutant]:
    """All changes of a file, or of `functions` alone, by their last names."""
    seen = set()
    for name, node in scopes(ast.parse(source)):
        if functions and name.rpartition(".")[2] not in functions:
            continue
        table = isinstance(node, ast.Assign | ast.AnnAssign)
        found = [
            change
            for item in pieces(node)
            for kind in (of_number, of_operator, of_guard, *((of_table,) if table else ()))
            for change in kind(item)
        ]
        for mutant in of_nodes(file, source, name, found):
            if mutant.source not in seen:
                seen.add(mutant.source)
                yield mutant
