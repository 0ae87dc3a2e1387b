"""Simulations: a network on a machine, under chosen policies, gives a `Run`."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from costmodel.core import policies
from costmodel.core.counting import Counting, prepare
from costmodel.core.gating import gated
from costmodel.core.graph_pass import Pass, check_words, rewritten
from costmodel.core.loading import load_network
from costmodel.core.network import Network
from costmodel.core.policies import Policies
from costmodel.errors import BadValue, InputError, Place, Problems
from costmodel.hardware.levels import hierarchy_of
from costmodel.hardware.profile import HardwareProfile
from costmodel.hardware.read import load_profile
from costmodel.hardware.technology.fills import filled_levels, fills_of
from costmodel.language import dtypes, shipped
from costmodel.studies.evaluated import evaluated
from costmodel.studies.run import Run

ENGINE = "energy.on_chip_byte"
"""The figure that lets the words of the engine cost something."""


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
    """Simulate a network on a machine.

    Policies that are not named follow the architecture file, then the profile, then the defaults.

    Parameters
    ----------
    architecture : str, Path or Network
        The short name of a shipped network, the path of a YAML file, an ONNX file or a
        `config.json`, or a loaded network.
    hw : str, Path or HardwareProfile
        The short name of a shipped profile, the path of a YAML file, or a loaded profile.
    settings : mapping, optional
        Variables of the architecture, or open dimensions of an ONNX file, and their values.
    batch : int
        Samples that one run computes at once, a multiple of those that the file holds [count].
    convention : {'flops', 'hairnet', 'macs', 'keras'} or Convention, optional
        How operations and parameters are counted.
    placement : str or Placement, optional
        Which tensors live on chip: 'per_tensor', 'all_external', 'resident' or 'resident+weights'.
    traffic : {'once', 'tiled', 'fused'} or Traffic, optional
        What moves again where a row does not fit on chip.
    timing : {'serial', 'overlap', 'partial', 'pipelined'} or Timing, optional
        How transfer and compute add up.
    dtype : str, optional
        The element type, such as 'fp16', or a mapping as text: '{weights: int4, maps: fp16}'.
    strict : bool
        True refuses operators of an ONNX file that no rule knows.
    passes : sequence of str or Pass, optional
        What rewrites the graph, one after the other; by default the passes of the profile.
    effort : float
        How long a placement may search for a better packing [s]; 0: no search.

    Returns
    -------
    Run
        Totals, tables, pictures and files of the run; times in seconds, sizes in bytes.

    Raises
    ------
    InputError
        With every mistake in the files and options.

    Examples
    --------
    >>> run = simulate("hairnet", "accel_1tflops")
    >>> round(run.total_time, 6), run.bottleneck
    (0.177158, 'transfer')

    """
    network, profile, hw_file = both(architecture, hw, settings, strict=strict)
    choices = {"convention": convention, "placement": placement, "traffic": traffic}
    return simulated(
        network,
        profile,
        hw_file=hw_file,
        batch=batch,
        choices={**choices, "timing": timing, "dtype": dtype},
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
        if not isinstance(architecture, Network):
            architecture = load_network(architecture, settings, strict=strict)
        elif settings:
            what = "a loaded network has no variables left"
            raise BadValue(what, "load it with them").at(Place("settings"))
    with problems.collect():
        profile, hw_file = machine_of(hw)
    problems.raise_if_any()
    assert isinstance(architecture, Network)
    return architecture, profile, hw_file


@contextmanager
def asked_by(place: Place, *names: str) -> Iterator[None]:
    """Let what is wrong with the variables `names` be told of what sets them, at `place`."""
    try:
        yield
    except InputError as error:
        own = {f"--set {name}" for name in names}
        moved = (replace(p, place=place) if str(p.place) in own else p for p in error.problems)
        raise InputError(moved) from None


def machine_of(hw: str | Path | HardwareProfile) -> tuple[HardwareProfile, str]:
    """A profile and its file, empty for a loaded one. Raises InputError."""
    if isinstance(hw, HardwareProfile):
        return hw, ""
    return load_profile(hw), str(shipped.find(str(hw), "hwprofiles"))


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
    bounded: bool = False,
) -> Run:
    """Simulate a network and a profile that are already loaded. Raises InputError.

    `uniform` counts by the default convention unless `choices` name one, whatever the files ask: a
    paper's peculiarity must not be charged to one network of a comparison. What is `given`
    elsewhere (the axes of a scan) need not stand in the profile. Where it is `bounded` the levels
    of a machine that has several move the least that each could alone, which is a lower bound.
    """
    chosen = chosen_for(network, profile, choices or {}, batch=batch, uniform=uniform)
    if effort:
        chosen = _searching(chosen, effort)
    wanted = profile.passes if passes is None else tuple(passes)
    counting = counting_for(profile, chosen, given=given, bounded=bounded)
    try:
        check_words(wanted)
        written, network = network, rewritten(network, wanted, counting.bits)
    except BadValue as error:
        raise error.at(Place("--pass")) from None
    workload = prepare(network, counting)
    if profile.energy is not None and profile.energy.gated:
        try:
            workload = gated(workload, network, written)
        except BadValue as error:
            raise error.at(Place("--pass")) from None
    work = {"matrix": workload.matrix_ops, "host": workload.host_ops}
    needed = ["bandwidth", "on_chip_memory", *(word for word, ops in work.items() if ops.any())]
    asked = [word for word in needed if word not in given]
    machine = profile.machine(chosen.dtype, asked, hw_file)
    try:
        result = evaluated(workload, machine, chosen)
    except BadValue as error:
        raise error.at(Place(network.facts.file or network.name)) from None
    return Run(network, profile, chosen, workload, result, machine, hw_file, wanted)


def counting_for(
    profile: HardwareProfile,
    chosen: Policies,
    *,
    given: Collection[str] = (),
    bounded: bool = False,
) -> Counting:
    """How a run under the policies that were `chosen` is counted for a machine."""
    types = dtypes.types(chosen.dtype)
    bits = {word: dtypes.BITS[name] for word, name in types._asdict().items()}
    tiling = profile.tiling(chosen.dtype)._replace(fused=chosen.traffic_model.fuses)
    levels, overlaps = filled_levels(profile, chosen.dtype), chosen.timing_model.overlaps
    filled = ENGINE in fills_of(profile, chosen.dtype).figures
    charged = levels or filled or ENGINE in given or profile.figure(ENGINE, "") is not None
    return Counting(
        chosen.report,
        chosen.timed,
        profile.traits_for(types.weights),
        chosen.batch,
        bits["maps"],
        tiling if chosen.traffic_model.tiles else None,
        bits["weights"],
        bits["state"],
        tiling.sum_bits if charged else None,
        hierarchy_of(levels, profile.array, longest=overlaps, attained=not bounded),
    )


def _searching(chosen: Policies, effort: float) -> Policies:
    """The policies with a placement that searches for `effort` seconds [s]. Raises InputError."""
    place = Place("--effort")
    if not 0 < effort < math.inf:
        raise BadValue(f"{effort} seconds", "give a time above 0").at(place)
    placement = chosen.placement_model.searching(effort)
    if placement is None:
        what = f"placement '{chosen.placement}' has no search"
        raise BadValue(what, "use --placement resident").at(place)
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
