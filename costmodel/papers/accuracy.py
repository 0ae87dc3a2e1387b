"""A model that a paper trained, and the accuracy that it reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Trained:
    """A model that a paper trained: how to build it here, and the top-1 accuracy it reports [%]."""

    dataset: str
    label: str
    arch: str
    settings: dict[str, Any]
    accuracy: float
    source: str
