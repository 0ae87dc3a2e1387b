"""Change every coefficient of every tally, one at a time, and see that the tests notice.

    python tests/mutate_tallies.py [part of a file's name]

Works on a copy of the package in a temporary directory: what `tally` and `tasks` of the layer kinds
compute, the functions that they call and the tables that they read. A change that leaves
tests/test_tallies.py green is a survivor; exit code 1 if there is one that nothing explains. Every
run forks from one process that has imported torch, so that it takes a fraction of a second.
"""

from __future__ import annotations

import ast
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import networkx
import torch.nn.attention
import torch.utils.flop_counter
from mutation.mutant import Change, Mutant, of_nodes
from mutation.runs import GREEN, copied, imported, noticed, run

PRELOADED = (networkx, torch.nn.attention, torch.utils.flop_counter)
"""What every run needs and no change touches."""
TESTS = ("test_tallies.py",)
LAYERS = Path("costmodel/models/layers")
ROOTS = ("tally", "tasks")
NAMES = ("macs", "adds", "muls", "divs", "compares", "exps",
         "weights", "biases", "bn_scale", "bn_shift", "bn_mean", "bn_variance")  # fmt: skip
"""The fields of a Tally that count something."""
OPERATORS: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(), ast.Sub: ast.Add(), ast.Mult: ast.Add(), ast.FloorDiv: ast.Mult(),
}  # fmt: skip
SHAPES = {"inputs": "outputs", "outputs": "inputs"}
CALLS = {"prod": "sum", "sum": "prod", "max": "min"}
SAME_SHAPE = ("Elementwise.tally", "SampleNorm.tally", "RmsNorm.tally", "LocalResponseNorm.tally",
              "BatchNorm.tally", "CumulativeSum.tally", "Moe.tally")  # fmt: skip
"""Where `out_shape` gives the input's shape, so that `inputs` and `outputs` say the same."""
# (function, line with the change in it): why nothing can notice it.
EQUIVALENT = {
    ("Linear.tally", "axis = self.held_by(outputs[0])"): "of equal rank",
    ("Recurrent.tally", "steps = prod(outputs[0][:-1])"): "only the last axis differs",
    ("View.tally", "return Tally.of(inputs, inputs)"): "as many elements by definition",
}


def reason(mutant: Mutant) -> str | None:
    """Why nothing can notice it; None if something should."""
    if mutant.function in SAME_SHAPE and mutant.change.split(" -> ")[0] in SHAPES:
        return "the output has the input's shape"
    return EQUIVALENT.get((mutant.function, mutant.text))


def bound(node: ast.AST) -> str:
    """The name that a statement gives to something, or nothing."""
    target = getattr(node, "target", None) or getattr(node, "targets", [None])[0]
    return str(getattr(node, "name", getattr(target, "id", "")))


