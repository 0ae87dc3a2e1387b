"""A request made into a plan: every word is checked, and every network built and counted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from math import prod
from typing import Any

import numpy as np

from costmodel.core import policies
from costmodel.core.quantities import AXES
from costmodel.errors import BadValue, InputError, did_you_mean
from costmodel.hardware.numbers import profile_number
from costmodel.studies.labels import once_each
from costmodel.studies.scan.criteria import with_criteria
from costmodel.studies.scan.forms.polynomials import DEGREES, polynomials
from costmodel.studies.scan.over import label_networks
from costmodel.studies.scan.request import POLICIES, ScanRequest
from costmodel.studies.scan.running.plan import ScanPlan
from costmodel.studies.scan.shapes import Shapes, said
from costmodel.studies.scan.space.axes import (
    WHOLE,
    Axis,
    example,
    of_engine,
    of_profile,
    read_axis,
)
from costmodel.studies.scan.space.panel import Panel
from costmodel.studies.scan.space.points import Space
from costmodel.studies.scan.space.samples import MAX_LHS, SAMPLES
from costmodel.studies.scan.space.variant import Variant

MAX_VARIANTS = 20_000
"""Structural combinations; each is a network built and counted."""
MAX_POINTS = 10**13
"""[points] A day of a thousand cores."""
MEMORY = "hw.on_chip_memory"
FEW = 64
"""Combinations up to which networks are built one by one."""


def planned(request: ScanRequest) -> ScanPlan:
    """The plan of a request. Raises InputError with every mistake."""
    problems, grid = request.problems, request.sample == "grid"
    label_networks(request)
    axes = list(_axes(request))
    _check_sampling(request)
    _check_conflicts(request, {axis.name for axis in axes})
    _check_doubles(request, {axis.name for axis in axes})
    _check_policies(request, axes)
    # what no scan could hold is refused before any value is made
    points = prod(axis.size for axis in axes) if grid else request.n
    if points > MAX_POINTS:
        place = request.place("axes")
        problems.add(place, f"{points} points", f"at most {MAX_POINTS}: use fewer values")
    problems.raise_if_any()
    structural = [axis for axis in axes if not axis.machine]
    counts, variants = _variants(request, structural, _countable(structural, grid))
    problems.raise_if_any()
    arrays = (*counts, *(axis for axis in axes if axis.machine))
    space = Space(arrays, tuple(variants), request.sample, 0 if grid else request.n, request.seed)
    plan = ScanPlan(space, k=request.best, points=request.points)
    return with_criteria(plan, request, problems)


def _axes(request: ScanRequest) -> Iterator[Axis]:
    """Every axis; architectures and profiles given as lists are axes too."""
    for name, value in request.axes.items():
        drawn = request.sample != "grid" and (name in AXES or name in WHOLE)
        with request.problems.collect(), request.placed(f"axes {name}"):
            axis = read_axis(name, value, si=request.si)
            if axis.endless and not drawn:
                raise BadValue(f"axis '{name}' has no count", f"write e.g. {example(name)}")
            yield axis
    for name, words in (("arch", request.arch), ("hw", request.hw)):
        with request.problems.collect():
            once_each(words, request.place(name))
        if len(words) > 1 and name not in request.axes:
            yield Axis(name, "list", tuple(words))


def _check_sampling(request: ScanRequest) -> None:
    """Note a sample that nobody knows, and numbers that do not go with it."""
    sample, n, problems = request.sample, request.n, request.problems
    if sample not in SAMPLES:
        remedy = did_you_mean(sample, SAMPLES)
        problems.add(request.place("sample"), f"unknown sample '{sample}'", remedy)
    elif sample == "grid" and n:
        problems.add(
            request.place("n"),
            f"n is {n}, but a grid has as many points as its axes make",
            "drop n, or name a sample: random, sobol or lhs",
        )
    elif sample != "grid" and n < 1:
        problems.add(request.place("n"), f"a {sample} sample needs n, got {n}", "add n")
    elif sample == "lhs" and n > MAX_LHS:
        remedy = f"at most {MAX_LHS}; use sobol"
        problems.add(request.place("n"), f"a Latin hypercube of {n} points", remedy)
    for name in ("best", "seed"):
        if (value := getattr(request, name)) < 0:
            problems.add(request.place(name), f"{name} is {value}", "use 0 or more")


def _check_conflicts(request: ScanRequest, axes: set[str]) -> None:
    """Note what is fixed and an axis at once, and what is neither."""
    problems = request.problems
    fixed = {word for word in POLICIES if request.choices.get(word)}
    fixed |= {"batch"} if request.batch is not None else set()
    fixed |= {f"arch.{name}" for name in request.settings}
    for word in (short for short in AXES.short if short in axes and AXES[short].axis in axes):
        what = f"'{word}' and '{AXES[word].axis}' are the same figure"
        problems.add(request.place(f"axes {word}"), what, "drop one of them")
    for word in sorted(fixed & axes):
        place = request.place(f"set {word[5:]}" if word.startswith("arch.") else word)
        problems.add(place, f"'{word}' is fixed, and an axis too", "drop one of them")
    for word in ("arch", "hw"):
        named = bool(getattr(request, word)) or (word == "arch" and bool(request.over))
        if named and word in request.axes:
            place = request.place(f"axes {word}")
            problems.add(place, f"'{word}' is named, and an axis too", "drop one of them")
        elif not named and word not in request.axes:
            place = request.place(word)
            problems.add(place, f"the scan has no '{word}'", f"add '{word}: ...'")


def _check_doubles(request: ScanRequest, axes: set[str]) -> None:
    """Note axes over the same number of a profile, or over one that another axis stands for."""
    seen: dict[Any, str] = {profile_number("usable"): MEMORY} if MEMORY in axes else {}
    for word in sorted(filter(of_profile, axes)):
        first = seen.setdefault(profile_number(word[3:]), word)
        if first != word:
            what = f"'{word}' and '{first}' are the same number"
            request.problems.add(request.place(f"axes {word}"), what, "drop one of them")


def _check_policies(request: ScanRequest, axes: list[Axis]) -> None:
    """Check every policy that is named, before any network is built."""
    varied = [axis for axis in axes if axis.name in POLICIES]
    named = [(axis.name, word, f"axes {axis.name}") for axis in varied for word in axis.grid]
    named += [(family, word, family) for family, word in request.choices.items() if word]
    for family, word, place in named:
        with request.problems.collect(), request.placed(place, f"--{family}"):
            policies.check(family, word)


def _countable(axes: list[Axis], grid: bool) -> list[Axis]:
    """Those of the structural axes that may be arrays, where there are enough values to bother."""
    whole = [
        axis
        for axis in axes
        if axis.name in DEGREES
        and all(isinstance(v, int) and not isinstance(v, bool) for v in axis.values)
    ]
    many = not grid and any(axis.endless for axis in whole)
    return whole if many or prod(len(axis.grid) for axis in whole) > FEW else []


def _variants(
    request: ScanRequest, structural: list[Axis], counts: list[Axis]
) -> tuple[list[Axis], list[Variant]]:
    """Every variant, and the axes of counts that are arrays; several networks stand together."""
    alone = request.alone
    others = [axis for axis in structural if axis not in counts]
    each = [_counted(one, others, counts) for one in alone.values()]
    if not all(each):
        counts, each = [], [_built(one, structural) for one in alone.values()]
    request.problems.raise_if_any()
    if not request.over:
        return counts, each[0]
    over, combine = request.over, request.combine
    return counts, [Panel.together(p, over, combine) for p in zip(*each, strict=True)]


def _counted(request: ScanRequest, axes: list[Axis], counts: list[Axis]) -> list[Variant]:
    """Variants whose counts are polynomials in the axes `counts`; none where some are not."""
    if not counts or prod(len(axis.grid) for axis in axes) > MAX_VARIANTS:
        return []
    ends = {axis.name: axis.ends for axis in counts}
    first = {axis.name: axis.at(np.zeros(1)).tolist()[0] for axis in counts}
    variants = []
    with request.collected():
        for labels in _combinations(axes):
            form = polynomials(ends, partial(request.run, labels))
            if form is None:
                return []
            run = request.run(labels, first)
            variants.append(said(Variant.of(run, labels, form), run))
    return variants


def _built(request: ScanRequest, axes: list[Axis]) -> list[Variant]:
    """One variant for each combination of structural values. Raises InputError."""
    problems = request.problems
    for axis in axes:
        if axis.endless:
            problems.add(
                request.place(f"axes {axis.name}"),
                f"axis '{axis.name}' has no count, and its counts are no polynomials here",
                f"write e.g. linear({axis.low:g}, {axis.high:g}, 8)",
            )
    problems.raise_if_any()
    combinations = prod(len(axis.grid) for axis in axes)
    if combinations > MAX_VARIANTS:
        raise InputError.at(
            request.place("axes"),
            f"{combinations} structural combinations",
            f"at most {MAX_VARIANTS}: each builds a network",
        )
    others = [axis.name for axis in axes if not of_engine(axis.name)]
    grouped: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for number, labels in enumerate(_combinations(axes)):
        grouped.setdefault(repr([labels[name] for name in others]), []).append((number, labels))
    variants = dict[int, Variant]()
    for group in grouped.values():
        variants |= _on_shapes(request, group, {name: group[0][1][name] for name in others})
        # the same mistake in every combination
        if len(problems.found) > 20:
            break
    return [variants[number] for number in sorted(variants)]


def _on_shapes(
    request: ScanRequest, group: list[tuple[int, dict[str, Any]]], others: dict[str, Any]
) -> dict[int, Variant]:
    """The variants of combinations, by number, that have the `others` axes' values in common."""
    made = dict[int, Variant]()
    with request.collected():
        if len(others) == len(group[0][1]):
            ((number, labels),) = group
            run = request.run(labels)
            return {number: said(Variant.of(run, labels), run)}
        shapes = Shapes(request, others)
        for number, labels in group:
            with request.collected():
                made[number] = said(shapes.variant_of(labels), shapes.run)
            if len(request.problems.found) > 20:
                break
    return made


def _combinations(axes: list[Axis]) -> Iterator[dict[str, Any]]:
    """Every combination of the axes' values, by the names of the axes."""
    for values in product(*(axis.grid for axis in axes)):
        yield {axis.name: value for axis, value in zip(axes, values, strict=True)}
