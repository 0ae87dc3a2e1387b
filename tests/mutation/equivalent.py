"""Changes that nothing can notice, and why."""

from __future__ import annotations

from mutation.mutant import Mutant

REASONS: dict[str, dict[str, str]] = {}
"""For each file, by the line with the change in it (its spaces as one): why it changes nothing."""


def reason(mutant: Mutant) -> str | None:
    """Why nothing can notice a mutant; None if something should."""
    return REASONS.get(mutant.file.name, {}).get(mutant.text)
