"""What is kept of a scan: constraints, derived columns and objectives, checked before it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from costmodel.core.quantities import AXES, JOULES
from costmodel.errors import BadValue, InputError, Place, Problems
from costmodel.studies.energy import unstated
from costmodel.studies.labels import once_each
from costmodel.studies.scan.request import ScanRequest
from costmodel.studies.scan.running.plan import ScanPlan
from costmodel.studies.scan.space.formulas import Formula, Objective, is_text
from costmodel.studies.scan.space.points import Space

NAME = re.compile(r"[A-Za-z_][\w.]*")
"""A word of an expression, dotted or not."""
AREA = "area: {per_kib: 0.01 mm2, per_pe: 0.002 mm2, source: ...}"
"""How a profile states areas."""


def with_criteria(plan: ScanPlan, request: ScanRequest, problems: Problems) -> ScanPlan:
    """The plan with what a request keeps, checked against the columns there are.

    Raises InputError with every mistake, those in `problems` among them.
    """
    space = plan.space
    axes = (*AXES, *AXES.short)
    stated = [w for w in axes if all(AXES[w].axis in one.known for one in space.variants)]
    outputs = {*space.named} - ({"area"} & request.derive.keys() if space.without_area else set())
    known: dict[str, Any] = dict.fromkeys([*space.quantities, *stated, *outputs, "batch"], 1.0)
    labels = _labels(space, [*request.derive.values(), *request.where])
    examples = [known | together for together in labels]
    known |= space.examples()
    derive: list[tuple[str, Formula]] = []
    for name, text in request.derive.items():
        place = request.place(f"derive {name}")
        # a column of the user's own may stand in the place of a product
        if not name.isidentifier() or (name in known and name != "edp"):
            problems.add(place, f"'{name}' cannot name a derived column", "choose another word")
        with problems.collect():
            for example in examples:
                known[name] = example[name] = _tried(text, example, place)
            derive.append((name, Formula(str(text))))
    where = []
    for text in request.where:
        with problems.collect():
            for example in examples:
                _tried(text, example, request.place("where"))
            where.append(Formula(str(text)))
    objectives = []
    for text, what in [(request.by, "by"), *((word, "pareto") for word in request.pareto)]:
        with problems.collect(), request.placed(what):
            objectives.append(Objective.read(text, known))
    with problems.collect():
        once_each([word.strip() for word in request.pareto], request.place("pareto"))
    _check_energies(space, request, problems)
    _check_areas(space, request, problems)
    problems.raise_if_any()
    by, *pareto = objectives
    return replace(plan, by=by, pareto=tuple(pareto), where=tuple(where), derive=tuple(derive))


def _check_energies(space: Space, request: ScanRequest, problems: Problems) -> None:
    """Note what names the energy, or a product of it, where no machine states any."""
    machines = list(dict.fromkeys(one.machine_name for one in space.variants))
    for what, text in () if space.energies else _expressions(request):
        named = [word for word in JOULES if word in NAME.findall(str(text))]
        for word in named:
            if word not in request.derive:
                error = unstated(machines)
                said_of = f"'{word}' is named in '{text}', and {error.what}"
                problems.add(request.place(what), said_of, error.remedy)


def _check_areas(space: Space, request: ScanRequest, problems: Problems) -> None:
    """Note what names the area where a machine states none."""
    without = space.without_area if "area" not in request.derive else []
    for what, text in _expressions(request) if without else ():
        if "area" in NAME.findall(str(text)):
            told = f"'area' is named in '{text}', and {'; '.join(without)}"
            problems.add(request.place(what), told, f"state e.g. '{AREA}' in a profile")


def _expressions(request: ScanRequest) -> list[tuple[str, Any]]:
    """Everything that names columns, and where it was written."""
    return [
        *(("where", text) for text in request.where),
        *((f"derive {name}", text) for name, text in request.derive.items()),
        ("by", request.by),
        *(("pareto", word) for word in request.pareto),
    ]


def _labels(space: Space, texts: Sequence[Any]) -> list[dict[str, Any]]:
    """Values of the structural axes as they come together, where an expression may name them.

    A word or a list at one of them is a mistake that its neighbours do not show. Axes that no
    expression names are left as they are in the first.
    """
    # the text as it stands: what is wrong with its quantities is told at its own place
    named = sorted(set[str]().union(*(NAME.findall(str(text)) for text in texts)))
    every = {repr([v.labels.get(word) for word in named]): v.labels for v in space.variants}
    return list(every.values())


def _tried(text: str, known: Mapping[str, Any], place: Place) -> Any:
    """An expression's number on an example of each column. Raises InputError at `place`."""
    formula = Formula(str(text))
    try:
        formula.check(set(known))
        value = formula(known)
    except BadValue as error:
        raise error.at(place) from None
    single = not isinstance(value, list | tuple) and np.ndim(value) == 0
    if single and not is_text(value):
        return value
    kind = "a list" if not single else "complex" if isinstance(value, complex) else "text"
    what = "no number" if callable(value) or value is None else kind
    raise InputError.at(place, f"'{text}' is {what}", "write arithmetic or a comparison")
