"""Scans that several tests run, and what they leave."""

from __future__ import annotations

import os
from pathlib import Path

SCAN = ["scan", "hairnet", "--hw", "accel_1tflops", "--axis", "hw.bandwidth=log(100 MB/s, 100 GB/s, 40)",
        "--axis", "hw.on_chip_memory=[256 kB, 1 MB]"]  # fmt: skip
# 24 structural values make 24 parts of 1 600 points each
MANY = ["scan", "hairnet", "--hw", "accel_1tflops", "--axis", f"batch={list(range(1, 25))}",
        "--axis", "hw.bandwidth=log(100 MB/s, 100 GB/s, 40)", "--axis", "hw.matrix=log(1 GFLOPS, 1 TFLOPS, 40)",
        "--pareto", "total_time,hw.bandwidth", "--points"]  # fmt: skip


def results(directory: Path) -> dict[str, bytes]:
    """Everything a scan leaves but the timings."""
    files = [
        p
        for p in directory.rglob("*")
        if p.is_file() and ".scan" not in p.parts and p.name != "summary.json"
    ]
    return {str(p.relative_to(directory)): p.read_bytes() for p in files}


def failing(plan: tuple[Path, int], start: int, stop: int) -> int:
    """In a worker: a part that fails as often as its plan says, and notes each time it is asked for."""
    asked, times = plan
    with asked.open("ab", buffering=0) as stream:
        stream.write(b".")
        if os.fstat(stream.fileno()).st_size <= times:
            raise TypeError("cannot unpack non-iterable Part object")
    return start
