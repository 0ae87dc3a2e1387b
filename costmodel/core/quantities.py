"""Every quantity once: what a machine states, and what a run gives.

A figure of a machine is declared here with its word, dimension and place in the formula. Profiles,
scan axes, `solve`, sensitivities, the report's doubling and its header read it from here, so a new
one is a declaration and its place in `costmodel.core.formula`.
"""

from __future__ import annotations

from typing import NamedTuple


class MachineQuantity(NamedTuple):
    """One figure of a machine.

    `fields` are the attributes of `Machine` that it sets. A rate divides an amount of work; a time
    (`per_row`) is multiplied by a count of rows; the memory is neither, it decides where maps live.
    """

    word: str
    dimension: str
    label: str
    shown: str
    """How the report's header words it, behind the value."""
    fields: tuple[str, ...]
    needed: bool = False
    """True: the formula cannot do without it."""
    by_dtype: bool = False
    """True: a profile may state one for each element type."""
    by_engine: bool = False
    """True: a profile may state one for each engine, in the order of `fields`."""
    zero: bool = False
    """True: none at all is a figure too."""
    lane: str = ""
    """The lane of work (`RUN_LANES`) whose time it decides; empty for the memory."""
    more_is_faster: bool = True

    @property
    def axis(self) -> str:
        """The word of a scan's axis."""
        return f"hw.{self.word}"

    @property
    def field(self) -> str:
        """The first attribute of `Machine` that it sets."""
        return self.fields[0]


class Lane(NamedTuple):
    """One thing that can be busy: where time can go."""

    word: str
    label: str
    """How reports name it."""
    column: str
    """Its time in tables and JSON; empty where it is part of `compute_time_s`."""


# In the order in which ties are named (`bound`).
LANES = {
    lane.word: lane
    for lane in (
        Lane("transfer", "memory bus", "transfer_time_s"),
        Lane("on_chip", "on-chip memory", "on_chip_time_s"),
        Lane("matrix", "matrix engine", ""),
        Lane("host", "host", ""),
        Lane("launch", "launching rows", "launch_time_s"),
    )
}

OVERHEAD = Lane("overhead", "overhead per run", "overhead_time_s")
"""Once per run, whatever the rows do."""
LINK = Lane("link", "link between devices", "link_time_s")
"""What devices tell one another."""
RUN_LANES = {**LANES, LINK.word: LINK, OVERHEAD.word: OVERHEAD}
"""Where the time of a whole run can go."""

MACHINE = {
    quantity.word: quantity
    for quantity in (
        MachineQuantity(
            "bandwidth", "bandwidth", "bandwidth", "bus", ("bandwidth",), needed=True,
            lane="transfer",
        ),
        MachineQuantity(
            "on_chip_memory", "memory", "on-chip memory", "on chip", ("memory",), needed=True,
        ),
        MachineQuantity(
            "matrix", "rate", "matrix rate", "matrix", ("matrix",), needed=True, by_dtype=True,
            lane="matrix",
        ),
        MachineQuantity(
            "host", "rate", "host rate", "host", ("host",), needed=True, by_dtype=True, lane="host",
        ),
        MachineQuantity(
            "write_bandwidth", "bandwidth", "write bandwidth", "for writes", ("write_bandwidth",),
            lane="transfer",
        ),
        MachineQuantity(
            "on_chip_bandwidth", "bandwidth", "on-chip bandwidth", "to the on-chip memory",
            ("on_chip_bandwidth",), lane="on_chip",
        ),
        MachineQuantity(
            "launch", "time", "launch", "launch of a row", ("matrix_launch", "host_launch"),
            by_engine=True, zero=True, lane="launch", more_is_faster=False,
        ),
        MachineQuantity(
            "overhead", "time", "overhead", "overhead of a run", ("overhead",), zero=True,
            lane="overhead", more_is_faster=False,
        ),
    )
}  # fmt: skip
AXES = {quantity.axis: quantity for quantity in MACHINE.values()}
STRUCTURAL = ("arch", "hw", "batch", "dtype", "convention", "placement", "traffic", "timing")
"""Axes of a scan that need a network built and counted for each of their values."""


class Output(NamedTuple):
    """One figure that a run gives: its word in expressions, and its column in tables."""

    word: str
    dimension: str | None
    """None: a plain number."""
    column: str
    target: bool = False
    """True: `solve` takes bounds on it."""
    calibrated: bool = False
    """True: known on calibrated machines alone."""
    optional: bool = False
    """True: shown only where it is not zero throughout."""


OUTPUTS = {
    output.word: output
    for output in (
        Output("total_time", "time", "total_time_s", target=True),
        Output("total_time_low", "time", "total_time_low_s", calibrated=True),
        Output("total_time_high", "time", "total_time_high_s", calibrated=True),
        Output("transfer_time", "time", "transfer_time_s"),
        Output("matrix_time", "time", "matrix_time_s"),
        Output("host_time", "time", "host_time_s"),
        Output("external_bytes", "memory", "external_bytes", target=True),
        Output("throughput", "frequency", "throughput_per_s", target=True),
        Output("on_chip_time", "time", "on_chip_time_s", optional=True),
        Output("launch_time", "time", "launch_time_s", optional=True),
        Output("overhead_time", "time", "overhead_time_s", optional=True),
        Output("params", None, "params"),
        Output("macs", None, "macs"),
    )
}
BOUNDS = tuple(word for word, output in OUTPUTS.items() if output.calibrated)
"""The ends of the 90 % interval, on calibrated machines alone."""


def dimension_of(word: str) -> str | None:
    """The dimension of a quantity's word; None for plain numbers and derived columns."""
    if word in AXES:
        return AXES[word].dimension
    return OUTPUTS[word].dimension if word in OUTPUTS else None
