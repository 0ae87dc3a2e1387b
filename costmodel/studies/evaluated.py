"""A network on a machine under chosen policies, evaluated: the value that every report reads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from costmodel.core.arrays import Array
from costmodel.core.formula import Result, evaluate
from costmodel.core.graph_pass import PASSES, Pass
from costmodel.core.lanes import LEVEL_LANES, LINK, OVERHEAD, RUN_LANES, labels
from costmodel.core.live import live_internal_bytes, placed_bytes
from costmodel.core.machine import Machine
from costmodel.core.network import Network
from costmodel.core.packing import Packing
from costmodel.core.placement import PLACEMENTS
from costmodel.core.policies import Choice, Policies
from costmodel.core.quantities import BOUNDS, OUTPUTS
from costmodel.core.workload import Workload
from costmodel.hardware.profile import HardwareProfile
from costmodel.hardware.technology.fills import Follows, following, on_chip_node
from costmodel.models.placement.resident import whole_plan

BOUNDED = (
    "what crosses each level is its own lower bound, which no schedule over all goes below; "
    "--attained searches the schedules"
)
SIZES = ("memory", "memory_2", "memory_3")
ENERGIES = (
    "on_chip_byte_energy",
    *(f"level_{way}_energy_{n}" for n in range(4) for way in ("read", "written")),
)
"""Figures of memories on chip: where one of the former moves, a table says the latter."""
INTERVAL = tuple(OUTPUTS[word].column for word in BOUNDS)
"""The ends of the 90 % interval in reports."""


@dataclass(frozen=True, eq=False, repr=False)
class Evaluated:
    """A network on a machine, evaluated: its figures."""

    network: Network
    profile: HardwareProfile
    policies: Policies
    workload: Workload
    result: Result
    machine: Machine
    hw_file: str = ""
    passes: tuple[str | Pass, ...] = ()

    def __repr__(self) -> str:
        chosen = self.policies
        words = (chosen.convention, chosen.placement, chosen.timing, chosen.dtype)
        return (
            f"{type(self).__name__}({self.network.name} on {self.profile.name}: "
            f"{self.total_time:.6g} s, {len(self.workload.rows)} rows; {', '.join(words)}, "
            f"batch {chosen.batch})"
        )

    def on(self, machine: Machine) -> Result:
        """The same network and policies on another machine (or on arrays of them).

        What a table of technologies says of a byte on chip follows the memory.
        """
        own = self.machine
        moved = {word for word, value in machine.figures.items() if value is not own[word]}
        if moved & {*SIZES} and not moved & {*ENERGIES}:
            machine = following(self.on_chip_node, machine)
        return evaluated(self.workload, machine, self.policies)

    @cached_property
    def on_chip_node(self) -> Follows:
        """The technology by whose table the energy of a byte on chip follows the memory, if any."""
        return on_chip_node(self.profile, self.policies.dtype)

    def placed(self, placement: Choice) -> Self:
        """The same network and machine under another placement. Raises BadValue for no such one."""
        policies = replace(self.policies, placement_model=PLACEMENTS.resolve(placement))
        result = evaluated(self.workload, self.machine, policies)
        return replace(self, policies=policies, result=result)

    @property
    def total_time(self) -> float:
        """The time of one whole run [s]."""
        return float(self.result.total_time)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Between which times [s] 90 % of such networks lie, where the profile is calibrated."""
        return self.profile.interval(self.total_time)

    @property
    def widened(self) -> dict[str, str]:
        """The engines in use that compute in a wider type than was asked for, and in which."""
        work = self.workload
        used = {"matrix": work.matrix_ops.any(), "host": work.host_ops.any()}
        told = self.profile.widened(self.policies.dtype)
        return {word: what for word, what in told.items() if used.get(word, True)}

    @property
    def marks(self) -> dict[str, str]:
        """What every report says beside the figures: missing work, and types that are wider."""
        missing, hierarchy = self.network.facts.missing, self.workload.hierarchy
        told = {"incomplete": missing} if missing else {}
        if hierarchy is not None and not hierarchy.attained:
            told["bounded"] = BOUNDED
        return {**told, **self.widened}

    @property
    def named_marks(self) -> dict[str, str]:
        """The marks, each led by the name of the network or the machine that it is about."""
        return {
            word: f"{(self.network if word == 'incomplete' else self.profile).name}: {what}"
            for word, what in self.marks.items()
        }

    @property
    def samples(self) -> int:
        """Samples that are computed in one run."""
        return self.policies.batch * self.network.samples

    @property
    def throughput(self) -> float:
        """Samples per second; infinite where nothing takes time."""
        return self.samples / self.total_time if self.total_time else math.inf

    @property
    def lane_times(self) -> dict[str, float]:
        """The time of each thing that can be busy, all rows together, and any overhead [s]."""
        result = self.result
        times = {**result.all_lanes, LINK.word: result.link, OVERHEAD.word: result.overhead or None}
        return {word: float(np.sum(time)) for word, time in times.items() if time is not None}

    @property
    def bottleneck(self) -> str:
        """What the whole run spends most time on; ties as for `bound`."""
        return named(largest(self.lane_times), self.machine.level_names)

    @cached_property
    def bound(self) -> list[str]:
        """What each row spends most time on; ties in the order of ROW_LANES; 'none' if free.

        A level on chip has its own name.
        """
        return [named(word, self.machine.level_names) for word in self.bound_lanes]

    @cached_property
    def bound_lanes(self) -> list[str]:
        """The same as the words of lanes."""
        lanes = self.result.all_lanes
        times = np.stack(list(lanes.values()))
        words = np.array(list(lanes))[times.argmax(axis=0)]
        return [str(w) for w in np.where(times.max(axis=0) > 0, words, "none")]

    @cached_property
    def live(self) -> Array:
        """Bytes on chip while each row runs [B], shape (R,)."""
        result = self.result
        return np.asarray(placed_bytes(self.workload, result.placed)[result.point])

    @cached_property
    def packing(self) -> Packing | None:
        """Addresses of the maps on chip, where the placement gives them."""
        return self.policies.placement_model.packing(self.workload, float(self.machine.memory))

    @cached_property
    def schedules(self) -> list[str]:
        """How each row is tiled, in words; empty where the traffic model tiles nothing."""
        return self.policies.traffic_model.schedules(self.workload, self.result.placed)

    @cached_property
    def groups(self) -> list[int | None]:
        """The number of the group that each row runs in, from 1; None: it runs alone."""
        return self.policies.traffic_model.groups(self.workload, self.result.placed)

    @cached_property
    def utilisation(self) -> Array:
        """Share of the matrix engine's peak that each row's shape leaves (R,); NaN without work."""
        traits, samples = self.profile.traits, self.samples
        shares = np.full(len(self.network.rows), np.nan)
        for number, row in enumerate(self.network.rows):
            parts = [p for p in row.parts if p.tally.macs and traits.engine(p.layer) == "matrix"]
            if parts:
                used = sum(part.tally.macs / traits.utilisation(part, samples) for part in parts)
                shares[number] = sum(part.tally.macs for part in parts) / used
        return shares

    @property
    def attainable(self) -> float | None:
        """Share of the matrix engine's peak that all rows together leave; None without a shape."""
        if self.profile.array is None:
            return None
        macs = self.workload.macs
        there = ~np.isnan(self.utilisation) & (macs > 0)
        busy = float((macs[there] / self.utilisation[there]).sum())
        return float(macs[there].sum()) / busy if busy else None

    @property
    def whole_bytes(self) -> int:
        """The lower bound of any memory that holds every map on chip [B].

        It is the most bytes that are alive at once.
        """
        return int(live_internal_bytes(self.workload, whole_plan(self.workload)).max(initial=0))

    @property
    def peak_internal_bytes(self) -> int:
        """Most bytes on chip at once [B]."""
        return int(self.live.max(initial=0))

    @cached_property
    def first(self) -> Result:
        """The first inference: parameters that stay on chip afterwards are loaded here."""
        return evaluated(self.workload, self.machine, self.policies, first=True)

    @property
    def energy(self) -> float | None:
        """Energy of one run [J], where the profile says what anything takes."""
        energy = self.result.total_energy
        return None if energy is None else float(energy)

    @property
    def pinned_bytes(self) -> int:
        """Parameters that stay on chip from run to run [B]."""
        pinned = self.result.plan.params & self.workload.own_params
        return int(self.workload.param_bytes[pinned].sum())

    @property
    def totals(self) -> dict[str, float | int]:
        """The figures of the whole run, under the names of the JSON report."""
        work, busy = self.workload, self.lane_times
        some = ("on_chip", "launch", "link", "overhead")
        first = {"first_total_time_s": float(self.first.total_time)} if self.pinned_bytes else {}
        return {
            "params": int(work.params.sum()),
            "macs": int(work.macs.sum()),
            "ops": float(work.ops.sum()),
            "external_bytes": int(self.result.external_bytes.sum()),
            "peak_internal_bytes": self.peak_internal_bytes,
            "transfer_time_s": busy["transfer"],
            "compute_time_s": float(self.result.compute.sum()),
            "total_time_s": self.total_time,
            **dict(zip(INTERVAL, self.interval or (), strict=False)),
            **{RUN_LANES[word].column: busy[word] for word in some if busy.get(word)},
            **first,
            **({} if self.energy is None else {"energy_J": self.energy}),
        }

    @property
    def pass_words(self) -> list[str]:
        """The words of the passes that rewrote the network."""
        return [PASSES.word_of(one) for one in self.passes]


def evaluated(
    workload: Workload, machine: Machine, chosen: Policies, *, first: bool = False
) -> Result:
    """The formula under the placement, traffic and timing that were chosen."""
    return evaluate(workload, machine, *chosen.models, first=first)


def named(lane: str, level_names: Sequence[str]) -> str:
    """Give what a report calls a lane that binds: its word, of a level on chip the level's name."""
    return labels(level_names)[lane] if lane in LEVEL_LANES else lane


def largest(times: Mapping[str, float]) -> str:
    """The lane with most time; ties in the order of ROW_LANES; 'none' where nothing takes time."""
    return max(times, key=lambda word: times[word]) if max(times.values()) > 0 else "none"
