"""A made machine, and the times that shipped networks take on machines like it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from costmodel.cli import main
from costmodel.hardware.read import load_profile
from costmodel.studies.simulation import simulate, simulated

NETWORKS = (
    "alexnet",
    "hairnet",
    "mobilenet_v2",
    "mobilenet_fmp",
    "resnet_cifar",
    "se_resnet_cifar",
    "shufflenet_v2",
    "mobilenet_mp3",
)
FAMILY = {
    "alexnet": "plain",
    "hairnet": "mobile",
    "resnet_cifar": "resnet",
    "se_resnet_cifar": "resnet",
    "shake_shake": "resnet",
}
BASE = """# A comment that stays.
name: base
source: made for the tests
bandwidth: 10 GB/s
on_chip_memory: 1 MB
matrix: 1 TFLOPS
host: 100 GFLOPS
placement: all_external
timing: serial
dtype: fp32
"""


def write(folder: Path, rows: list[dict[str, Any]]) -> str:
    with (folder / "t.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(folder / "t.csv")


def truth(folder: Path, **traits: Any) -> list[dict[str, Any]]:
    """Times of every network at four batches on a machine that differs from the base by `traits`."""
    profile = load_profile(folder / "base.yaml").model_copy(update=traits)
    found = []
    for name in NETWORKS:
        network = simulate(name, str(folder / "base.yaml")).network
        for batch in (1, 2, 8, 32):
            done = simulated(network, profile, batch=batch, uniform=True)
            found.append(
                {
                    "network": name,
                    "batch": batch,
                    "dtype": "fp32",
                    "seconds": repr(done.total_time),
                    "family": FAMILY.get(name, "mobile"),
                }
            )
    return found


def calibrate(folder: Path, table: str, *more: str) -> int:
    """The command's exit code; the profile comes to out.yaml in `folder`."""
    return main(
        [
            "calibrate",
            table,
            "--hw",
            str(folder / "base.yaml"),
            "--out",
            str(folder / "out.yaml"),
            *more,
        ]
    )
