"""Several networks on several machines, every pair counted by one convention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from costmodel.core.lanes import RUN_LANES
from costmodel.core.network import Network
from costmodel.core.policies import DEFAULTS
from costmodel.hardware.profile import HardwareProfile
from costmodel.studies.evaluated import INTERVAL
from costmodel.studies.labels import unique
from costmodel.studies.run import Run
from costmodel.studies.simulation import simulated

COLUMNS = (
    "architecture",
    "hardware",
    "params",
    "macs",
    "ops",
    "external_bytes",
    "peak_internal_bytes",
    "transfer_time_s",
    "compute_time_s",
    "total_time_s",
    "samples_per_s",
    "bound",
    "accuracy_pct",
    "dtype",
    "placement",
    "timing",
)


@dataclass(frozen=True)
class Pair:
    """One pair: a run, the label of its architecture, and a published accuracy [%] if any."""

    label: str
    run: Run
    accuracy: float | None = None

    @property
    def record(self) -> dict[str, Any]:
        """The figures of the pair under the names of the CSV."""
        run, chosen = self.run, self.run.policies
        return {
            "architecture": self.label,
            "hardware": run.profile.name,
            **run.totals,
            "samples_per_s": run.throughput,
            "bound": run.bottleneck,
            "accuracy_pct": "" if self.accuracy is None else self.accuracy,
            **{word: getattr(chosen, word) for word in ("dtype", "placement", "timing", "traffic")},
            "standing": run.standing.grade,
        }


def table_columns(pairs: Sequence[Pair]) -> list[str]:
    """The columns of the CSV: those of COLUMNS, and those that some pair alone has.

    These are the ends of the interval on calibrated profiles, times that are not zero, and the
    energy where a machine states any.
    """
    some = {name for pair in pairs for name in pair.run.totals}
    lanes = (RUN_LANES[word].column for word in ("on_chip", "launch", "link", "overhead"))
    further = [name for name in (*INTERVAL, *lanes, "energy_J") if name in some]
    moved_again = any(pair.run.policies.traffic != DEFAULTS["traffic"] for pair in pairs)
    return [*COLUMNS, *further, *["traffic"] * moved_again, "standing"]


def pairs(
    models: Sequence[tuple[str, Network, float | None]],
    profiles: Sequence[tuple[HardwareProfile, str]],
    **options: Any,
) -> list[Pair]:
    """Every labelled network on every profile (with its file), networks outside.

    Labels and names of machines are made unique. `options` are those of `simulated`; every row is
    counted by one convention. Raises InputError.
    """
    labels = unique([(label, network) for label, network, _ in models])
    names = unique([(profile.name, profile) for profile, _ in profiles])
    machines = [
        (profile if profile.name == name else profile.model_copy(update={"name": name}), file)
        for name, (profile, file) in zip(names, profiles, strict=True)
    ]
    return [
        Pair(label, simulated(network, profile, hw_file=file, uniform=True, **options), accuracy)
        for label, (_, network, accuracy) in zip(labels, models, strict=True)
        for profile, file in machines
    ]
