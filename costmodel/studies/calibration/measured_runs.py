"""Measured networks, read once and run on a profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from costmodel.core.graph_pass import Pass
from costmodel.core.loading import load_network
from costmodel.core.network import Network, Row
from costmodel.core.policies import Choice
from costmodel.errors import InputError, Problem, Problems, did_you_mean
from costmodel.hardware.profile import HardwareProfile
from costmodel.studies.calibration.measurements import Measurement
from costmodel.studies.progress import watched
from costmodel.studies.run import Run
from costmodel.studies.simulation import simulated

Loaded = dict[str, Network]


def load(measurements: Sequence[Measurement]) -> Loaded:
    """Every network, read once.

    Raises InputError, with a problem at each line that names a bad one.
    """
    problems, loaded, failed = Problems(), Loaded(), dict[str, InputError]()
    for one in watched(measurements, "reading networks", "rows"):
        if one.network not in loaded and one.network not in failed:
            try:
                loaded[one.network] = load_network(one.network)
            except InputError as error:
                failed[one.network] = error
        if one.network in failed:
            problems.found += [_at_line(one, each) for each in failed[one.network].problems]
        elif one.layer and not one.traced:
            _check_layer(one, loaded[one.network], problems)
    problems.raise_if_any()
    return loaded


def _at_line(one: Measurement, problem: Problem) -> Problem:
    """A network's problem at the line that names the network."""
    return Problem(one.place, f"'{one.network}': {problem.what}", problem.remedy)


def _check_layer(one: Measurement, network: Network, problems: Problems) -> None:
    named = [network.rows[place] for place in rows_of(one.layer, network.rows)]
    if not named:
        what = f"'{one.network}' has no layer '{one.layer}'"
        problems.add(one.place, what, did_you_mean(one.layer, [row.id for row in network.rows]))
    elif all(row.view for row in named):
        what = f"'{one.layer}' of '{one.network}' is a view, which takes no time"
        problems.add(one.place, what, "drop the line")


def rows_of(layer: str, rows: Sequence[Row]) -> list[int]:
    """The places of the rows that `layer` names: by their unique id, else by their printed name."""
    return [n for n, row in enumerate(rows) if row.id == layer] or [
        n for n, row in enumerate(rows) if row.name == layer
    ]


def on(
    profile: HardwareProfile,
    measurements: Sequence[Measurement],
    loaded: Loaded,
    *,
    hw_file: str = "",
    passes: Sequence[str | Pass] | None = None,
    choices: Mapping[str, Choice | None] | None = None,
) -> list[Run]:
    """The run of each measurement on `profile`, counted alike; equal runs are one.

    Raises InputError.
    """
    problems, known = Problems(), dict[tuple[str, int, str], Run]()
    for one in measurements:
        if one.run in known:
            continue
        try:
            known[one.run] = simulated(
                loaded[one.network],
                profile,
                hw_file=hw_file,
                batch=one.batch,
                uniform=True,
                passes=passes,
                choices={**(choices or {}), "dtype": one.dtype},
            )
        except InputError as error:
            # a network's problems at the line that names it, others as they are
            problems.found += [
                _at_line(one, each) if each.place.file == one.network else each
                for each in error.problems
            ]
    problems.raise_if_any()
    return [known[one.run] for one in measurements]


def widened(profile: HardwareProfile, measured: Sequence[Measurement]) -> list[str]:
    """Which engines of `profile` compute wider than was measured, as it has no such rate."""
    told = (what for one in measured for what in profile.widened(one.dtype).values())
    return list(dict.fromkeys(told))


def time_of(measurement: Measurement, run: Run) -> float:
    """The predicted time of what was measured, the run or one of its layers [s].

    It is 0 for a layer that is not there.
    """
    if not measurement.layer:
        return run.total_time
    return float(run.result.total[rows_of(measurement.layer, run.workload.rows)].sum())
