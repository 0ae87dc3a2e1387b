"""Several networks that machines are judged over: their names, weights, and how they combine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from costmodel.errors import did_you_mean
from costmodel.language import documents
from costmodel.studies.labels import unique
from costmodel.studies.scan.request import ScanRequest
from costmodel.studies.scan.space.panel import COMBINE

LARGEST = 1e9
"""The largest weight: sums of them, and powers of times, stay numbers."""


def label_networks(request: ScanRequest) -> None:
    """Give the networks of a request that names several their labels and weights.

    Those that are named as `arch` count once, unless a weight is given them. What is wrong is noted
    among the request's problems.
    """
    problems = request.problems
    if request.combine not in COMBINE:
        remedy = did_you_mean(request.combine, COMBINE)
        problems.add(request.place("combine"), f"unknown combination '{request.combine}'", remedy)
    if not request.over:
        if "combine" in request.places:
            problems.add(request.place("combine"), "is given without 'over'", "name networks")
        return
    _check_axes(request)
    known = request.objects.get("arch", {})
    weighted = {
        **{known.get(word, word): 1.0 for word in request.arch},
        **{thing: _weight(request, thing, weight) for thing, weight in request.over.items()},
    }
    labels = unique([(_name(thing), thing) for thing in weighted])
    request.over = dict(zip(labels, weighted.values(), strict=True))
    request.objects["arch"] = dict(zip(labels, weighted, strict=True))
    request.arch = []


def _check_axes(request: ScanRequest) -> None:
    """Note axes that are of one network alone."""
    for word in request.axes:
        if word == "arch" or word.startswith("arch."):
            request.problems.add(
                request.place(f"axes {word}"),
                f"'{word}' is an axis of one network, and the scan is over several",
                "drop it, or scan each network alone",
            )


def _weight(request: ScanRequest, thing: Any, stated: Any) -> float:
    """The weight of a network; what is none is noted, and counts once meanwhile."""
    value = documents.parse(stated, "over").plain() if isinstance(stated, str) else stated
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and 0 < value <= LARGEST:
        return float(value)
    place = request.place(f"over {thing}")
    request.problems.add(
        place, f"the weight is {stated!r}", f"write a number above 0, up to {LARGEST:g}"
    )
    return 1.0


def _name(thing: Any) -> str:
    """What a network is called in columns: a file's name without its suffix, else its own.

    Only letters, digits, dots, dashes and underlines, so that expressions can name it.
    """
    name = thing if isinstance(thing, str | Path) else thing.name
    path = Path(name)
    if path.suffix in (".yaml", ".yml", ".onnx", ".json"):
        name = path.parent.name if path.name == "config.json" and path.parent.name else path.stem
    return re.sub(r"[^\w.\-]+", "_", str(name)) or "_"
