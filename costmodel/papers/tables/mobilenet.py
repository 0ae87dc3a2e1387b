"""An Enhanced Hybrid MobileNet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from costmodel.papers import model
from costmodel.papers.paper import Paper, Trained
from costmodel.papers.stated import tables_of
from costmodel.papers.table import Table, read_csv

SOURCE = "H.-Y. Chen, C.-Y. Su, An Enhanced Hybrid MobileNet, 2018"
ARCHS = {"1": "mobilenet_delta", "2": "mobilenet_mp3", "3": "mobilenet_fmp"}
LINES: dict[tuple[int, str], dict[str, str]] = {
    (int(line["paper_table"]), "delta {delta}, alpha {alpha}, CIFAR-{classes}".format(**line)): line
    for line in read_csv("mobilenet")
}
"""By table and setting."""


def _settings(line: Mapping[str, str]) -> dict[str, Any]:
    """The variables that a line stands for."""
    alpha, delta, classes = float(line["alpha"]), int(line["delta"]), int(line["classes"])
    return {"alpha": alpha, "delta": delta, "classes": classes}


def _ours(quantity: str, line: Mapping[str, str]) -> int:
    """Our parameters, or multiply-adds per sample, of a line's setting [count]."""
    arch, settings = ARCHS[line["architecture_table"]], _settings(line)
    if quantity == "million parameters":
        return model.params(arch, "keras", **settings)
    return model.macs(arch, **settings)


def change(quantity: str, table: int, setting: str) -> float:
    """Our figure of a setting against that of the baseline of its data set [%]."""
    ours, base = (_ours(quantity, line) for line in _against_baseline(table, setting))
    return 100 * (ours / base - 1)


def printed_change(quantity: str, table: int, setting: str) -> float:
    """The change that follows from the printed figures, against the same baseline [%]."""
    key = "million_params" if quantity == "million parameters" else "million_mult_adds"
    printed, base = (float(line[key]) for line in _against_baseline(table, setting))
    return 100 * (printed / base - 1)


def _against_baseline(table: int, setting: str) -> tuple[dict[str, str], dict[str, str]]:
    """The printed line of a setting, and that of the baseline of its data set."""
    data_set = setting.rsplit(", ", 1)[1]
    return LINES[table, setting], LINES[4, f"delta 1, alpha 1, {data_set}"]


class MobilenetPaper(Paper):
    """Depthwise multipliers and fractional max-pooling in MobileNet."""

    source: ClassVar[str] = SOURCE
    tables: ClassVar[tuple[type[Table], ...]] = tables_of(
        "mobilenet", {"change": change, "printed_change": printed_change}
    )

    def trained(self) -> list[Trained]:
        """Every setting on CIFAR-10 and on CIFAR-100."""
        return [
            Trained(
                f"cifar{line['classes']}",
                f"{line['variant']} d{line['delta']} a{line['alpha']}",
                ARCHS[line["architecture_table"]],
                _settings(line),
                float(line["accuracy_pct"]),
                f"{SOURCE}, Table {table}",
            )
            for (table, _), line in LINES.items()
        ]
