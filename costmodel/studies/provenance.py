"""Everything that must be known to get a run's figures again."""

from __future__ import annotations

from typing import Any

from costmodel.studies import trust
from costmodel.studies.evaluated import Evaluated
from costmodel.studies.standing import standing
from costmodel.version import VERSION


def provenance(run: Evaluated) -> dict[str, Any]:
    """For JSON: files, sources, policies, assumptions, and what stands behind the times."""
    chosen, profile, facts = run.policies, run.profile, run.network.facts
    known = profile.calibration
    return {
        "costmodel": VERSION,
        "architecture": facts.name,
        "architecture_file": facts.file,
        "architecture_source": facts.source,
        "variables": facts.variables,
        "hardware": profile.name,
        "hardware_file": run.hw_file,
        "hardware_source": profile.source,
        "convention": chosen.convention,
        "timed_convention": chosen.timed_convention,
        "placement": chosen.placement,
        "traffic": chosen.traffic,
        "timing": chosen.timing,
        "dtype": chosen.dtype,
        "batch": chosen.batch,
        "samples": run.samples,
        "passes": run.pass_words,
        "assumed": profile.assumptions(chosen.dtype),
        "unknown_operators": dict(facts.unknown),
        "calibration": None if known is None else known.model_dump(exclude={"networks"}),
        "doubts": trust.doubts(run),
        "standing": standing(run).record(),
    }
