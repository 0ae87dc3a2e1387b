"""Change every coefficient of every tally, one at a time, and see that the tests notice.

    python tests/mutate_tallies.py [part of a file's name]

Works on a copy of the package in a temporary directory: what `tally` and `tasks` of the layer kinds
compute, the functions that they call and the tables that they read. A change that leaves
tests/test_tallies.py green is a survivor; exit code 1 if there is one that nothing explains. Every
run forks from one process that has imported torch, so that it takes a fraction of a second.
"""

from __future__ import annotations

import ast
import gc
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import networkx
import pytest
import torch.nn.attention
import torch.utils.flop_counter

PRELOADED = (networkx, torch.nn.attention, torch.utils.flop_counter)
"""What every run needs and no change touches."""
ROOT = Path(__file__).resolve().parents[1]
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
SECONDS = 60
"""After which a run that does not end counts as caught."""
GREEN, *_ = ENDS = (0, 1, 2)
"""Pytest's exit codes: all passed; some failed; the tests could not be collected."""
SAME_SHAPE = ("Elementwise.tally", "SampleNorm.tally", "RmsNorm.tally", "LocalResponseNorm.tally",
              "BatchNorm.tally", "CumulativeSum.tally", "Moe.tally")  # fmt: skip
"""Where `out_shape` gives the input's shape, so that `inputs` and `outputs` say the same."""
# (function, line with the change in it): why nothing can notice it.
EQUIVALENT = {
    ("Linear.tally", "axis = self.held_by(outputs[0])"): "of equal rank",
    ("Recurrent.tally", "steps = prod(outputs[0][:-1])"): "only the last axis differs",
    ("View.tally", "return Tally.of(inputs, inputs)"): "as many elements by definition",
}

Change = tuple[ast.AST, str]
"""A piece of source, and the text to stand there instead."""


class Mutant(NamedTuple):
    """One change of one file."""

    file: Path
    line: int
    function: str
    change: str
    text: str
    """The line with the change in it."""
    source: bytes

    @property
    def reason(self) -> str | None:
        """Why nothing can notice it; None if something should."""
        if self.function in SAME_SHAPE and self.change.split(" -> ")[0] in SHAPES:
            return "the output has the input's shape"
        return EQUIVALENT.get((self.function, self.text))


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
        starts = [0]
        for row in source.splitlines(keepends=True):
            starts.append(starts[-1] + len(row))
        for name, node in found[file]:
            if only not in file.name or name.rpartition(".")[2] not in names:
                continue
            for place, new in changes(node, names):
                at = vars(place)
                first = starts[at["lineno"] - 1] + at["col_offset"]
                last = starts[at["end_lineno"] - 1] + at["end_col_offset"]
                old = " ".join(source[first:last].decode().split())
                mutated = source[:first] + new.encode() + source[last:]
                text = mutated.splitlines()[at["lineno"] - 1].decode().strip()
                yield Mutant(file, at["lineno"], name, f"{old} -> {new}", text, mutated)


def copied(folder: Path) -> None:
    """What the tests need, and settings that load no plugin."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "costmodel", folder / "costmodel", ignore=ignored)
    (folder / "tests").mkdir()
    for name in ("test_tallies.py", "counted.py"):
        shutil.copy(ROOT / "tests" / name, folder / "tests" / name)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = . tests\n")


def run(folder: Path, shown: bool = False) -> int:
    """Pytest's exit code for the copy, in a process of its own."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 70
    try:
        signal.alarm(SECONDS)
        os.chdir(folder)
        if not shown:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
        options = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "tests/test_tallies.py"]
        code = int(pytest.main(options))
        # the checkout's own package must never stand in for the copy
        if not str(vars(sys.modules["costmodel"])["__file__"]).startswith(str(folder)):
            code = 71
    finally:
        os._exit(code)


def main() -> int:
    """Run everything and print the table; 1 if a change goes unnoticed."""
    torch.set_num_threads(1)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    gc.freeze()
    began = time.monotonic()
    results: list[tuple[Mutant, bool]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        copied(folder)
        sys.dont_write_bytecode, sys.pycache_prefix = False, None
        if run(folder, shown=True) != GREEN:
            sys.exit("the tests are red without a change")
        # bytecode makes the runs faster; that of a changed file would hide a change of this second
        shutil.rmtree(folder / LAYERS / "__pycache__")
        sys.dont_write_bytecode = True
        for mutant in mutants(folder, "".join(sys.argv[1:])):
            original = mutant.file.read_bytes()
            mutant.file.write_bytes(mutant.source)
            code = run(folder)
            mutant.file.write_bytes(original)
            if code not in (*ENDS, -signal.SIGALRM):
                raise RuntimeError(f"pytest ended with {code} for {mutant}")
            results.append((mutant, code != GREEN))
    return report(results, time.monotonic() - began)


def report(results: list[tuple[Mutant, bool]], seconds: float) -> int:
    """Print mutants and caught ones of each file, and the survivors; 1 if one is unexplained."""
    total = Counter(mutant.file.name for mutant, _ in results)
    caught = Counter(mutant.file.name for mutant, noticed in results if noticed)
    for mutant, noticed in results:
        if not noticed:
            print(f"{LAYERS / mutant.file.name}:{mutant.line} {mutant.function}: {mutant.change}")
            print(f"    equivalent: {mutant.reason}" if mutant.reason else "    SURVIVES")
    print(f"\n{'file':<24}{'mutants':>9}{'caught':>9}")
    for name, count in total.items():
        print(f"{name:<24}{count:>9}{caught[name]:>9}")
    print(f"{'all':<24}{total.total():>9}{caught.total():>9}")
    unexplained = sum(not noticed and not mutant.reason for mutant, noticed in results)
    print(f"{unexplained} unexplained, {seconds:.0f} s")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
