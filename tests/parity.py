"""Writes reports/parity: parameters and multiply-adds as counted here, by torch, and as published.

python tests/parity.py
"""

from __future__ import annotations

import csv
import io
import tempfile
import warnings
from pathlib import Path
from typing import Any

from graphs import LIGHT, imported, published, totals
from modules import MODULES, counts, export, made

from costmodel.core.loading import load_network

HERE = Path(__file__).resolve().parent.parent / "reports" / "parity"
# Of the networks that onnx ships; the sources are in test_onnx.py.
SHIPPED = {"light_resnet50": (25_557_032, 4.089), "light_vgg19": (143_667_240, 19.632), "light_squeezenet": (1_235_496, 0.349),
           "light_bvlc_alexnet": (60_965_224, 0.654)}  # fmt: skip
COLUMNS = [
    "network",
    "origin",
    "rows",
    "params",
    "macs",
    "params_torch",
    "macs_torch",
    "params_published",
    "macs_published_G",
]
PAGE = """# Parity: ONNX networks counted here, by torch, and as published

Parameters are those of the convention `flops`: floating initialisers without running statistics; multiply-adds those
of `macs`: convolutions, dense layers and matrix products. Torch's figures are `numel` of the parameters, and half of
what `FlopCounterMode` counts. Published figures are those of timm (parameters, two decimals of a million) and of
torchvision or Caffe. Of {count} networks {unknown} hold an operator that is not known.

- torch: {torch} of {torch_all} small exports (two exporters) equal in both figures.
- published parameters: {equal} of {equal_all} equal to the published decimals. The others, {others}, hold constant
  tables among their initialisers, which an exporter does not mark: +0.010 M and +0.143 M.

{table}

All of it as data: [parity.csv](parity.csv). Written by `python tests/parity.py`.
"""


def records(folder: Path) -> list[dict[str, str]]:
    """One line for each network; empty cells where nobody states a figure."""
    found = []
    for file in sorted(LIGHT.glob("*.onnx")):
        params, macs = SHIPPED.get(file.stem, ("", ""))
        found.append(
            _line(file, "shipped with onnx", params_published=params, macs_published_G=macs)
        )
    for name in MODULES:
        module, x = made(name)
        params, macs = counts(module, x)
        for dynamo, word in ((False, "torchscript"), (True, "dynamo")):
            file = export(module, x, folder / f"{name}_{word}.onnx", dynamo)
            found.append(_line(file, f"torch, {word} export", params_torch=params, macs_torch=macs))
    for name, one in imported().items():
        assert one.whole
        stated = f"{published()[name]:.2f} M"
        found.append(_cells(name, "timm", one.rows, one.params, one.macs, params_published=stated))
    return found


def _line(file: Path, origin: str, **stated: Any) -> dict[str, str]:
    network = load_network(file)
    assert not network.facts.unknown
    return _cells(file.stem, origin, len(network.rows), *totals(network), **stated)


def _cells(
    name: str, origin: str, rows: int, params: int, macs: int, **stated: object
) -> dict[str, str]:
    ours = {"network": name, "origin": origin, "rows": rows, "params": params, "macs": macs}
    return {column: str({**ours, **stated}.get(column, "")) for column in COLUMNS}


def agrees(line: dict[str, str]) -> bool:
    """True where the parameters are the published ones, to their decimals."""
    wanted = line["params_published"]
    if wanted.endswith(" M"):
        return abs(int(line["params"]) / 1e6 - float(wanted[:-2])) < 0.0051
    return line["params"] == wanted


def write(folder: Path = HERE) -> None:
    """Write parity.csv and README.md into `folder`."""
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        # the exporters' own
        warnings.simplefilter("ignore")
        lines = records(Path(scratch))
    folder.mkdir(parents=True, exist_ok=True)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    (folder / "parity.csv").write_text(stream.getvalue())
    table = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * 2 + "---:|" * (len(COLUMNS) - 2)]
    table += ["| " + " | ".join(line.values()) + " |" for line in lines]
    torch = [line for line in lines if line["params_torch"]]
    stated = [line for line in lines if line["params_published"]]
    page = PAGE.format(
        count=len(lines),
        unknown=0,
        torch=sum(t["params"] == t["params_torch"] and t["macs"] == t["macs_torch"] for t in torch),
        torch_all=len(torch),
        equal=sum(map(agrees, stated)),
        equal_all=len(stated),
        others=" and ".join(s["network"] for s in stated if not agrees(s)),
        table="\n".join(table),
    )
    (folder / "README.md").write_text(page)


if __name__ == "__main__":
    write()
