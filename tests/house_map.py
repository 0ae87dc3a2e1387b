"""Draws docs/house.svg from the imports: python tests/house_map.py.

Rooms stand on the floors that the contract in pyproject.toml gives them; an arrow is at least one import between two rooms, thicker for more.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import grimp
import matplotlib
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "house.svg"


def floors() -> list[list[str]]:
    """Rooms from the top floor down, as the contract states them."""
    text = (ROOT / "pyproject.toml").read_text()
    (contract,) = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    return [
        [word.strip().removeprefix("costmodel.") for word in layer.split("|")]
        for layer in contract["layers"]
    ]


def arrows() -> Counter[tuple[str, str]]:
    """How many imports lead from one room into another."""
    graph: Any = grimp.build_graph("costmodel", cache_dir=None)
    found: Counter[tuple[str, str]] = Counter()
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            pair = tuple(([*name.split("."), ""])[1] for name in (module, other))
            if all(pair) and pair[0] != pair[1]:
                found[pair[0], pair[1]] += 1
    return found


def figure() -> Figure:
    """The house."""
    made = Figure(figsize=(9, 8))
    axes = made.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 9), ylim=(0, 9))
    axes.axis("off")
    levels, places = floors(), {}
    for floor, rooms in enumerate(levels):
        y = 8.5 - floor * 8 / (len(levels) - 1)
        for number, room in enumerate(rooms):
            places[room] = (4.5 + 2.6 * (number - (len(rooms) - 1) / 2), y)
    for (start, end), many in sorted(arrows().items()):
        if start not in places or end not in places:
            continue
        far = abs(places[start][1] - places[end][1]) > 1.6
        axes.annotate(
            "",
            xy=places[end],
            xytext=places[start],
            arrowprops={
                "arrowstyle": "-|>", "color": "#4477aa", "alpha": 0.55, "lw": 0.6 + 0.12 * many**0.7,
                "shrinkA": 14, "shrinkB": 14, "connectionstyle": f"arc3,rad={-0.45 if far else 0.0}",
            },
        )  # fmt: skip
    for room, (x, y) in places.items():
        box = {"boxstyle": "round,pad=0.45", "fc": "white", "ec": "#222222"}
        axes.text(x, y, room, ha="center", va="center", fontsize=12, bbox=box)
    return made


def write(path: Path) -> None:
    with matplotlib.rc_context({"svg.hashsalt": "costmodel", "svg.fonttype": "none"}):
        figure().savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    write(PICTURE)
