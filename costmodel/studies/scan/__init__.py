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

if TYPE_CHECKING:
    import pandas as pd

    from costmodel.core.graph_pass import Pass
    from costmodel.core.network import Network
    from costmodel.core.policies import Choice
    from costmodel.hardware.profile import HardwareProfile
    from costmodel.studies.scan.plan import Plan

__all__ = ["scan"]

MAX_ROWS = 20_000_000
"""[points] Of a frame in memory."""


def scan(
    arch: str | Path | Network | Sequence[str | Path | Network],
    hw: str | Path | HardwareProfile | Sequence[str | Path | HardwareProfile],
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
) -> pd.DataFrame:
    """Every feasible point of a design space as a DataFrame, one row per point, SI units.

    `arch` and `hw` are paths, short names or loaded objects (lists become axes); `axes` maps axis
    names to lists, ``linear(a, b, n)`` or ``log(a, b, n)``; `where` are constraints, `derive` named
    expressions; policies and passes as in `simulate`. Columns: index, the axes, total_time and the
    time of each lane [s], external_bytes [B], and the derived ones. Raises InputError with every
    mistake, also for more than 20 million points.
    """
    from costmodel.studies.scan.request import Request

    objects: dict[str, Any] = {}
    choices = {
        "convention": convention,
        "placement": placement,
        "traffic": traffic,
        "timing": timing,
        "dtype": dtype,
    }
    request = Request(
        _words(arch, objects),
        _words(hw, objects),
        _named("axes", axes),
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
        objects=objects,
    )
    return _frame(request.plan())


def _frame(plan: Plan) -> pd.DataFrame:
    """All feasible points. Raises InputError for more than a frame should hold."""
    import pandas as pd

    from costmodel.errors import InputError, Place
    from costmodel.studies.scan.plan import table_columns

    if plan.space.points > MAX_ROWS:
        raise InputError.at(
            Place("scan"),
            f"{plan.space.points} points do not belong in memory",
            "use costmodel scan --points",
        )
    frames = []
    for start, stop in plan.ranges():
        indices, columns = plan.columns(start, stop)
        mask = plan.feasible(columns, stop - start)
        frames.append(pd.DataFrame(table_columns(plan, indices, columns, mask)))
    return pd.concat(frames, ignore_index=True)


def _words(value: Any, objects: dict[str, Any]) -> list[str]:
    """One word for each of the files or objects named; objects are noted under their names."""
    words = []
    single = isinstance(value, str | Path) or not isinstance(value, Sequence)
    for item in [value] if single else value:
        word = str(item) if isinstance(item, str | Path) else str(item.name)
        if word != item and not isinstance(item, Path):
            objects[word] = item
        words.append(word)
    return words


def _named(what: str, value: Mapping[str, Any] | None) -> dict[str, Any]:
    """A copy of a mapping from words. Raises InputError for anything else."""
    from costmodel.errors import InputError, Place

    if value is not None and not isinstance(value, Mapping):
        raise InputError.at(Place(what), f"is {value!r}", "give a dict from names to values")
    return dict(value or {})
