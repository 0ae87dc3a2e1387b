"""A small network on any machine, in plain Python: what every study of it has to give.

    c: 3 x 3 convolution of [4, 6, 6] to 8 channels: 36 x 8 outputs of 36 multiply-adds
    r: relu of c                       p: 1 x 1 convolution of r to 2 channels
    q: 1 x 1 convolution of c to 2     a: p + q

Elements of 4 B, no biases. It shares no code with the program.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import costmodel as cm

NETWORK = """name: H
source: hand arithmetic
convention: flops
input: [4, 6, 6]
layers:
  - c: {kind: conv2d, kernel: 3, filters: 8, padding: same, bias: false}
  - r: {kind: relu}
  - p: {kind: conv2d, kernel: 1, filters: 2, bias: false}
  - q: {kind: conv2d, kernel: 1, filters: 2, bias: false, from: c}
  - a: {kind: add, from: [p, q]}
"""
INPUT, C, P = 4 * 4 * 36, 4 * 8 * 36, 4 * 2 * 36
SIZES = (INPUT, C, P)
"""[B] of the maps; r is as large as c, q and a as p."""


class Line(NamedTuple):
    """A row: bytes of the maps it reads and writes and of its parameters, and its operations."""

    reads: tuple[int, ...]
    writes: int
    params: int
    matrix: int
    host: int
    visits: int = 0
    """How often an output's partial sum is met: channels times taps; 0: nothing is summed."""

    @property
    def engine(self) -> int:
        """Bytes between the chip's memory and the engine, all words of 4 B.

        A multiply-add takes a word of each operand; of an output one word is written at last, and
        two move at every visit but one. Other rows take and give each map once.
        """
        if not self.visits:
            return sum(self.reads) + self.writes + self.params
        return self.matrix // 2 * 2 * 4 + self.writes // 4 * (4 + 2 * 4 * (self.visits - 1))


# Two operations a multiply-add; a comparison or an addition for each element.
ROWS = {
    "c": Line((INPUT,), C, 4 * 8 * 4 * 9, 2 * 36 * 8 * 36, 0, 4 * 9),
    "r": Line((C,), C, 0, 0, 8 * 36),
    "p": Line((C,), P, 4 * 2 * 8, 2 * 36 * 2 * 8, 0, 8),
    "q": Line((C,), P, 4 * 2 * 8, 2 * 36 * 2 * 8, 0, 8),
    "a": Line((P, P), P, 0, 0, 2 * 36),
}
Numbers = dict[str, float]
PLAIN: Numbers = {"bandwidth": 1e6, "memory": 600.0, "matrix": 2e7, "host": 5e5}
FURTHER: Numbers = {
    "write_bandwidth": 4e5, "on_chip_bandwidth": 3e6, "matrix_launch": 1e-5, "host_launch": 2e-5,
    "overhead": 1e-3, "external_byte_energy": 2e-9, "on_chip_byte_energy": 3e-10,
    "operation_energy": 1e-9, "static_power": 0.5,
}  # fmt: skip
SHARES: Numbers = {
    "compute": 0.5, "bandwidth": 0.25, "parameters": 0.8, "launch": 3e-6, "exposed": 0.25,
}  # fmt: skip
"""Of the convolutions, where there are any."""
TIMINGS: dict[str, Callable[[float, float, float], float]] = {
    "serial": lambda moving, computing, _: moving + computing,
    "overlap": lambda moving, computing, exposed: (
        max(moving, computing) + exposed * min(moving, computing)
    ),
    "partial": lambda moving, computing, _: math.hypot(moving, computing),
}


