"""Everything that must be known to get a run's figures again."""

from __future__ import annotations

from typing import Any

from costmodel.studies import trust, weight_types
from costmodel.studies.energy import energy_standing
from costmodel.studies.evaluated import Evaluated
from costmodel.studies.standing import standing
from costmodel.version import VERSION

CHOSEN = ("convention", "timed_convention", "placement", "traffic", "timing", "dtype", "batch")
"""The policies that are named, in the order of the report."""


def provenance(run: Evaluated) -> dict[str, Any]:
    """Files, sources, policies, assumptions, and what stands behind the times, for JSON."""
    chosen, profile, facts = run.policies, run.profile, run.network.facts
    known = profile.calibration
    weights = weight_types.by_type(run.network, chosen.dtype)
    return {
        "costmodel": VERSION,
        "architecture": facts.name,
        "architecture_file": facts.file,
        "architecture_source": facts.source,
        "variables": facts.variables,
        "hardware": profile.name,
        "hardware_file": run.hw_file,
        "hardware_source": profile.source,
        **{word: getattr(chosen, word) for word in CHOSEN},
        "samples": run.samples,
        "weights": {word: list(roles) for word, roles in weights.items()},
        "passes": run.pass_words,
        "assumed": profile.assumptions(chosen.dtype),
        "widened": run.widened,
        "incomplete": [{"operator": op, "count": n} for op, n in sorted(facts.unknown.items())],
        "calibration": None if known is None else known.model_dump(exclude={"networks"}),
        "doubts": trust.doubts(run),
        "standing": standing(run).record(),
        "energy_standing": None if (joules := energy_standing(run)) is None else joules.record(),
    }
