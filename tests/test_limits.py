"""The stated table of limits, and cells that a spreadsheet would run."""

from __future__ import annotations

import csv
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from costmodel.cli import main
from costmodel.core import attributes, counting, layer
from costmodel.errors import BadValue, InputError
from costmodel.frontends.onnx import control, proto
from costmodel.frontends.yaml import expand
from costmodel.language import arithmetic, depth, documents, expressions, json_text
from costmodel.language.harmless import cell
from costmodel.studies import scan
from costmodel.studies.calibration import kernel_table, runtime_profile
from costmodel.studies.scan import planning
from costmodel.studies.scan.running import engines, results
from costmodel.studies.scan.space import axes, samples

ROOT = Path(__file__).parent.parent
STATED = {
    "bytes of a YAML file, a `config.json`, a table of measurements": documents.MAX_BYTES,
    "bytes of a table of kernel times": kernel_table.MOST,
    "bytes of a runtime's trace": runtime_profile.MOST,
    "bytes of an ONNX file": proto.MAX_BYTES,
    "nodes of a YAML file, aliases unfolded": documents.MAX_NODES,
    "lists and mappings inside one another, in a YAML or a JSON file": depth.MAX_DEPTH,
    "characters of an expression": expressions.MAX_LENGTH,
    "characters of a text that expressions make": arithmetic.MAX_TEXT,
    "values of a list that an expression gives": expressions.MAX_ITEMS,
    "lists inside one another, in an expression": expressions.MAX_DEPTH,
    "magnitude of a number in an expression": expressions.MAX_MAGNITUDE,
    "repetitions of an item (`repeat`)": expand.MAX_REPEAT,
    "steps that all repetitions unroll to": expand.MAX_STEPS,
    "nodes that the trips of the loops of an ONNX file run": control.MOST,
    "blocks inside blocks": expand.MAX_DEPTH,
    "size of one axis of a map": attributes.MAX_SIZE,
    "elements of one map": layer.MAX_ELEMENTS,
    "any sum of counts of a network": counting.LIMIT,
    "structural combinations of a scan": planning.MAX_VARIANTS,
    "values of an axis of a scan": axes.MAX_VALUES,
    "points of a scan": planning.MAX_POINTS,
    "points of a Latin hypercube": samples.MAX_LHS,
    "points that `cm.scan` gives as a frame": scan.MAX_ROWS,
}


def test_the_table_is_the_program_s() -> None:
    rows = re.findall(
        r"^\| (.+?) \| ([\d^ -]+) \|", (ROOT / "docs/limits.md").read_text(), re.MULTILINE
    )
    shown = {what: eval(value.replace(" ", "").replace("^", "**")) for what, value in rows}
    assert shown == STATED


NESTED = {
    "brackets": "[" * 5000,
    "braces": "{a: " * 5000,
    "dashes": "- " * 5000,
    "question marks": "? " * 5000,
    "lines": "".join(f"{' ' * depth}a:\n" for depth in range(2000)),
    # 101 lists, of which the text shows two at once
    "aliases": "".join(f"- &a{n} [{f'*a{n - 1}' if n else 1}]\n" for n in range(100)),
}


@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED)
def test_yaml_is_refused_where_it_gets_too_deep(text: str) -> None:
    """At the first value too deep, whatever comes behind; a reader of all takes seconds."""
    with pytest.raises(InputError, match=r"x.yaml:\d+:\d+: is nested over 100 deep; flatten it"):
        documents.parse(text, "x.yaml")


def test_the_deepest_there_is() -> None:
    """100 lists are read, one more is refused at its place; so it is in JSON."""
    deepest = "[" * 100 + "1" + "]" * 100
    assert documents.parse(deepest, "x").plain() == json_text.parse(deepest, "x", "")
    with pytest.raises(InputError, match=r"x:1:101: is nested over 100 deep"):
        documents.parse(f"[{deepest}]", "x")
    for text in (f"[{deepest}]", "[" * 100_000, '{"a": ' * 100_000, "[" * 101 + "]" * 101):
        with pytest.raises(InputError, match="x: is nested over 100 deep"):
            json_text.parse(text, "x", "")


@pytest.mark.parametrize(
    "text", ["(" * 499 + "1" + ")" * 499, "[" * 500 + "]" * 500, "-" * 999 + "1", "1" + "+1" * 499]
)
@pytest.mark.parametrize("evaluate", [expressions.evaluate, expressions.evaluate_arrays])
def test_expressions_are_refused_where_they_get_too_deep(
    text: str, evaluate: Callable[..., Any]
) -> None:
    with pytest.raises(BadValue, match=r"is not an expression|cannot be evaluated"):
        evaluate(text, {})


@pytest.mark.parametrize("suffix", ["yaml", "json", "onnx", "csv"])
def test_a_device_without_an_end(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Read no further than the limit, and told."""
    path = tmp_path / f"x.{suffix}"
    path.symlink_to("/dev/zero")
    command = ["evaluate", str(path)] if suffix == "csv" else ["simulate", str(path)]
    assert main([*command, "--hw", "a100"]) == 2
    assert str(path) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "shown"),
    [("=HYPERLINK(1)", "'=HYPERLINK(1)"), ("+a", "'+a"), ("-a", "'-a"), ("-1.5e3", "-1.5e3"), ("-", "-"), ("@a", "'@a"), ("a=b", "a=b"), (-1.5, -1.5), ("\x1b[2J", "\\x1b[2J")],
)  # fmt: skip
def test_cells(given: object, shown: object) -> None:
    assert cell(given) == shown


def test_no_table_holds_a_formula(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row, a block and a machine that a spreadsheet would run: in every table."""
    graph = tmp_path / "x.onnx"
    size = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 8, 8])
    node = helper.make_node("Relu", ["x"], ["y"], name="=cmd|' /C calc'!A0")
    onnx.save(helper.make_model(helper.make_graph([node], "=1+1", [size], [out])), graph)
    machine = tmp_path / "m.yaml"
    shipped = (ROOT / "hwprofiles/accel_1tflops.yaml").read_text()
    machine.write_text(re.sub("(?m)^name: .*", 'name: "@SUM(1)"', shipped))
    words = ["--hw", str(machine)]
    runs = {
        "run": ["simulate", str(graph), *words, "--csv", str(tmp_path / "run.csv")],
        "pairs": ["compare", str(graph), *words, "--csv", str(tmp_path / "pairs.csv")],
    }
    for name, command in runs.items():
        assert main(command) == 0, capsys.readouterr().err
        with (tmp_path / f"{name}.csv").open() as file:
            cells = [value for row in csv.reader(file) for value in row]
        assert cells
        assert not [value for value in cells if value[:1] in "=+@" and value]
    # a scan's tables are written by the same rule
    assert results.as_csv([{"arch": "=1+1"}], ["arch"]) == b"arch\n'=1+1\n"


def test_local_dask_workers_listen_on_the_loopback() -> None:
    """Even where the usual port of Dask's pages is taken, of which nothing is said."""
    taken = socket.socket()
    # somebody else may have it already
    with suppress(OSError):
        taken.bind((engines.LOOPBACK, 8787))
        taken.listen()
    with taken, engines.executor("dask", 1, None) as pool:
        client = pool._client  # type: ignore[union-attr]
        info = client.scheduler_info()
        workers = list(info["workers"])
        nannies = [one["nanny"] for one in info["workers"].values()]
    for address in (info["address"], *workers, *nannies):
        assert address.startswith(f"tcp://{engines.LOOPBACK}:")
