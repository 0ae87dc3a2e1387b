"""Modules drawn at random, exported twice, and counted here and by torch.

    python tests/differential.py [COUNT] [--first SEED]

Parameters are `numel`, multiply-adds half of what torch's FlopCounterMode counts, and of recurrent
cells their definition. Writes reports/parity/differential.md; exit code 1 where a figure differs
and no reason is known.
"""

from __future__ import annotations

import contextlib
import io
import logging
import random
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import torch
from drawn import FAMILIES, Drawn, drawn
from graphs import totals
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from costmodel.core.loading import load_network
from costmodel.errors import InputError

OUT = Path(__file__).resolve().parent.parent / "reports" / "parity" / "differential.md"
OPSETS = {False: (11, 13, 15, 17), True: (18, 20, 21, 23)}
"""Operator sets of torch's exporter of scripts, and of its newer one."""


FINE = ("equal", "known", "no export")
"""Outcomes after which nothing has to be mended."""


class Outcome(NamedTuple):
    """A module through one exporter."""

    seed: int
    family: str
    exporter: str
    opset: int
    what: str
    """`equal`, `no export`, `known` and the reason, or what differs."""
    text: str


def by_torch(one: Drawn) -> tuple[int, int]:
    """Parameters and multiply-adds as torch counts them."""
    # fused paths of attention are not counted; the products themselves are
    torch.backends.mha.set_fastpath_enabled(False)
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        one.module(*one.inputs)
    counted = 0 if one.unseen else counter.get_total_flops() // 2
    return sum(p.numel() for p in one.module.parameters()), counted + one.unseen


def exported(one: Drawn, path: Path, dynamo: bool, opset: int) -> str:
    """Write a module as ONNX; why its exporter does not, empty where it does."""
    quiet = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(quiet):
        warnings.simplefilter("ignore")
        with contextlib.redirect_stderr(quiet):
            try:
                torch.onnx.export(
                    one.module, one.inputs, str(path), dynamo=dynamo, opset_version=opset,
                    verbose=False,
                )  # fmt: skip
            # an exporter may stumble over what it does not support in any way
            except Exception as error:
                return type(error).__name__
    return ""


def outcome(seed: int, dynamo: bool, folder: Path) -> Outcome:
    """Count one module through one exporter, with an operator set drawn by its number."""
    one = drawn(seed)
    opset = random.Random(seed).choice(OPSETS[dynamo])
    family = FAMILIES[seed % len(FAMILIES)].__name__
    path = folder / f"{seed}_{dynamo}.onnx"
    failed = exported(one, path, dynamo, opset)
    what = f"no export: {failed}" if failed else compared(one, path)
    return Outcome(seed, family, "dynamo" if dynamo else "script", opset, what, one.text)


def compared(one: Drawn, path: Path) -> str:
    """What differs between the figures here and torch's."""
    try:
        network = load_network(path)
    except InputError as error:
        return f"refused: {str(error).partition(': ')[2]}"
    if network.facts.unknown:
        return network.facts.missing
    (params, macs), (held, counted) = totals(network), by_torch(one)
    # of equal ones, the zeros of cells without biases, it keeps one
    stored = params - held in (one.stored, one.once)
    if one.folded and stored and counted - macs == one.folded:
        return "known: the exporter works out the first step from zeros, and stores what it gives"
    if params != held:
        return f"params {params} for {held}"
    if macs == counted:
        return "equal"
    return reason(one, macs, counted) or f"macs {macs} for {counted}"


def reason(one: Drawn, macs: int, counted: int) -> str:
    """Why multiply-adds may differ from what torch counts; empty where nothing says so."""
    if one.folded and macs == counted - one.folded:
        return "known: the exporter multiplies the zeros before the first step by itself"
    if one.text.startswith("einsum") and not counted:
        return "known: torch counts no product of which nothing is summed"
    if one.text.startswith("einsum") and one.text.count(",") > 1 and macs < counted:
        return "known: torch multiplies from left to right, where another order takes less"
    return ""


def main() -> int:
    """Run as many modules as asked for, print what differs, write the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    logging.disable(logging.ERROR)
    found = list[Outcome]()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + count):
            for dynamo in (False, True):
                found.append(outcome(seed, dynamo, Path(folder)))
                if found[-1].what != "equal":
                    print(*found[-1], sep=" | ", flush=True)
    OUT.write_text(report(found, first))
    return any(one.what.partition(":")[0] not in FINE for one in found)


def report(found: list[Outcome], first: int) -> str:
    """The text of reports/parity/differential.md."""
    words = [
        one.what if one.what.startswith("known") else one.what.partition(":")[0] for one in found
    ]
    counts = Counter((one.family, word) for one, word in zip(found, words, strict=True))
    total = Counter(words)
    lines = [
        "# Random modules: counted here and by torch",
        "",
        f"{len(found) // 2} modules drawn at random (seeds from {first}), each through both exporters of torch with",
        "an operator set drawn too. Parameters are `numel`; multiply-adds half of what torch's FlopCounterMode",
        "counts, of recurrent cells their definition. Written by `python tests/differential.py`.",
        "",
        *(f"- {word}: {count}" for word, count in total.most_common()),
        "",
        "| family | outcome | exports |",
        "|---|---|---:|",
        *(f"| {family} | {word} | {count} |" for (family, word), count in sorted(counts.items())),
        "",
        "`no export`: the exporter does not support the module with that operator set.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
