"""How deep values may lie inside one another, in YAML and in JSON."""

from __future__ import annotations

from costmodel.errors import InputError, Place

MAX_DEPTH = 100
"""Lists and mappings inside one another, aliases unfolded."""


def too_deep(place: Place) -> InputError:
    """The refusal of values that lie deeper than MAX_DEPTH."""
    return InputError.at(place, f"is nested over {MAX_DEPTH} deep", "flatten it")
