"""What is kept of a scan: constraints, derived columns and objectives, checked before it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from costmodel.core.quantities import OUTPUTS
from costmodel.errors import BadValue, InputError, Place, Problems
from costmodel.studies.scan.formulas import Formula, Objective, is_text
from costmodel.studies.scan.plan import Plan
from costmodel.studies.scan.space import Space


class Asked(Protocol):
    """The part of a request that says what is kept."""

    where: list[str]
    derive: dict[str, str]
    by: str
    pareto: list[str]

    def place(self, what: str) -> Place:
        """Where `what` was written."""


def reduced(asked: Asked, plan: Plan, problems: Problems) -> Plan:
    """Constraints, derived columns and objectives, checked against the columns there are."""
    space = plan.space
    outputs = [w for w, o in OUTPUTS.items() if not o.calibrated or space.calibrated]
    known: dict[str, Any] = dict.fromkeys([*space.quantities, *outputs, "batch"], 1.0)
    examples = [known | labels for labels in _labels(space, [*asked.derive.values(), *asked.where])]
    known |= space.examples()
    derive: list[tuple[str, Formula]] = []
    for name, text in asked.derive.items():
        place = asked.place(f"derive {name}")
        if not name.isidentifier() or name in known:
            problems.add(place, f"'{name}' cannot name a derived column", "choose another word")
        with problems.collect():
            for example in examples:
                known[name] = example[name] = _tried(text, example, place)
            derive.append((name, Formula(str(text))))
    where = []
    for text in asked.where:
        with problems.collect():
            for example in examples:
                _tried(text, example, asked.place("where"))
            where.append(Formula(str(text)))
    objectives = []
    for text, what in [(asked.by, "by"), *((word, "pareto") for word in asked.pareto)]:
        try:
            objectives.append(Objective.read(text, known))
        except BadValue as error:
            problems.found.extend(error.at(asked.place(what)).problems)
    problems.raise_if_any()
    return replace(
        plan,
        by=objectives[0],
        pareto=tuple(objectives[1:]),
        where=tuple(where),
        derive=tuple(derive),
    )


def _number(value: Any, text: str, place: Place) -> Any:
    """A value that is one number or truth value. Raises InputError for anything else."""
    single = not isinstance(value, list | tuple) and np.ndim(value) == 0
    if not single or is_text(value):
        kind = "a list" if not single else "complex" if isinstance(value, complex) else "text"
        what = "no number" if callable(value) or value is None else kind
        raise InputError.at(place, f"'{text}' is {what}", "write arithmetic or a comparison")
    return value


def _labels(space: Space, texts: Sequence[Any]) -> list[dict[str, Any]]:
    """Values of the structural axes as they come together, where an expression may name them.

    A word or a list at one of them is a mistake that its neighbours do not show. Axes that no
    expression names are left as they are in the first.
    """
    named = set[str]().union(*(Formula(str(text)).words for text in texts))
    every = {
        repr([model.labels.get(word) for word in sorted(named)]): model.labels
        for model in space.models
    }
    return list(every.values())


def _tried(text: str, known: Mapping[str, Any], place: Place) -> Any:
    """An expression's number on an example of each column. Raises InputError at `place`."""
    formula = Formula(str(text))
    try:
        formula.check(set(known))
        return _number(formula(known), str(text), place)
    except BadValue as error:
        raise error.at(place) from None
