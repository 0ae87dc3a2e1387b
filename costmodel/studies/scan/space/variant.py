"""One network on one profile, under one choice of policies: what structural axes vary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from costmodel.core.lanes import ENERGY
from costmodel.core.machine import Machine
from costmodel.core.policies import Policies
from costmodel.core.quantities import AXES, BOUNDS, axes_of
from costmodel.core.terms import entries
from costmodel.core.workload import Workload
from costmodel.hardware.area import ChipArea, chip_area, without_area
from costmodel.hardware.technology.fills import NO_TABLE, Follows, following
from costmodel.studies.evaluated import ENERGIES, SIZES
from costmodel.studies.run import Run
from costmodel.studies.scan.forms.closed_form import closed_form
from costmodel.studies.scan.forms.form import TIMES, Columns, Form, Words
from costmodel.studies.scan.forms.general import General


def form_of(workload: Workload, chosen: Policies) -> Form:
    """The closed form of a workload; where it has none, the formula itself."""
    closed = closed_form(workload, *chosen.models)
    return closed or General(replace(workload, rows=()), *chosen.models)


@dataclass(frozen=True, eq=False)
class Variant:
    """One combination of structural values, ready to be evaluated on any machine."""

    labels: dict[str, Any]
    """The value of each structural axis."""
    form: Form
    machine: Machine
    """The profile's own numbers, where no axis varies them."""
    samples: int
    """How many samples one run computes."""
    params: int
    macs: int
    batch: int = 1
    title: str = ""
    """For pictures: network and machine."""
    machine_name: str = ""
    interval: tuple[float, float] | None = None
    """Multiples of the total, on calibrated machines."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """What reports say beside the figures: by engine, and under `incomplete`."""
    on_chip_node: Follows = NO_TABLE
    """The technology by whose table the energy of a byte on chip follows the memory, if any."""
    area: ChipArea | None = None
    no_area: str = ""
    """Why there is no area."""

    @classmethod
    def of(cls, run: Run, labels: Columns | None = None, form: Form | None = None) -> Variant:
        """Make a variant of a run; by `form`, else the closed form, else the formula itself."""
        chosen, calibration, work = run.policies, run.profile.calibration, run.workload
        return cls(
            labels or {},
            form or form_of(work, chosen),
            run.machine,
            run.samples,
            int(work.params.sum()),
            int(work.macs.sum()),
            chosen.batch,
            f"{run.network.name} on {run.profile.name}",
            run.profile.name,
            calibration.interval_90 if calibration else None,
            run.named_marks,
            run.on_chip_node,
            chip_area(run.profile),
            without_area(run.profile),
        )

    @property
    def path(self) -> str:
        """Which way its points are evaluated."""
        return self.form.path

    @property
    def decisive(self) -> tuple[Any, ...]:
        """Everything that decides what its points give."""
        figures, counts = self.machine.figures, (self.samples, self.batch, self.params, self.macs)
        beside = (self.interval, self.on_chip_node, self.area)
        return self.labels, self.form, figures, *counts, *beside

    def figure(self, word: str) -> Any:
        """A figure of its machine by the word of its axis; None where it states none."""
        return self.machine.value(AXES[word])

    def words_of(self, outputs: Sequence[str]) -> list[str]:
        """The words by which expressions and tables know some outputs."""
        return [*outputs]

    @cached_property
    def known(self) -> list[str]:
        """The machine quantities that its profile states."""
        known = axes_of(self.machine.level_names)
        return [word for word, q in known.items() if self.machine.value(q) is not None]

    @cached_property
    def lanes(self) -> set[str]:
        """The lanes in which its rows ask for anything, and a figure lets it cost something.

        An area that is stated is one of them, for tables.
        """
        asked = self.form.asked
        return {
            *(("area",) if self.area else ()),
            *(
                entry.lane
                for entry in entries(self.machine.figures)
                if any(np.any(asked.get(amount, 1)) for amount in entry.amounts)
                and not np.all(self.machine[entry.figure] == entry.idle)
            ),
        }

    def columns(self, points: Columns, count: int, wanted: Words = TIMES) -> Columns:
        """Every quantity at `count` points whose axes of arrays are `points`.

        Of the outputs in TIMES, only those `wanted` and total_time need be there.
        """
        figures = {
            name: values
            for word, values in points.items()
            if word in AXES
            for name in AXES[word].fields
        }
        machine = self.machine.replace(**figures)
        own = {self.machine.own(name) for name in figures}
        if own & {*SIZES} and not own & {*ENERGIES}:
            machine = following(self.on_chip_node, machine)
        counts = {word: values for word, values in points.items() if word not in AXES}
        needed = {*wanted, ENERGY} if "edp" in wanted else wanted
        outputs = self.form.columns(machine, count, needed, counts)
        given: Columns = {
            "samples": self.samples,
            "batch": self.batch,
            "macs": self.macs,
        } | counts
        given |= {word: outputs.pop(word) for word in ("samples", "macs") if word in outputs}
        total = outputs["total_time"] = np.broadcast_to(outputs["total_time"], count)
        if self.interval is not None:
            outputs |= {w: share * total for w, share in zip(BOUNDS, self.interval, strict=True)}
        # a network without work is through at once
        with np.errstate(divide="ignore"):
            throughput = given.pop("samples") / total
        known = {**axes_of(machine.level_names), **{word: AXES[word] for word in AXES.short}}
        stated = {word: machine.value(quantity) for word, quantity in known.items()}
        # beside machines that state energies one that does not has an empty cell
        outputs.setdefault(ENERGY, np.nan)
        return {
            **self.labels,
            **{word: value for word, value in stated.items() if value is not None},
            **outputs,
            "area": self.area.on(machine, sized="memory" in figures) if self.area else np.nan,
            "edp": outputs[ENERGY] * total,
            "throughput": throughput,
            "params": self.params,
            **given,
        }
