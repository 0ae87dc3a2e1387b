"""A network, a machine and a scan of one's own to start from, with what each line means.

Writes network.yaml, machine.yaml and scan.yaml into a folder; files that are there are kept.
"""

from __future__ import annotations

import argparse

NETWORK = """\
# Where it comes from: paper, table or page, and what was altered.
name: My network
source: my own
# without the batch: [channels, height, width], channels first
input: [3, 64, 64]
vars:
  # costmodel simulate network.yaml --set width=32 ...
  width: 16
layers:
  - stem: {kind: conv2d, kernel: 3, stride: 2, padding: same, filters: "${width}"}
  # one row: what is between them never moves
  - stem_act: {fuse: [batch_norm, relu]}
  - stage:
      repeat: 3
      layers:
        - conv: {kind: conv2d, kernel: 3, padding: same, filters: "${width * 2**(i + 1)}"}
        - act: {fuse: [batch_norm, relu]}
        - pool: {kind: max_pool, kernel: 2}
  - gap: {kind: global_avg_pool}
  - classes: {kind: linear, features: 10}
# 'costmodel list layers' has every kind, 'costmodel list layers conv2d' its attributes
"""
MACHINE = """\
# The source of every number: document, table, page.
name: My machine
source: made up
# of the external memory; writes may have a figure of their own, write_bandwidth
bandwidth: 25.6 GB/s
on_chip_memory: 512 KiB
# dense peaks, two operations a multiply-add; one rate, or one for each element type
matrix: {int8: 4 TOPS, fp16: 2 TFLOPS}
host: {int8: 50 GOPS, fp16: 50 GFLOPS}
dtype: fp16
# what each row takes to start
launch: 2 us
# placement: resident     # maps get addresses on chip; 'costmodel list placements'
# timing: overlap         # transfer and compute at the same time; 'costmodel list timings'
"""
SCAN = """\
# costmodel scan scan.yaml
arch: network.yaml
hw: machine.yaml
axes:
  hw.bandwidth: log(5 GB/s, 100 GB/s, 50)
  hw.on_chip_memory: [128 KiB, 512 KiB, 2 MiB]
  arch.width: [8, 16, 32]
where: hw.on_chip_memory * arch.width <= 32 MiB
best: 5
pareto: [total_time, hw.bandwidth]
"""
FILES = {"network.yaml": NETWORK, "machine.yaml": MACHINE, "scan.yaml": SCAN}

EXAMPLES = ("init mine",)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "folder", nargs="?", default=".", metavar="DIR", help="where to (default: here)"
    )


def run(args: argparse.Namespace) -> int:
    """Write what is not there yet, and say what to try."""
    from pathlib import Path

    from costmodel.report.files import write_text

    folder = Path(args.folder)
    for name, text in FILES.items():
        if (folder / name).exists():
            print(f"kept {folder / name}")
            continue
        write_text(folder / name, text)
        print(f"wrote {folder / name}")
    network, machine = folder / "network.yaml", folder / "machine.yaml"
    print(
        f"\nnow try\n  costmodel simulate {network} --hw {machine} --html report.html\n"
        f"  costmodel simulate {network} --hw {machine} --set width=32\n"
        f"  costmodel scan {folder / 'scan.yaml'}"
    )
    return 0
