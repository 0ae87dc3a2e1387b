"""HairNet: The Thinned Convolutional Network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from costmodel.papers import model, pictures
from costmodel.papers.paper import Paper
from costmodel.papers.table import Cell, Contradiction, Explanation, Table, read_csv
from costmodel.report.numbers import count, short
from costmodel.studies.records import layer_records

SOURCE = "H. Jansma, HairNet: The Thinned Convolutional Network, 2020"
TIMES = ("transfer_time_s", "compute_time_s", "total_time_s")
SIZES = ("in_map_MB", "out_map_MB", "param_MB")
PLACES = ("in_map_loc", "out_map_loc", "param_loc")


class Appendix(Table):
    """66 rows of ten figures each, compared digit by digit in the paper's own number format."""

    name: ClassVar[str] = "hairnet_appendix"
    title: ClassVar[str] = "HairNet, Appendix: sizes, ops, places and times of 66 rows"
    source: ClassVar[str] = f"{SOURCE}, Appendix"
    explanations: ClassVar[tuple[Explanation, ...]] = (
        Explanation(
            "The paper takes a quarter of the 7x7 map (12.25 elements per channel); a 2x2 pool "
            "gives 3x3, and shapes are whole numbers.",
            covers=lambda cell: (cell.row, cell.column) == ("64 max_pool", "out_map_MB"),
            figure=lambda cell: 7 * 7 / 4 * 1000 * 4 / 1e6,
        ),
    )

    def cells(self) -> Iterator[Cell]:
        """Published strings beside ours, printed as the paper prints."""
        ours = layer_records(model.run("hairnet"))
        for number, (row, record) in enumerate(
            zip(read_csv("hairnet_appendix"), ours, strict=True), start=1
        ):
            label = f"{number} {row['layer_name']}"
            yield Cell(label, "layer_name", row["layer_name"], record["layer_name"])
            for column in (*SIZES, "ops", *PLACES, *TIMES):
                value = record[column]
                shown = value if column in PLACES else (count if column == "ops" else short)(value)
                yield Cell(label, column, row[column], value, shown)


def _stage(cell: Cell) -> tuple[int, int]:
    """(repetitions, filters) of a stage of Table 1."""
    _, times, filters = cell.row.rsplit(" ", 2)
    return int(times.strip("x")), int(filters)


class Table1(Table):
    """Parameters of the six stages."""

    name: ClassVar[str] = "hairnet_table1"
    title: ClassVar[str] = "HairNet, Table 1: parameters per stage"
    source: ClassVar[str] = f"{SOURCE}, Table 1"
    explanations: ClassVar[tuple[Explanation, ...]] = (
        Explanation(
            "The stages of three repetitions leave out two batch norms of N channels "
            "(one repetition's): ours - 2 * 2N.",
            covers=lambda cell: _stage(cell)[0] == 3,
            figure=lambda cell: float(cell.value) - 2 * 2 * _stage(cell)[1],
        ),
        Explanation(
            "The printed figure is this stage with 1024 filters, although the table and the "
            "Appendix say 1000.",
            covers=lambda cell: _stage(cell)[1] == 1000,
            figure=lambda cell: stage_params("stage5", last=1024),
        ),
    )

    def cells(self) -> Iterator[Cell]:
        """The stages that print a parameter count."""
        blocks = iter(["conv_bn_relu", "stage1", "stage2", "stage3", "stage4", "stage5"])
        for row in read_csv("hairnet_table1"):
            if row["published_params"]:
                label = f"{row['stage']} x{row['repetitions']} {row['filters']}"
                yield Cell(label, "params", row["published_params"], stage_params(next(blocks)))


def stage_params(block: str, **settings: Any) -> int:
    """Parameters of one stage of Table 1's network [count]."""
    workload = model.run("hairnet_table1", **settings).workload
    return sum(
        int(n) for row, n in zip(workload.rows, workload.params, strict=True) if row.block == block
    )


class Claims(Table):
    """What the text says in figures."""

    name: ClassVar[str] = "hairnet_claims"
    title: ClassVar[str] = "HairNet, headline claims"
    source: ClassVar[str] = f"{SOURCE}, abstract, sections 3.3 to 5"
    contradictions: ClassVar[tuple[Contradiction, ...]] = (
        Contradiction(
            "A dense layer of 1000 x 1000 with bias on top of 2.4 M parameters makes 1.41 times "
            "as many; no reading of section 3.3 found so far gives 1.3.",
            covers=lambda cell: "dense layer added" in cell.row,
        ),
    )

    def cells(self) -> Iterator[Cell]:
        """Time per image, parameters, and the comparison with AlexNet."""
        hairnet, alexnet = model.params("hairnet"), model.params("alexnet")
        head = [
            int(n)
            for row, n in zip(
                model.run("alexnet").workload.rows,
                model.run("alexnet").workload.params,
                strict=True,
            )
            if row.block == "dense"
        ]
        yield Cell("section 5: time per image", "s", "0.177", model.run("hairnet").total_time)
        yield Cell("Table 1: parameters", "million", "2.4", hairnet / 1e6)
        yield Cell("abstract: share of AlexNet's parameters", "%", "4", 100 * hairnet / alexnet)
        yield Cell("section 3.3: AlexNet's parameters", "million", "62", alexnet / 1e6)
        dense = model.params("hairnet_table1", dense=True) / model.params("hairnet_table1")
        yield Cell("section 3.3: parameters with a dense layer added", "times", "1.3", dense)
        slowest = model.run("hairnet")
        first = slowest.workload.rows[int(slowest.result.total.argmax())].name
        yield Cell("section 5: slowest operation", "row", "BN_RELU", first)
        yield Cell("section 3.3: of them in dense layers", "million", "58.63", sum(head) / 1e6)


class HairNet(Paper):
    """The network with its Appendix: sizes, operations, places and times of 66 rows."""

    source: ClassVar[str] = SOURCE
    tables: ClassVar[tuple[type[Table], ...]] = (Appendix, Table1, Claims)

    def pictures(self, folder: Path) -> None:
        """The Appendix's run."""
        pictures.of_run(folder, model.run("hairnet"))
