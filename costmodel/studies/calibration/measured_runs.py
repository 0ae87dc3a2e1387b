"""Measured networks, read once and run on a profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

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
    problems, found, failed = Problems(), Loaded(), dict[str, InputError]()
    for one in watched(measurements, "reading networks", "rows"):
        if one.network not in found and one.network not in failed:
            try:
                found[one.network] = load_network(one.network)
            except InputError as error:
                failed[one.network] = error
        if one.network in failed:
            problems.found.extend(
                _at_line(one, problem) for problem in failed[one.network].problems
            )
        elif one.layer and not one.traced:
            _check_layer(one, found[one.network], problems)
    problems.raise_if_any()
    return found


def _at_line(one: Measurement, problem: Problem) -> Problem:
    """A network's problem at the line that names the network."""
    return Problem(one.place, f"'{one.network}': {problem.what}", problem.remedy)


@contextmanager
def _at_lines(one: Measurement, problems: Problems) -> Iterator[None]:
    """Problems of a network at the line that names it, others as they are."""
    try:
        yield
    except InputError as error:
        for problem in error.problems:
            problems.found.append(
                _at_line(one, problem) if problem.place.file == one.network else problem
            )


def _check_layer(one: Measurement, network: Network, problems: Problems) -> None:
    named = [network.rows[place] for place in rows_of(one.layer, network.rows)]
    if named and all(row.view for row in named):
        problems.add(
            one.place,
            f"'{one.layer}' of '{one.network}' is a view, which takes no time",
            "drop the line",
        )
    if not named:
        names = [row.id for row in network.rows]
        problems.add(
            one.place, f"'{one.network}' has no layer '{one.layer}'", did_you_mean(one.layer, names)
        )


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
    problems, known, found = Problems(), dict[tuple[str, int, str], Run](), []
    for one in measurements:
        key = (one.network, one.batch, one.dtype)
        with _at_lines(one, problems):
            if key not in known:
                known[key] = simulated(
                    loaded[one.network],
                    profile,
                    hw_file=hw_file,
                    batch=one.batch,
                    uniform=True,
                    passes=passes,
                    choices={**(choices or {}), "dtype": one.dtype},
                )
            found.append(known[key])
    problems.raise_if_any()
    return found


def time_of(one: Measurement, done: Run) -> float:
    """The predicted time of what was measured, the run or one of its layers [s].

    It is 0 for a layer that is not there.
    """
    if not one.layer:
        return done.total_time
    return float(done.result.total[rows_of(one.layer, done.workload.rows)].sum())
