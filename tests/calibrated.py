"""Regenerates the measured profiles and reports/calibration from the committed graphs and times.

    python tests/calibrated.py

The times are of the timm project (see graphs.py): about four minutes for both machines.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from graphs import DATA, unpack

from costmodel.cli import main

ROOT = Path(__file__).resolve().parent.parent
MACHINES = ("rtx3090", "i9_10940x")


def measured(folder: Path, machine: str) -> str:
    """The measurements of a machine in `folder`, beside the graphs that they name."""
    if not (folder / "graphs").is_dir():
        unpack(folder)
    name = f"measured_{machine}.csv"
    shutil.copy(DATA / name, folder / name)
    return str(folder / name)


def calibrated(folder: Path, machine: str, out: Path, *more: str) -> int:
    """Calibrate a shipped profile as the repository does; the exit code."""
    return main(["calibrate", measured(folder, machine), "--hw", machine, "--out", str(out), *more])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as unpacked:
        codes = [
            calibrated(
                Path(unpacked),
                machine,
                ROOT / "hwprofiles" / f"{machine}_measured.yaml",
                "--study",
                str(ROOT / "reports" / "calibration" / machine),
            )
            for machine in MACHINES
        ]
    sys.exit(max(codes))
