"""One simulation from end to end: a network on a profile under chosen policies."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from costmodel import __version__, dtypes, hardware, networks, policies, shipped, trust
from costmodel import passes as graph_passes
from costmodel import placement as placements
from costmodel import timing as timings
from costmodel.arch.network import Network
from costmodel.errors import BadValue, Place, Problems
from costmodel.hardware import HardwareProfile, Machine, machine_for
from costmodel.layers import Engine
from costmodel.packing import Packing
from costmodel.placement.resident import whole_plan
from costmodel.policies import Policies
from costmodel.simulate import Array, Result, evaluate, live_internal_bytes
from costmodel.workload import Counting, Shares, Traits, Workload, prepare

ENGINES: tuple[Engine, ...] = ("matrix", "host")
RESOURCES = ("transfer", "matrix", "host")  # the order in which ties are named
INTERVAL = ("total_time_low_s", "total_time_high_s")  # the ends of the 90 % interval in reports


@dataclass(frozen=True, eq=False)
class Run:
    """A network on a machine, evaluated."""

    network: Network
    profile: HardwareProfile
    policies: Policies
    workload: Workload
    result: Result
    machine: Machine
    hw_file: str = ""
    passes: tuple[str, ...] = ()

    def on(self, machine: Machine) -> Result:
        """The same network and policies on another machine (or on arrays of them)."""
        return evaluated(self.workload, machine, self.policies)

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
        return trust.doubts(self.profile, self.policies, self.passes, self.workload, self.result)

    @property
    def throughput(self) -> float:
        """Samples per second; infinite where nothing takes time."""
        return self.policies.batch / self.total_time if self.total_time else math.inf

    @cached_property
    def bound(self) -> list[str]:
        """What each row spends most time on; ties go to transfer, then matrix; 'none' if free."""
        times = np.stack([self.result.transfer, self.result.matrix, self.result.host])
        words = np.array(RESOURCES)[times.argmax(axis=0)]
        return [str(w) for w in np.where(times.max(axis=0) > 0, words, "none")]

    @cached_property
    def live(self) -> Array:
        """Bytes on chip while each row runs [B], shape (R,)."""
        return live_internal_bytes(self.workload, self.result.plan)

    @cached_property
    def packing(self) -> Packing | None:
        """Addresses of the maps on chip, where the placement gives them."""
        return placements.load(self.policies.placement).packing(
            self.workload, int(self.machine.memory)
        )

    @property
    def whole_bytes(self) -> int:
        """The lower bound of any memory that holds every map on chip [B]: most bytes alive at once."""
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
    def launch_time(self) -> float:
        """Fixed costs of all rows together [s]."""
        launch = self.workload.costs.launch
        return 0.0 if launch is None else float(launch.sum())

    @property
    def energy(self) -> float | None:
        """Energy of one run [J], where the profile says what bytes and operations take."""
        spent, work = self.profile.energy, self.workload
        if spent is None:
            return None
        external = float(self.result.external_bytes.sum())
        plan = self.result.plan
        once = float(
            plan.loads.sum() + plan.stores.sum()
        )  # loaded and stored maps are touched on chip as well
        on_chip = float(work.touched_bytes.sum()) - external + once
        ops = float(work.matrix_ops.sum() + work.host_ops.sum())
        return external * spent.external_byte + on_chip * spent.on_chip_byte + ops * spent.operation

    @property
    def pinned_bytes(self) -> int:
        """Parameters that stay on chip from run to run [B]."""
        return int(
            self.workload.param_bytes[self.result.plan.params & self.workload.own_params].sum()
        )

    def totals(self) -> dict[str, float | int]:
        """The figures of the whole run, under the names of the JSON report."""
        work, result = self.workload, self.result
        return {
            "params": int(work.params.sum()),
            "macs": int(work.macs.sum()),
            "ops": float(work.ops.sum()),
            "external_bytes": int(result.external_bytes.sum()),
            "peak_internal_bytes": self.peak_internal_bytes,
            "transfer_time_s": float(result.transfer.sum()),
            "compute_time_s": float(result.compute.sum()),
            "total_time_s": self.total_time,
            **(dict(zip(INTERVAL, self.interval, strict=True)) if self.interval else {}),
            **({"launch_time_s": self.launch_time} if self.launch_time else {}),
            **({"first_total_time_s": float(self.first.total_time)} if self.pinned_bytes else {}),
            **({"energy_J": self.energy} if self.energy is not None else {}),
        }

    def provenance(self) -> dict[str, Any]:
        """Everything that must be known to get these figures again."""
        chosen, profile = self.policies, self.profile
        return {
            "costmodel": __version__,
            "architecture": self.network.name,
            "architecture_file": self.network.file,
            "architecture_source": self.network.source,
            "variables": self.network.variables,
            "hardware": profile.name,
            "hardware_file": self.hw_file,
            "hardware_source": profile.source,
            "convention": chosen.convention,
            "timed_convention": chosen.timed_convention,
            "placement": chosen.placement,
            "timing": chosen.timing,
            "dtype": chosen.dtype,
            "batch": chosen.batch,
            "passes": list(self.passes),
            "assumed": profile.assumptions(chosen.dtype),
            "unknown_operators": self.network.unknown,
            "calibration": None
            if profile.calibration is None
            else profile.calibration.model_dump(exclude={"networks"}),
            "doubts": self.doubts,
        }


def simulate(architecture: str, hw: str, *, settings: Mapping[str, Any] | None = None,
             batch: int = 1, convention: str | None = None, placement: str | None = None,
             timing: str | None = None, dtype: str | None = None, strict: bool = False,
             passes: Sequence[str] | None = None) -> Run:  # fmt: skip
    """Simulate `architecture` on `hw`: paths, or short names of shipped files.

    `settings` are variables of the architecture, or open dimensions of an ONNX file, in which `strict`
    refuses unknown operators; `passes` rewrite the graph, one after the other (None: those of the profile); policies that are
    not named follow the architecture file, then the profile, then the defaults. Raises InputError with every mistake in the files and options.

    >>> round(simulate("hairnet", "accel_1tflops").total_time, 6)
    0.177158
    """
    choices = {"convention": convention, "placement": placement, "timing": timing, "dtype": dtype}
    path = shipped.find(hw, "hwprofiles")
    problems = Problems()
    with problems.collect():
        network = networks.load(architecture, settings, strict=strict)
    with problems.collect():
        profile = hardware.load_profile(path)
    problems.raise_if_any()
    return run(network, profile, hw_file=str(path), batch=batch, choices=choices, passes=passes)


def run(
    network: Network,
    profile: HardwareProfile,
    *,
    hw_file: str = "",
    batch: int = 1,
    choices: Mapping[str, str | None] | None = None,
    uniform: bool = False,
    passes: Sequence[str] | None = None,
    given: Collection[str] = (),
) -> Run:
    """Simulate a network and a profile that are already loaded. Raises InputError.

    `uniform` counts by the default convention unless `choices` name one, whatever the files
    ask: a paper's peculiarity must not be charged to one network of a comparison. What is `given` elsewhere
    (the axes of a scan) need not stand in the profile.
    """
    passes = profile.passes if passes is None else tuple(passes)
    common = [{"convention": policies.DEFAULTS["convention"]}] if uniform else []
    if (
        profile.calibration is not None and profile.convention
    ):  # its shares are of operations counted so
        common = [{"convention": profile.convention}]
    files = [*common, network.choices, profile.choices]
    chosen = policies.choose(choices or {}, *files, batch=batch)
    network = rewritten(network, passes, dtypes.bits(chosen.dtype))
    counting = Counting(
        chosen.report, chosen.timed, traits(profile, chosen.dtype), batch, dtypes.bits(chosen.dtype)
    )
    workload = prepare(network, counting)
    work = {"matrix": workload.matrix_ops, "host": workload.host_ops}
    needed = ["bandwidth", "on_chip_memory", *(word for word, ops in work.items() if ops.any())]
    machine = machine_for(
        profile, chosen.dtype, [word for word in needed if word not in given], hw_file
    )
    result = evaluated(workload, machine, chosen)
    return Run(network, profile, chosen, workload, result, machine, hw_file, passes)


def evaluated(
    workload: Workload, machine: Machine, chosen: Policies, *, first: bool = False
) -> Result:
    """The formula under the placement and timing that were chosen."""
    placement, timing = placements.load(chosen.placement), timings.load(chosen.timing)
    return evaluate(workload, machine, placement, timing, first=first)


def rewritten(network: Network, passes: Sequence[str], bits: int | None = None) -> Network:
    """`network` after `passes` that are for elements of `bits`. Raises InputError for an unknown one."""
    try:
        return graph_passes.apply(network, passes, bits)
    except BadValue as error:
        raise error.at(Place("--pass")) from None


def traits(profile: HardwareProfile, dtype: str) -> Traits:
    """What a profile says of layer kinds and of its bus, as plain numbers."""
    read = profile.figure("bandwidth", dtype)
    ratio = read / profile.write_bandwidth if read and profile.write_bandwidth else 1.0
    shares = {kind: Shares(share.compute, share.bandwidth, share.bandwidth if share.parameters is None else share.parameters)
              for kind, share in profile.efficiency.items()}  # fmt: skip
    launch = (
        profile.launch
        if isinstance(profile.launch, dict)
        else dict.fromkeys(ENGINES, profile.launch)
    )
    return Traits(profile.engines, shares, ratio, launch, profile.on_chip_bandwidth)