def statements(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """The statements of a module and of its classes, with the names that they bind."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{bound(item)}", item) for item in node.body)
            # counts in the head of a class are a table
            counts = [keyword for keyword in node.keywords if keyword.arg in NAMES]
            yield f"{node.name}.per_element", ast.Call(ast.Name("dict"), [], counts)
        else:
            yield bound(node), node


def targets(nodes: list[ast.AST]) -> set[str]:
    """Names of the functions that a tally reaches, and of the tables that these mention."""
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    known, mentioned, before = {node.name for node in functions}, set(ROOTS), set[str]()
    while mentioned != before:
        before = set(mentioned)
        reached = (node for node in functions if node.name in before)
        inside = [item for node in reached for item in ast.walk(node)]
        mentioned |= {item.id for item in inside if isinstance(item, ast.Name)}
        mentioned |= {item.attr for item in inside if isinstance(item, ast.Attribute)}
    tables = {
        bound(node)
        for node in nodes
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and any(isinstance(item, ast.Dict) for item in ast.walk(node))
    }
    return mentioned & (known | tables)


def pieces(node: ast.AST) -> Iterator[ast.AST]:
    """A function's or a table's code, without annotations, docstrings and refusals."""
    match node:
        case ast.Raise() | ast.If(body=[ast.Raise()]) | ast.Expr(value=ast.Constant()):
            return
        case ast.FunctionDef(body=body):
            inner: list[ast.AST] = [*body]
        case ast.AnnAssign(value=ast.expr() as value):
            inner = [value]
        case _:
            inner = [*ast.iter_child_nodes(node)]
    yield node
    for item in inner:
        yield from pieces(item)


def another(name: str, taken: set[str | None]) -> str:
    """The next field of a Tally that is not taken."""
    start = NAMES.index(name)
    return next(other for other in NAMES[start + 1 :] + NAMES[:start] if other not in taken)


def more(node: ast.expr) -> Change:
    """Another value."""
    return node, f"(2 * ({ast.unparse(node)}) + 1)"


def of_values(node: ast.AST) -> Iterator[Change]:
    """Other numbers, names and operators."""
    match node:
        case ast.Constant(value=bool()):
            return
        case ast.Constant(value=int(number)):
            yield node, str(number + 1)
        case ast.Constant(value=str(name)) if name in NAMES:
            yield node, repr(another(name, set()))
        case ast.Name(id=name) if name in CALLS:
            yield node, CALLS[name]
        case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
            yield node, f"({ast.unparse(ast.BinOp(left, OPERATORS[type(operator)], right))})"
        case ast.UnaryOp(op=ast.USub(), operand=ast.Name() | ast.Attribute() as operand):
            yield node, ast.unparse(operand)


def of_structure(node: ast.AST, helpers: set[str]) -> Iterator[Change]:
    """Branches the other way round; other values, and other names for them."""
    match node:
        case ast.If(test=test) | ast.comprehension(ifs=[test]):
            yield test, f"not ({ast.unparse(test)})"
        case ast.IfExp(test, body, other):
            yield node, f"({ast.unparse(ast.IfExp(test, other, body))})"
        case ast.Dict(values=values):
            yield from (more(v) for v in values if not isinstance(v, ast.Constant | ast.Call))
        case ast.DictComp(value=value):
            yield more(value)
        case ast.Call(func, given, keywords):
            if isinstance(func, ast.Attribute) and func.attr in helpers:
                numbers = (ast.Name, ast.Attribute, ast.BinOp, ast.Call)
                kept = (v for v in given if ast.unparse(v) not in SHAPES)
                yield from (more(v) for v in kept if isinstance(v, numbers))
            taken = {keyword.arg for keyword in keywords}
            for keyword in keywords:
                if keyword.arg in NAMES:
                    name = another(str(keyword.arg), taken)
                    yield more(keyword.value)
                    yield keyword, f"{name}={ast.unparse(keyword.value)}"


def changes(node: ast.AST, helpers: set[str]) -> Iterator[Change]:
    """All changes of one function or table."""
    arguments = {a.arg for a in node.args.args} if isinstance(node, ast.FunctionDef) else set()
    counts = isinstance(node, ast.FunctionDef) and getattr(node.returns, "id", "") == "int"
    for item in pieces(node):
        yield from of_values(item)
        yield from of_structure(item, helpers)
        match item:
            case ast.Return(value=ast.expr() as value) if counts:
                yield more(value)
            case ast.Name(id=name) if name in SHAPES and arguments >= set(SHAPES):
                yield item, SHAPES[name]
            case ast.Dict(keys=[]) if not arguments:
                yield item, "{'adds': 1}"


def mutants(folder: Path, only: str) -> Iterator[Mutant]:
    """All changes of all files of the copy whose name contains `only`."""
    sources = {file: file.read_bytes() for file in sorted((folder / LAYERS).glob("*.py"))}
    found = {file: list(statements(ast.parse(source))) for file, source in sources.items()}
    names = targets([node for several in found.values() for _, node in several])
    for file, source in sources.items():
        for name, node in found[file]:
            if only in file.name and name.rpartition(".")[2] in names:
                yield from of_nodes(file, source, name, changes(node, names))


def main() -> int:
    """Run everything and print the table; 1 if a change goes unnoticed."""
    began = time.monotonic()
    results: list[tuple[Mutant, bool]] = []
    with copied() as folder:
        imported(folder)
        if run(folder, TESTS) != GREEN:
            sys.exit("the tests are red without a change")
        for mutant in mutants(folder, "".join(sys.argv[1:])):
            results.append((mutant, noticed(folder, TESTS, mutant)))
    return report(results, time.monotonic() - began)


def report(results: list[tuple[Mutant, bool]], seconds: float) -> int:
    """Print mutants and caught ones of each file, and the survivors; 1 if one is unexplained."""
    total = Counter(mutant.file.name for mutant, _ in results)
    caught = Counter(mutant.file.name for mutant, seen in results if seen)
    for mutant, seen in results:
        if not seen:
            print(f"{LAYERS / mutant.file.name}:{mutant.line} {mutant.function}: {mutant.change}")
            print(f"    equivalent: {reason(mutant)}" if reason(mutant) else "    SURVIVES")
    print(f"\n{'file':<24}{'mutants':>9}{'caught':>9}")
    for name, count in total.items():
        print(f"{name:<24}{count:>9}{caught[name]:>9}")
    print(f"{'all':<24}{total.total():>9}{caught.total():>9}")
    unexplained = sum(not seen and not reason(mutant) for mutant, seen in results)
    print(f"{unexplained} unexplained, {seconds:.0f} s")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
