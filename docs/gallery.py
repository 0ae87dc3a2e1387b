"""The gallery: each picture is drawn by the command above it, when the site is built."""

from __future__ import annotations

import contextlib
import io
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from costmodel.cli import main


class Picture(NamedTuple):
    """A picture, what is seen in it, and the command that draws it into a folder `out`."""

    title: str
    seen: str
    command: str
    file: str
    """Of those in the folder."""


PICTURES = (
    Picture(
        "Roofline",
        "Each row by its operations per byte, under the roofs of the matrix engine and the host.",
        "simulate hairnet --hw accel_1tflops --plot out/roofline.png",
        "roofline.png",
    ),
    Picture(
        "Time per row",
        "What each row waits for, in the order of execution.",
        "simulate hairnet --hw accel_1tflops --plot out/time.png",
        "time.png",
    ),
    Picture(
        "Timeline",
        "A DMA engine that fetches parameters ahead while the bus would idle.",
        "simulate mobilenet_v2 --hw raspberry_pi_5 --timing pipelined --placement resident "
        "--plot out/timeline.png",
        "timeline.png",
    ),
    Picture(
        "Memory map",
        "Addresses over the run: maps are placed where an earlier one is dead.",
        "simulate hairnet --hw accel_1tflops --placement resident --plot out/memory.png",
        "memory.png",
    ),
    Picture(
        "Memories inside one another",
        "What crosses between them, as wide as the root of the bytes, coloured by energy.",
        "simulate mobilenet_v2 --hw edge_npu --plot out/levels.png",
        "levels.png",
    ),
    Picture(
        "Traffic against memory",
        "Bytes over the bus for every size of the on-chip memory; the floor, and the knee.",
        "slope hairnet --hw accel_1tflops --plot out",
        "slope.png",
    ),
    Picture(
        "Machines side by side",
        "Measured machines have intervals; the others say that they have none.",
        "compare mobilenet_v2 shufflenet_v2 --hw rtx3090_measured i9_10940x_measured a100 "
        "raspberry_pi_5 --plot out",
        "compare.png",
    ),
    Picture(
        "A design space",
        "Time over bandwidth and arithmetic rate, and where another resource binds.",
        "scan hairnet --hw accel_1tflops --axis 'hw.bandwidth=log(100 MB/s, 100 GB/s, 100)' "
        "--axis 'hw.matrix=log(1 GFLOPS, 10 TFLOPS, 100)' --plot --out out",
        "heat.png",
    ),
    Picture(
        "Two variables of a network",
        "The depth of a network and the batch instead of the machine's figures.",
        "scan resnet_cifar --hw raspberry_pi_5 --axis 'arch.n=[1, 2, 3, 5, 7]' "
        "--axis 'batch=[1, 2, 4, 8, 16]' --plot --out out",
        "heat.png",
    ),
    Picture(
        "Sensitivity",
        "The total with each figure of the machine halved and doubled.",
        "sensitivity hairnet --hw accel_1tflops --plot out",
        "tornado.png",
    ),
    Picture(
        "Serving a language model",
        "Tokens per second against the time of a token, batch by batch, on two machines.",
        "generate llama-3.1-8b --hw h100_measured --hw h200 --prompt 1024 --generate 256 "
        "--plot out",
        "trade.png",
    ),
)  # fmt: skip


def write(folder: Path) -> None:
    """The page and its pictures."""
    lines = [
        "# Gallery",
        "",
        "Each picture is drawn by the command above it, when the pages are built; `out` is some",
        "folder.",
    ]
    (folder / "gallery").mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(PICTURES):
        name = f"gallery/{number:02}_{picture.file}"
        draw(picture, folder / name)
        shown = f"    costmodel {picture.command}"
        lines += ["", f"## {picture.title}", "", picture.seen, "", shown, ""]
        lines += [f"![{picture.title}]({name})"]
    (folder / "gallery.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def draw(picture: Picture, target: Path) -> None:
    """Run the command, and keep its picture."""
    with tempfile.TemporaryDirectory() as name:
        out = str(Path(name) / "out")
        words = [
            word.replace("out", out, 1) if word.startswith("out") else word
            for word in shlex.split(picture.command)
        ]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            code = main(words)
        if code:
            raise RuntimeError(f"costmodel {picture.command}: exit code {code}")
        shutil.copy(Path(out) / picture.file, target)
