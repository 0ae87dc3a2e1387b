"""One simulation from end to end: a network on a profile under chosen policies."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.core import output
from costmodel.core.formula import Array, Result, evaluate
from costmodel.core.graph_pass import PASSES, Pass
from costmodel.core.live import live_internal_bytes
from costmodel.core.machine import Machine
from costmodel.core.network import Network
from costmodel.core.packing import Packing
from costmodel.core.placement import PLACEMENTS
from costmodel.core.policies import Choice, Policies
from costmodel.core.quantities import BOUNDS, LANES, LINK, OUTPUTS, OVERHEAD, RUN_LANES
from costmodel.core.workload import Workload
from costmodel.errors import BadValue, Place
from costmodel.hardware.profile import HardwareProfile
from costmodel.models.placement.resident import whole_plan
from costmodel.studies import records, trust

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from costmodel.studies.standing import Standing

FRAMED = 1000
"""Rows up to which a notebook gets a whole page."""
INTERVAL = tuple(OUTPUTS[word].column for word in BOUNDS)
"""The ends of the 90 % interval in reports."""


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """A network on a machine, evaluated: totals, tables, pictures and files of it."""

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
            f"Run({self.network.name} on {self.profile.name}: {self.total_time:.6g} s, "
            f"{len(self.workload.rows)} rows; {', '.join(words)}, batch {chosen.batch})"
        )

    def _repr_html_(self) -> str:
        """What notebooks show: the page of the run in a frame; of a long network its blocks."""
        from html import escape

        if len(self.workload.rows) > FRAMED:
            return f"<p>{escape(repr(self))}</p>{self.blocks.to_html(index=False)}"
        page = escape(output.FORMATS.load("html").text(self))
        style = "width: 100%; height: 640px; border: 0"
        return f'<iframe sandbox="allow-scripts" style="{style}" srcdoc="{page}"></iframe>'

    def on(self, machine: Machine) -> Result:
        """The same network and policies on another machine (or on arrays of them)."""
        return evaluated(self.workload, machine, self.policies)

    def placed(self, placement: Choice) -> Run:
        """The same network and machine under another placement. Raises BadValue for no such one."""
        policies = replace(self.policies, placement_model=PLACEMENTS.resolve(placement))
        result = evaluated(self.workload, self.machine, policies)
        return replace(self, policies=policies, result=result)

    # --- figures ---------------------------------------------------------------------------

    @property
    def total_time(self) -> float:
        """Time of one run [s]."""
        return float(self.result.total_time)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Between which times [s] 90 % of such networks lie, where the profile is calibrated."""
        return trust.interval(self.profile, self.total_time)

    @cached_property
    def doubts(self) -> list[str]:
        """Why the interval of a calibrated profile may not hold for this run."""
        return trust.doubts(self)

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
        found = {word: float(times.sum()) for word, times in self.result.lanes.items()}
        overhead = float(self.result.overhead)
        linked = {} if self.result.link is None else {LINK.word: float(self.result.link.sum())}
        return found | linked | ({OVERHEAD.word: overhead} if overhead else {})

    @property
    def bottleneck(self) -> str:
        """What the whole run spends most time on; ties as for `bound`."""
        return records.largest(self.lane_times)

    @cached_property
    def bound(self) -> list[str]:
        """What each row spends most time on; ties in the order of LANES; 'none' if free."""
        times = np.stack(list(self.result.lanes.values()))
        words = np.array(list(LANES))[times.argmax(axis=0)]
        return [str(w) for w in np.where(times.max(axis=0) > 0, words, "none")]

    @cached_property
    def live(self) -> Array:
        """Bytes on chip while each row runs [B], shape (R,)."""
        return live_internal_bytes(self.workload, self.result.plan)

    @cached_property
    def packing(self) -> Packing | None:
        """Addresses of the maps on chip, where the placement gives them."""
        return self.policies.placement_model.packing(self.workload, float(self.machine.memory))

    @cached_property
    def schedules(self) -> list[str]:
        """How each row is tiled, in words; empty where the traffic model tiles nothing."""
        return self.policies.traffic_model.schedules(self.workload, self.result.placed)

    @cached_property
    def utilisation(self) -> Array:
        """Share of the matrix engine's peak that each row's shape leaves (R,); NaN without work."""
        traits, samples = self.profile.traits, self.samples
        found = np.full(len(self.network.rows), np.nan)
        for number, row in enumerate(self.network.rows):
            work = used = 0.0
            for part in row.parts:
                if part.tally.macs and traits.engine(part.layer) == "matrix":
                    work += part.tally.macs
                    used += part.tally.macs / traits.utilisation(part, samples)
            if work:
                found[number] = work / used
        return found

    @property
    def attainable(self) -> float | None:
        """Share of the matrix engine's peak that all rows together leave; None without a shape."""
        if self.profile.array is None:
            return None
        used, macs = self.utilisation, self.workload.macs
        there = ~np.isnan(used) & (macs > 0)
        busy = float((macs[there] / used[there]).sum())
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
        found: dict[str, float | int] = {
            "params": int(work.params.sum()),
            "macs": int(work.macs.sum()),
            "ops": float(work.ops.sum()),
            "external_bytes": int(self.result.external_bytes.sum()),
            "peak_internal_bytes": self.peak_internal_bytes,
            "transfer_time_s": busy["transfer"],
            "compute_time_s": float(self.result.compute.sum()),
            "total_time_s": self.total_time,
        }
        if self.interval:
            found |= dict(zip(INTERVAL, self.interval, strict=True))
        some = ("on_chip", "launch", "link", "overhead")
        found |= {RUN_LANES[word].column: busy[word] for word in some if busy.get(word)}
        if self.pinned_bytes:
            found["first_total_time_s"] = float(self.first.total_time)
        if self.energy is not None:
            found["energy_J"] = self.energy
        return found

    @property
    def provenance(self) -> dict[str, Any]:
        """Everything that must be known to get these figures again."""
        from costmodel.studies.provenance import provenance

        return provenance(self)

    @cached_property
    def standing(self) -> Standing:
        """What stands behind its times."""
        from costmodel.studies.standing import standing

        return standing(self)

    @property
    def pass_words(self) -> list[str]:
        """The words of the passes that rewrote the network."""
        return [PASSES.word_of(one) for one in self.passes]

    # --- tables, pictures, files -----------------------------------------------------------

    @property
    def layers(self) -> pd.DataFrame:
        """One line per row of the network, under the names of the CSV report."""
        return records.frame(self, "layer")

    @property
    def blocks(self) -> pd.DataFrame:
        """One line per block in order, and what a cut behind it would carry."""
        return records.frame(self, "block")

    @property
    def kinds(self) -> pd.DataFrame:
        """One line per kind of row, slowest first."""
        return records.frame(self, "kind")

    def save(self, path: str | Path, by: str = "layer") -> Path:
        """Write the run in the format of the file's suffix (.csv, .json); the file's path.

        A table is `by` layer, block or kind. Raises InputError for a suffix without a format, and
        where the place cannot be written.
        """
        target = Path(path)
        try:
            output.format_of(target).write(self, target, by)
        except BadValue as error:
            raise error.at(Place(str(path))) from None
        return target

    def plot(self, name: str) -> Figure:
        """The picture `name` (roofline, time, timeline, memory) as a matplotlib Figure.

        Raises InputError for an unknown name, and for one that does not apply to this run.
        """
        try:
            picture = output.PICTURES.load(name)
            if not picture.applies(self):
                raise BadValue(f"'{name}' has nothing to draw", "ask for another picture")
        except BadValue as error:
            raise error.at(Place("plot")) from None
        return picture.figure(self)


def evaluated(
    workload: Workload, machine: Machine, chosen: Policies, *, first: bool = False
) -> Result:
    """The formula under the placement, traffic and timing that were chosen."""
    return evaluate(workload, machine, *chosen.models, first=first)
