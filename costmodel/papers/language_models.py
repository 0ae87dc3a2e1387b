"""A language model on three machines: throughput against latency, and memory over the length."""

from __future__ import annotations

from pathlib import Path

from costmodel.papers import templates
from costmodel.report import generation_plot
from costmodel.studies.generate import Generation, generate

FOLDER = "language_models"
MODEL = "llama-3.1-8b"
MACHINES = ("h100_measured", "a100_measured", "l40s")
PROMPT, ANSWER, BATCH = 1024, 512, 16
"""Tokens in and out of each sequence, and sequences."""


def _at(machine: str, batch: int) -> Generation:
    """The model's answers on one machine, so many at once."""
    return generate(MODEL, machine, PROMPT, ANSWER, batch=batch)


def write(directory: Path) -> Path:
    """Write the page, its data and its pictures into a folder of `directory`. Raises InputError."""
    folder = directory / FOLDER
    generation_plot.write(folder, _at(MACHINES[0], BATCH), MACHINES, _at)
    return templates.write(folder, FOLDER)
