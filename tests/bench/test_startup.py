"""Whole processes beside the least that any such process must do."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "costmodel"]
MAIN_JOB = [*COMMAND, "simulate", "hairnet", "--hw", "accel_1tflops"]
IMPORTS = [sys.executable, "-c", "import numpy, networkx; from pydantic import BaseModel"]


def process(benchmark: Any, command: list[str]) -> None:
    """Time `command` from start to exit; its output is thrown away."""
    benchmark.pedantic(
        lambda: subprocess.run(command, check=True, capture_output=True), rounds=15, warmup_rounds=2
    )


@pytest.mark.benchmark(group="start-up: costmodel --help against python -c pass")
@pytest.mark.parametrize(
    "command", [[sys.executable, "-c", "pass"], [*COMMAND, "--help"]], ids=["pass", "help"]
)
def test_help(benchmark: Any, command: list[str]) -> None:
    process(benchmark, command)


@pytest.mark.benchmark(group="start-up: the main job against importing its dependencies")
@pytest.mark.parametrize("command", [IMPORTS, MAIN_JOB], ids=["imports", "main-job"])
def test_main_job(benchmark: Any, command: list[str]) -> None:
    process(benchmark, command)
