"""A language model on three machines: throughput against latency, and memory over the length."""

from __future__ import annotations

from pathlib import Path

from costmodel.report import files, generation_plot
from costmodel.studies.generate import Generation, generate

FOLDER = "language_models"
MODEL = "llama-3.1-8b"
MACHINES = ("h100_measured", "a100_measured", "l40s")
PROMPT, ANSWER, BATCH = 1024, 512, 16
"""[tokens] in and out, [sequences]."""
PAGE = """# Language models in pictures

    costmodel generate llama-3.1-8b --hw h100_measured --hw a100_measured --hw l40s \\
        --prompt 1024 --generate 512 --batch 16 --plot reports/language_models

`trade.png` (data: `trade.csv`): tokens per second of all sequences against the time that each
waits for a token, over the batch, up to what fits each machine. `memory.png` (data:
`memory.csv`): weights, maps and keys and values of the first machine over the length of each
sequence. How the times are made, and how far they were off:
[docs/language_models.md](../../docs/language_models.md).

![Throughput against latency](trade.png)

![Memory over length](memory.png)
"""


def _at(machine: str, batch: int) -> Generation:
    return generate(MODEL, machine, PROMPT, ANSWER, batch=batch)


def write(directory: Path) -> Path:
    """Write the page, its data and its pictures into a folder of `directory`. Raises InputError."""
    folder = directory / FOLDER
    generation_plot.write(folder, _at(MACHINES[0], BATCH), MACHINES, _at)
    files.write(folder / "README.md", lambda stream: stream.write(PAGE))
    return folder