def row(line: Line, machine: Numbers, shares: Numbers, *, outside: bool) -> Numbers:
    """What a row moves and how long each thing is busy; `outside`: every map, whatever its size."""
    bus, chip = machine["bandwidth"], machine["memory"]
    conv = shares if line.matrix else {}

    def external(size: int) -> int:
        return size if outside or size > chip else 0

    read, write = sum(map(external, line.reads)), external(line.writes)
    moved = read + write + line.params
    held = sum(line.reads) + line.writes + line.params - moved
    maps, params = conv.get("bandwidth", 1.0), conv.get("parameters", 1.0)
    launch = machine.get("matrix_launch" if line.matrix else "host_launch", 0.0)
    return {
        "external": moved,
        "on_chip_bytes": held,
        "engine_bytes": line.engine,
        "transfer": read / maps / bus
        + line.params / params / bus
        + write / maps / machine.get("write_bandwidth", bus),
        "on_chip": held / machine.get("on_chip_bandwidth", math.inf),
        "matrix": line.matrix / conv.get("compute", 1.0) / machine["matrix"],
        "host": line.host / machine["host"],
        "launch": launch + conv.get("launch", 0.0),
        "operations": line.matrix + line.host,
        "exposed": conv.get("exposed", 0.0),
    }


def rows(machine: Numbers, shares: Numbers, timing: str, *, outside: bool) -> dict[str, Numbers]:
    """Every row, with its `total` time."""
    made = {}
    for name, line in ROWS.items():
        one = row(line, machine, shares, outside=outside)
        moving, computing = one["transfer"] + one["on_chip"], one["matrix"] + one["host"]
        one["total"] = TIMINGS[timing](moving, computing, one["exposed"]) + one["launch"]
        made[name] = one
    return made


def whole(
    machine: Numbers,
    shares: Numbers | None = None,
    timing: str = "serial",
    *,
    outside: bool = False,
) -> Numbers:
    """The run: sums over the rows, the overhead once, energy of counts and of all the time."""
    every = rows(machine, shares or {}, timing, outside=outside).values()
    run = {word: sum(one[word] for one in every) for word in next(iter(every))}
    run["overhead"] = machine.get("overhead", 0.0)
    run["total"] += run["overhead"]
    run["energy"] = (
        run["external"] * machine.get("external_byte_energy", 0.0)
        + (run["external"] + run["engine_bytes"]) * machine.get("on_chip_byte_energy", 0.0)
        + run["operations"] * machine.get("operation_energy", 0.0)
        + run["total"] * machine.get("static_power", 0.0)
    )
    return run


UNITS = {
    "bandwidth": "B/s", "on_chip_memory": "B", "matrix": "OP/s", "host": "OP/s",
    "write_bandwidth": "B/s", "on_chip_bandwidth": "B/s", "overhead": "s",
}  # fmt: skip
ENERGIES = {
    "external_byte_energy": ("external_byte", "J"), "on_chip_byte_energy": ("on_chip_byte", "J"),
    "operation_energy": ("operation", "J"), "static_power": ("static", "W"),
}  # fmt: skip


def profile(machine: Numbers, shares: Numbers | None = None, **choices: Any) -> cm.HardwareProfile:
    """The machine as a profile of the program."""
    figures = {"on_chip_memory" if word == "memory" else word: v for word, v in machine.items()}
    stated: dict[str, Any] = {
        word: f"{figures[word]!r} {unit}" for word, unit in UNITS.items() if word in figures
    }
    if "matrix_launch" in machine:
        stated["launch"] = {word: f"{machine[f'{word}_launch']!r} s" for word in ("matrix", "host")}
    energy = {
        word: f"{machine[name]!r} {unit}"
        for name, (word, unit) in ENERGIES.items()
        if name in machine
    }
    reached = {
        word: f"{value!r} s" if word == "launch" else value
        for word, value in (shares or {}).items()
    }
    return cm.HardwareProfile.model_validate(
        {
            "name": "H", "source": "hand arithmetic", **stated, **choices,
            **({"energy": energy} if energy else {}),
            **({"efficiency": {"conv2d": reached}} if reached else {}),
        }
    )  # fmt: skip
