"""ONNX graphs for the tests: the 100 exports of the calibration set, those onnx ships, and hand-made ones.

graphs.tar.xz and networks.csv come from the timm project (pytorch-image-models, Apache-2.0): 100 image networks
exported at batch 1, operator set 17, their weights left out, with the parameters that timm publishes [millions].
"""

from __future__ import annotations

import atexit
import csv
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from costmodel.core.loading import load_network
from costmodel.core.network import Network
from costmodel.studies.simulation import simulate

DATA = Path(__file__).parent / "data"
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


def unpack(folder: Path) -> list[Path]:
    """The 100 exports, unpacked into `folder`."""
    with tarfile.open(DATA / "graphs.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return sorted((folder / "graphs").glob("*.onnx"))


@cache
def unpacked() -> Path:
    """A folder that holds the 100 exports under graphs/, the same for a whole session."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    unpack(folder)
    return folder


@dataclass(frozen=True)
class Imported:
    """What came of one export."""

    rows: int
    params: int
    macs: int
    whole: bool
    """No unknown operator, no size left open."""


@cache
def imported() -> dict[str, Imported]:
    """The 100 exports, imported once per session: ten seconds."""
    found = {}
    for file in sorted((unpacked() / "graphs").glob("*.onnx")):
        network = load_network(file)
        whole = all(size > 0 for row in network.rows for shape in row.outputs for size in shape)
        rows = len(network.rows)
        found[file.stem] = Imported(rows, *totals(network), whole and not network.facts.unknown)
    return found


def published() -> dict[str, float]:
    """Published parameters of the 100 exports [millions, two decimals]."""
    with (DATA / "networks.csv").open() as stream:
        return {row["network"]: float(row["params_M"]) for row in csv.DictReader(stream)}


def totals(network: Network) -> tuple[int, int]:
    """Parameters and multiply-adds of one run of a network."""
    held = [tally for row in network.rows for tally in row.counted]
    macs = sum(part.tally.macs for row in network.rows for part in row.parts)
    return sum(tally.moved_params for tally in held), macs * network.samples


def weight(name: str, *shape: int, kind: type = np.float32) -> TensorProto:
    """An initialiser of zeros."""
    return numpy_helper.from_array(np.zeros(shape, dtype=kind), name)


def write(
    path: Path,
    nodes: list[Any],
    inputs: Mapping[str, tuple[int, list[Any]]],
    outputs: list[str],
    weights: tuple[TensorProto, ...] = (),
    opset: int = 17,
    domains: tuple[str, ...] = (),
) -> Path:
    """A model of `nodes` without any stated shapes but those of its inputs."""
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info(n, *t) for n, t in inputs.items()],
        [helper.make_empty_tensor_value_info(n) for n in outputs],
        initializer=list(weights),
    )
    sets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    path.write_bytes(helper.make_model(graph, opset_imports=sets).SerializeToString())
    return path


def chain(path: Path, count: int) -> Path:
    """A chain of `count` nodes: Relu, and Add of a weight."""
    nodes = [
        helper.make_node("Relu", [f"t{n}"], [f"t{n + 1}"], name=f"n{n}")
        if n % 2
        else helper.make_node("Add", [f"t{n}", "w"], [f"t{n + 1}"], name=f"n{n}")
        for n in range(count)
    ]
    return write(path, nodes, {"t0": (TensorProto.FLOAT, [1, 8])}, [f"t{count}"], (weight("w", 8),))


def rows(file: Path) -> dict[str, tuple[int, int, int]]:
    """Parameters, multiply-adds and parameter bytes of each row by its name."""
    done = simulate(str(file), "accel_1tflops")
    return {
        row.name: (int(p), int(m), int(b))
        for row, p, m, b in zip(
            done.workload.rows,
            done.workload.params,
            done.workload.macs,
            done.workload.param_bytes,
            strict=True,
        )
    }


def conv(*names: str, **attributes: Any) -> Any:
    """A convolution of what `names` says, called c, that gives y."""
    return helper.make_node("Conv", list(names), ["y"], name="c", **attributes)


def bits(shape: list[int], kind: int) -> dict[str, tuple[int, list[Any]]]:
    """One input, x, of elements of `kind`."""
    return {"x": (kind, shape)}
