"""From a network and a profile, under chosen policies, to a `Run`."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from costmodel.core import policies
from costmodel.core.counting import Counting, prepare
from costmodel.core.graph_pass import Pass, rewritten
from costmodel.core.loading import load_network
from costmodel.core.network import Network
from costmodel.core.policies import Policies
from costmodel.errors import BadValue, Place, Problems
from costmodel.hardware.profile import HardwareProfile
from costmodel.hardware.read import load_profile
from costmodel.language import dtypes, shipped
from costmodel.studies.evaluated import evaluated
from costmodel.studies.run import Run


def simulate(
    architecture: str | Path | Network,
    hw: str | Path | HardwareProfile,
    *,
    settings: Mapping[str, Any] | None = None,
    batch: int = 1,
    convention: policies.Choice | None = None,
    placement: policies.Choice | None = None,
    traffic: policies.Choice | None = None,
    timing: policies.Choice | None = None,
    dtype: str | None = None,
    strict: bool = False,
    passes: Sequence[str | Pass] | None = None,
    effort: float = 0.0,
) -> Run:
    """Simulate `architecture` on `hw`: short names of shipped files, paths, or loaded objects.

    `settings` are variables of the architecture, or open dimensions of an ONNX file, in which
    `strict` refuses unknown operators; `passes` rewrite the graph, one after the other (None: those
    of the profile). Policies are words, or models themselves; those that are not named follow the
    architecture file, then the profile, then the defaults. Raises InputError with every mistake in
    the files and options.

    >>> round(simulate("hairnet", "accel_1tflops").total_time, 6)
    0.177158
    """
    choices = {
        "convention": convention,
        "placement": placement,
        "traffic": traffic,
        "timing": timing,
        "dtype": dtype,
    }
    network, profile, hw_file = both(architecture, hw, settings, strict=strict)
    return simulated(
        network,
        profile,
        hw_file=hw_file,
        batch=batch,
        choices=choices,
        passes=passes,
        effort=effort,
    )


def both(
    architecture: str | Path | Network,
    hw: str | Path | HardwareProfile,
    settings: Mapping[str, Any] | None = None,
    *,
    strict: bool = False,
) -> tuple[Network, HardwareProfile, str]:
    """A network, a profile and the profile's file. Raises InputError with the mistakes of both."""
    problems = Problems()
    with problems.collect():
        if isinstance(architecture, Network):
            if settings:
                raise BadValue("a loaded network has no variables left", "load it with them").at(
                    Place("settings")
                )
            network = architecture
        else:
            network = load_network(architecture, settings, strict=strict)
    with problems.collect():
        profile = hw if isinstance(hw, HardwareProfile) else load_profile(hw)
        hw_file = (
            "" if isinstance(hw, HardwareProfile) else str(shipped.find(str(hw), "hwprofiles"))
        )
    problems.raise_if_any()
    return network, profile, hw_file


def simulated(
    network: Network,
    profile: HardwareProfile,
    *,
    hw_file: str = "",
    batch: int = 1,
    choices: Mapping[str, policies.Choice | None] | None = None,
    uniform: bool = False,
    passes: Sequence[str | Pass] | None = None,
    given: Collection[str] = (),
    effort: float = 0.0,
) -> Run:
    """Simulate a network and a profile that are already loaded. Raises InputError.

    `uniform` counts by the default convention unless `choices` name one, whatever the files ask: a
    paper's peculiarity must not be charged to one network of a comparison. What is `given`
    elsewhere (the axes of a scan) need not stand in the profile.
    """
    chosen = chosen_for(network, profile, choices or {}, batch=batch, uniform=uniform)
    if effort:
        chosen = _searching(chosen, effort)
    wanted = profile.passes if passes is None else tuple(passes)
    bits = dtypes.bits(chosen.dtype)
    try:
        network = rewritten(network, wanted, bits)
    except BadValue as error:
        raise error.at(Place("--pass")) from None
    tiling = profile.tiling(chosen.dtype) if chosen.traffic_model.tiles else None
    kinds = dtypes.types(chosen.dtype)
    counting = Counting(
        chosen.report,
        chosen.timed,
        profile.traits_for(kinds.weights),
        batch,
        bits,
        tiling,
        dtypes.BITS[kinds.weights],
        dtypes.BITS[kinds.state],
    )
    workload = prepare(network, counting)
    work = {"matrix": workload.matrix_ops, "host": workload.host_ops}
    needed = ["bandwidth", "on_chip_memory", *(word for word, ops in work.items() if ops.any())]
    asked = [word for word in needed if word not in given]
    machine = profile.machine(chosen.dtype, asked, hw_file)
    try:
        result = evaluated(workload, machine, chosen)
    except BadValue as error:
        raise error.at(Place(network.facts.file or network.name)) from None
    return Run(network, profile, chosen, workload, result, machine, hw_file, wanted)


def _searching(chosen: Policies, effort: float) -> Policies:
    """The policies with a placement that searches for `effort` seconds [s]. Raises InputError."""
    place = Place("--effort")
    if not 0 < effort < math.inf:
        raise BadValue(f"{effort} seconds", "give a time above 0").at(place)
    placement = chosen.placement_model.searching(effort)
    if placement is None:
        raise BadValue(
            f"placement '{chosen.placement}' has no search", "use --placement resident"
        ).at(place)
    return replace(chosen, placement_model=placement)


def chosen_for(
    network: Network,
    profile: HardwareProfile,
    choices: Mapping[str, policies.Choice | None],
    *,
    batch: int,
    uniform: bool,
) -> Policies:
    """The policies in force for a network on a profile. Raises InputError."""
    common = [{"convention": policies.DEFAULTS["convention"]}] if uniform else []
    if profile.calibration is not None and profile.convention:
        # its shares are of operations counted so
        common = [{"convention": profile.convention}]
    files = [*common, network.facts.choices, profile.choices]
    return policies.choose(choices, *files, batch=batch)
