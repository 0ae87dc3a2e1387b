"""Design spaces: scanned as arrays, resumed after any stop, and asked inverse questions.

>>> from costmodel.studies.scan import scan
>>> points = scan("hairnet", "accel_1tflops", axes={"hw.bandwidth": "log(1 GB/s, 100 GB/s, 3)"})
>>> [round(t, 6) for t in points["total_time"]]
[0.177158, 0.068696, 0.05785]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.studies.labels import unique

if TYPE_CHECKING:
    import pandas as pd

    from costmodel.core.graph_pass import Pass
    from costmodel.core.network import Network
    from costmodel.core.policies import Choice
    from costmodel.hardware.profile import HardwareProfile
    from costmodel.studies.scan.running.plan import ScanPlan

__all__ = ["scan"]

MAX_ROWS = 20_000_000
"""[points] Of a frame in memory."""


def scan(
    arch: str | Path | Network | Sequence[str | Path | Network] = (),
    hw: str | Path | HardwareProfile | Sequence[str | Path | HardwareProfile] = (),
    *,
    axes: Mapping[str, Any] | None = None,
    sample: str = "grid",
    n: int = 0,
    seed: int = 0,
    where: str | Sequence[str] = (),
    derive: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    batch: int | None = None,
    convention: Choice | None = None,
    placement: Choice | None = None,
    traffic: Choice | None = None,
    timing: Choice | None = None,
    dtype: str | None = None,
    passes: Sequence[str | Pass] | None = None,
    attained: bool = False,
    over: Mapping[Any, float] | None = None,
    combine: str = "sum",
) -> pd.DataFrame:
    """Evaluate every point of a design space.

    Parameters
    ----------
    arch : str, Path or Network, or a list of them
        Architectures: paths, short names or loaded objects; a list is an axis. With `over` it may
        be left out, and otherwise counts once among those networks.
    hw : str, Path or HardwareProfile, or a list of them
        Machines: paths, short names or loaded objects; a list is an axis.
    axes : dict
        Axis names such as 'hw.bandwidth', 'arch.alpha', 'batch' or 'timing' to lists, whose
        plain numbers are in SI units, or to ``linear(a, b, n)`` or ``log(a, b, n)`` with units.
    sample : {'grid', 'random', 'sobol', 'lhs'}
        Which points of the space are evaluated.
    n : int
        Points of a sample.
    seed : int
        Of a sample: the same points for the same seed.
    where : str or list of str
        Constraints that a point must meet, such as ``hw.matrix <= 8 TFLOPS``.
    derive : dict
        Names of further columns to expressions.
    settings : dict
        Values of the architecture's variables.
    batch : int, optional
        Samples that a run computes; 1 unless it is an axis.
    convention, placement, traffic, timing : str or model, optional
        What `simulate` takes.
    dtype : str, optional
        The element type of weights and maps.
    passes : list, optional
        Graph passes by word or as objects; None: those of each profile.
    attained : bool
        On a machine with several levels whose sizes are axes: True searches the schedules at every
        point, False reads the bound of each level.
    over : dict
        Networks, as `arch` takes them, to their weights: every machine is judged over all of them.
        Columns such as 'alexnet:total_time' are of one network; `total_time` and `energy` combine.
    combine : {'sum', 'geomean', 'worst'}
        The sum of weight times value, the weighted geometric mean, or the largest weight times
        value.

    Returns
    -------
    pandas.DataFrame
        One row for each feasible point, SI units: index, the axes, total_time and the time of each
        lane [s], external_bytes [B], energy [J] where it is stated, and the derived columns.

    Raises
    ------
    InputError
        With every mistake, also for more than 20 million points.

    Examples
    --------
    >>> points = scan("hairnet", "accel_1tflops", axes={"batch": [1, 2]}, where="batch > 1")
    >>> points["batch"].tolist()
    [2]

    """
    from costmodel.studies.scan.planning import planned
    from costmodel.studies.scan.request import ScanRequest

    axes = _named("axes", axes)
    over = _named("over", over)
    networks = {str(key) if isinstance(key, Path) else key: w for key, w in (over or {}).items()}
    words, objects = dict[str, list[str]](), dict[str, dict[str, Any]]()
    for axis, things in (("arch", arch), ("hw", hw)):
        words[axis], objects[axis] = _labelled(things)
        if axis in axes and not isinstance(axes[axis], str):
            axes[axis], varied = _labelled(axes[axis])
            objects[axis] |= varied
    choices = {
        "convention": convention,
        "placement": placement,
        "traffic": traffic,
        "timing": timing,
        "dtype": dtype,
    }
    request = ScanRequest(
        words["arch"],
        words["hw"],
        axes,
        _named("settings", settings),
        sample,
        n,
        seed,
        [where] if isinstance(where, str) else list(where),
        _named("derive", derive),
        batch=batch,
        choices=choices,
        passes=None if passes is None else list(passes),
        points=True,
        si=True,
        objects=objects,
        attained=attained,
        over=networks,
        combine=combine,
    )
    return _frame(planned(request))


def _frame(plan: ScanPlan) -> pd.DataFrame:
    """All feasible points. Raises InputError for more than a frame should hold."""
    import pandas as pd

    from costmodel.errors import InputError, Place
    from costmodel.studies.scan.running.plan import table_columns

    if plan.space.points > MAX_ROWS:
        raise InputError.at(
            Place("scan"),
            f"{plan.space.points} points do not belong in memory",
            "use costmodel scan --points",
        )
    pieces = []
    for start, stop in plan.ranges():
        indices, columns = plan.columns(start, stop)
        mask = plan.feasible(columns, stop - start)
        pieces.append(table_columns(plan, indices, columns, mask))
    return pd.DataFrame({name: _joined([piece[name] for piece in pieces]) for name in pieces[0]})


def _joined(pieces: list[Any]) -> Any:
    """Columns one after the other; words beside numbers stay what they are."""
    import numpy as np

    kinds = {piece.dtype.kind for piece in pieces}
    return np.concatenate(pieces, dtype=None if len(kinds) == 1 or kinds <= {*"iuf"} else object)


def _labelled(things: Any) -> tuple[list[str], dict[str, Any]]:
    """A label for each file or object named, and the objects by their labels."""
    single = isinstance(things, str | Path) or not isinstance(things, Sequence)
    listed = [str(it) if isinstance(it, Path) else it for it in ([things] if single else things)]
    labels = unique([(it if isinstance(it, str) else str(it.name), it) for it in listed])
    pairs = zip(labels, listed, strict=True)
    return labels, {label: it for label, it in pairs if not isinstance(it, str)}


def _named(what: str, value: Mapping[str, Any] | None) -> dict[str, Any]:
    """A copy of a mapping from words. Raises InputError for anything else."""
    from costmodel.errors import InputError, Place

    if value is not None and not isinstance(value, Mapping):
        raise InputError.at(Place(what), f"is {value!r}", "give a dict from names to values")
    return dict(value or {})
