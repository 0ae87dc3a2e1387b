"""Throw many broken inputs and write reports/robustness.md: python tests/fuzz/long_run.py INPUTS SEED [SEED ...].

Each seed runs in a process of its own, INPUTS / number of seeds of them in each.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from fuzz.mutate import LIMIT, ROOM, Found, run, small_graphs

REPORT = Path(__file__).parents[2] / "reports" / "robustness.md"
ENDS = ("fine", "exit 2", "exit 0", "exit 1")
"""How an input may end: a result, a told mistake, help, a failed check."""


def page(found: list[Found], seeds: list[int], seconds: float) -> str:
    """Counts by what was broken and by outcome."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in found:
        counts.update(one.counts)
    kinds = sorted({kind for kind, _ in counts})
    words = [w for w in ENDS if any((k, w) in counts for k in kinds)]
    others = sorted({word for _, word in counts} - set(words))
    slowest = {kind: max(one.slowest.get(kind, 0.0) for one in found) for kind in kinds}
    total = sum(counts.values())
    head = ["what was broken", "inputs", *words, *others, "slowest [s]"]
    lines = [
        "# Broken inputs",
        "",
        f"{total} inputs, seeds {', '.join(map(str, seeds))}, {seconds:.0f} s on "
        f"{len(seeds)} cores, each under a limit of {LIMIT} s of the processor and of {ROOM / 2**30:.0f} GiB more than the process",
        f"held; the most that a process held was {max(one.largest for one in found) / 1e9:.2f} GB. `fine` is a result, `exit 2` a mistake that",
        "was told. Written by `python tests/fuzz/long_run.py INPUTS SEED ...`; what is mutated how is in tests/fuzz. Faults that earlier",
        "runs found are tests in tests/test_hostile.py, test_hostile_scans.py, test_limits.py and test_kernels.py.",
        "",
        f"| {' | '.join(head)} |",
        f"|---|{'---:|' * (len(head) - 1)}",
    ]
    for kind in kinds:
        mine = [counts[kind, word] for word in (*words, *others)]
        cells = [kind, sum(mine), *mine, f"{slowest[kind]:.2f}"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    for one in found:
        for command, told in one.faults:
            last = told.splitlines()[-1]
            lines += ["", f"- {last[:200]}: `{' '.join(command)[:300]}`"]
    return "\n".join(lines) + "\n"


def main(inputs: int, seeds: list[int]) -> int:
    """Run, write the page; 1 where anything ended as it must not."""
    begun, graphs = time.monotonic(), small_graphs()
    with ProcessPoolExecutor(len(seeds), mp_context=get_context("spawn")) as pool:
        asked = [
            pool.submit(run, float("inf"), seed, graphs, -(-inputs // len(seeds))) for seed in seeds
        ]
        found = [one.result() for one in asked]
    REPORT.write_text(page(found, seeds, time.monotonic() - begun), encoding="utf-8")
    print(REPORT.read_text())
    return 1 if any(one.faults for one in found) else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), [int(word) for word in sys.argv[2:]]))
