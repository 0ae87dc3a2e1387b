"""Which attributes the ONNX rules ask for, found in their code; and the operators that there are.

tests/data/contrib_operators.csv lists the operators of ONNX Runtime 1.32 in its domain com.microsoft
with their attributes (docs/ContribOperators.md and the schemas that it is made of; MIT licence).
"""

from __future__ import annotations

import csv
import types
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import onnx

from costmodel.frontends.onnx.node import STANDARD, OnnxNode
from costmodel.frontends.onnx.proto import OLDEST
from costmodel.frontends.onnx.rules import table

PACKAGE = "costmodel.frontends.onnx"
CONTRIB = Path(__file__).parent / "data" / "contrib_operators.csv"


def operators() -> dict[str, set[str]]:
    """Every operator by the word of the rules, with its attributes since operator set 7."""
    found: dict[str, set[str]] = {}
    newer: dict[str, int] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        word = schema.name if schema.domain in STANDARD else f"{schema.domain}:{schema.name}"
        found.setdefault(word, set())
        # the version that set 7 uses, and all that came later
        if schema.domain not in STANDARD or schema.since_version > OLDEST:
            found[word] |= set(schema.attributes)
        elif schema.since_version > newer.get(word, 0):
            newer[word] = schema.since_version
    for word, version in newer.items():
        found[word] |= set(onnx.defs.get_schema(word, version, "").attributes)
    with CONTRIB.open() as stream:
        for row in csv.DictReader(stream):
            word = f"com.microsoft:{row['operator']}"
            found[word] = {name for name in row["attributes"].split(";") if name}
    return found


def asked(word: str) -> set[str]:
    """Texts in the code that counts an operator, gives its shapes or follows its samples.

    An attribute that is in none of it is not read. What a function calls inside the front end, and
    what a closure holds, belongs to it.
    """
    texts: set[str] = set()
    seen: set[int] = set()
    for name, key in (("RULES", word), ("SHAPES", word), ("FOLLOW", word.split(":")[-1])):
        texts |= _texts(table(name).get(key), seen)
    return texts


def _texts(item: Any, seen: set[int]) -> set[str]:
    """The texts in a function, and in all that it refers to."""
    if isinstance(item, str):
        return {item}
    if isinstance(item, partial):
        item = item.func
    if isinstance(item, (tuple, list)):
        return set().union(*(_texts(one, seen) for one in item))
    if not isinstance(item, types.FunctionType) or id(item) in seen:
        return set()
    if not item.__module__.startswith(PACKAGE):
        return set()
    seen.add(id(item))
    texts, names = set[str](), set[str]()
    for code in _codes(item.__code__):
        names |= set(code.co_names)
        for constant in code.co_consts:
            texts |= _texts(constant, seen)
    held = [cell.cell_contents for cell in item.__closure__ or ()]
    modules = [one for one in item.__globals__.values() if isinstance(one, types.ModuleType)]
    for name in names:
        known = item.__globals__.get(name)
        held += [known] if isinstance(known, types.FunctionType) else []
        held += [vars(one).get(name) for one in modules if one.__name__.startswith(PACKAGE)]
        held += [vars(OnnxNode)[name]] if name == "axes" else []
    return texts.union(*(_texts(one, seen) for one in held))


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A function's code, and that of functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)
