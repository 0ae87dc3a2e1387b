"""Scans that ask for too much, or for nonsense."""

from __future__ import annotations

from pathlib import Path

import pytest

from costmodel.cli import main

SCAN = ["scan", "hairnet", "--hw", "accel_1tflops", "--axis"]
STEPS = "hw.bandwidth=log(1 GB/s, 2 GB/s, 3)"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["hw.bandwidth=log(1 GB/s, 2 GB/s, ³)"], "'³' is no count"),
        (["hw.bandwidth=log(1 GB/s, 2 GB/s, " + "9" * 400 + ")"], "is no count"),
        (["hw.bandwidth=log(a, b, ³)"], "'a' is not a quantity"),
        (["arch.classes=linear(a, b, 3)"], "'a' is no number"),
        (["arch.classes=[{a: 1}]"], "'classes' gives no number"),
        (["hw.bandwidth={a: 1}"], "is not a quantity"),
        ([STEPS, "--derive", "c=[1, 2]"], "'[1, 2]' is a list"),
        ([STEPS, "--derive", "c='a'"], "''a'' is text"),
        ([STEPS, "--derive", "c=max"], "'max' is no number"),
        ([STEPS, "--derive", "c=None"], "'None' is no number"),
        ([STEPS, "--derive", "c=(-1)**0.5j"], "--derive c"),
        ([STEPS, "--where", "[1]"], "'[1]' is a list"),
        ([STEPS, "--where", "max"], "'max' is no number"),
        (
            [
                "hw.bandwidth=log(1 GB/s, 2 GB/s, 10000000)",
                "--axis",
                "hw.matrix=log(1 TFLOPS, 2 TFLOPS, 10000000)",
                "--axis",
                "hw.host=log(1 GFLOPS, 2 GFLOPS, 10000000)",
            ],
            "1000000000000000000000 points; use fewer values".replace(
                ";", "; at most 10000000000000:"
            ),
        ),
    ],
)
def test_scans_are_refused_at_once(
    capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main([*SCAN, *words]) == 2
    assert message in capsys.readouterr().err


def test_a_number_in_a_scan_file_is_a_column(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "arch: hairnet\nhw: accel_1tflops\naxes: {hw.bandwidth: [1 GB/s]}\nderive: {c: 5}\n"
    )
    assert main(["scan", str(tmp_path / "s.yaml"), "--out", str(tmp_path / "o")]) == 0


@pytest.mark.parametrize("option", ["--where", "--derive"])
def test_a_quantity_beyond_any_machine_is_told_at_its_option(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Found by broken input: the network's axes are looked for in the text before it is read."""
    text = {"--where": "total_time < 1e308 ms", "--derive": "slow=total_time * 1e308 ms"}[option]
    words = ["scan", "hairnet", "--hw", "accel_1tflops", "--axis", "batch=[1, 2, 3]", option, text]
    assert main(words) == 2
    assert "beyond any machine" in capsys.readouterr().err
