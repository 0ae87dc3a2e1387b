"""Answers of `solve` and `sensitivity` put to the formula again: they hold there, to the last bit."""

from __future__ import annotations

from pathlib import Path

import pytest

import costmodel as cm

MACHINE = """name: W
source: t
bandwidth: 1 GB/s
write_bandwidth: 1 GB/s
on_chip_memory: 100 MB
matrix: 1 TFLOPS
host: 1 GFLOPS
"""


def machine(folder: Path, more: str = "", *, without: str = "") -> str:
    lines = [line for line in MACHINE.splitlines() if not (without and line.startswith(without))]
    file = folder / "machine.yaml"
    file.write_text("\n".join(lines) + "\n" + more)
    return str(file)


@pytest.mark.parametrize("share", [0.11, 0.3, 0.37, 0.6, 0.7, 0.9])
@pytest.mark.parametrize("arch", ["hairnet", "alexnet"])
def test_maps_that_all_fit_leave_no_work_behind(tmp_path: Path, arch: str, share: float) -> None:
    """On 100 MB every map stays on chip: nothing is written, whatever share of the bus is reached.

    So the time is the same with any write bandwidth, and no such bandwidth is an answer.
    """
    hw = machine(tmp_path, f"efficiency: {{default: {{bandwidth: {share}}}}}\n")
    run = cm.simulate(arch, hw)
    assert run.result.amounts["write"].sum() == 0
    target = f"total_time <= {run.total_time * 1.1:.6g} s"
    answer = cm.solve(arch, hw, "write_bandwidth", target)
    assert (answer.value, answer.possible) == (None, True)
    assert answer.reason == "nothing depends on write_bandwidth"
    table = cm.scan(arch, hw, axes={"hw.write_bandwidth": ["1e-9 B/s", "1 GB/s"]})
    assert table.total_time.tolist() == pytest.approx([run.total_time] * 2, rel=1e-12)
