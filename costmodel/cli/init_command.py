"""A network, a machine and a scan of one's own to start from, with what each line means.

Writes network.yaml, machine.yaml and scan.yaml into a folder; files that are there are kept.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from costmodel.cli import options
from costmodel.report.files import write_text

EXAMPLES = ("init mine",)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add(parser, "folder DIR", "where to (default: here)", nargs="?", default=".")


def run(args: argparse.Namespace) -> int:
    """Write the files of `start` that are not there yet, and say what to try."""
    folder, start = Path(args.folder), Path(__file__).parent / "start"
    for name in ("network.yaml", "machine.yaml", "scan.yaml"):
        if (folder / name).exists():
            print(f"kept {folder / name}")
            continue
        write_text(folder / name, (start / name).read_text(encoding="utf-8"))
        print(f"wrote {folder / name}")
    network, machine = folder / "network.yaml", folder / "machine.yaml"
    print(
        f"\nnow try\n  costmodel simulate {network} --hw {machine} --html report.html\n"
        f"  costmodel simulate {network} --hw {machine} --set width=32\n"
        f"  costmodel scan {folder / 'scan.yaml'}"
    )
    return 0
