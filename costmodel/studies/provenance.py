"""Everything that must be known to get a run's figures again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costmodel import __version__

if TYPE_CHECKING:
    from costmodel.studies.run import Run


def provenance(run: Run) -> dict[str, Any]:
    """For JSON: files, sources, policies, assumptions, and what stands behind the times."""
    chosen, profile, facts = run.policies, run.profile, run.network.facts
    known = profile.calibration
    return {
        "costmodel": __version__,
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
        "doubts": run.doubts,
        "standing": run.standing.record(),
    }
