"""Parameters of imported rows: each initialiser counted once, and moved wherever it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from onnx import GraphProto, TensorProto

from costmodel.core.part import Constants
from costmodel.core.tally import Tally
from costmodel.frontends.onnx.beside import Beside
from costmodel.frontends.onnx.constants import contents, stored
from costmodel.frontends.onnx.node import OnnxNode, Work
from costmodel.frontends.onnx.unlearnt import ADDED, filled, made_by_code, unlearnt
from costmodel.frontends.onnx.values import Origin, Value
from costmodel.language.dtypes import size_of


class Parameters:
    """What a training framework would hold: weights, no index tables, masks or statistics."""

    def __init__(self, graph: GraphProto, folder: Path) -> None:
        self.stored = stored(graph)
        """True where weights are initialisers; else the exporter wrote them as Constant nodes."""
        self.beside = Beside(folder)
        norms = (node for node in graph.node if node.op_type == "BatchNormalization")
        self.statistics = frozenset(name for node in norms for name in node.input[3:5])
        """Running means and variances; exporters let scales and shifts of one value share them."""
        self.again = False
        """True in the second and further trips of a loop, whose weights are counted."""
        self.sizes: dict[str, int] = {}
        """[elements] by initialiser."""
        self.tensors: dict[str, TensorProto] = {}
        """The initialisers whose contents may be looked at."""
        self.seen: set[str] = set()
        self.blank = 0
        """[elements] of ones and zeros, counted, that an exporter may have added."""
        self.doubtful: dict[str, int] = {}
        """[elements] of initialisers that may be tables, and whose contents the file lacks."""
        self._unlearnt: dict[str, bool | None] = {}

    def count(self, node: OnnxNode, work: Work) -> Constants:
        """The parameters that this row is the first to use, and what it moves of constants."""
        fresh, floats, fixed = dict[int, int](), 0, 0
        sources: set[str] = set()
        tensors = False
        for position, value in enumerate(node.inputs):
            if value is None or value.origin is None:
                continue
            statistic = position in work.statistics
            named = statistic or position in work.weights
            if named or not (position in work.aside or position in work.tables):
                fresh[position] = self._fresh(value, value.origin, named, statistic)
                if fresh[position] and position in work.packed:
                    fresh[position] = work.packed[position]
            if position in work.aside:
                continue
            held = bool(value.origin.weights) and len(value.shape) > 0
            tensors |= value.floating and (held or value.elements > 1)
            if value.elements > 1:
                sources |= value.origin.weights
                moved = work.moved(position, value.elements)
                floats += moved if value.bits is None else 0
                fixed += size_of(moved, value.bits) if value.bits is not None else 0
        return Constants(_counted(work, fresh), floats, fixed, frozenset(sources), tensors)

    def _fresh(self, value: Value, origin: Origin, named: bool, statistic: bool) -> int:
        """Elements of the weights behind a constant that no row counted yet."""
        if not (value.floating or named):
            return 0
        unseen = origin.weights - self.seen
        if not unseen and not origin.literal:
            return 0
        new = [name for name in unseen if not made_by_code(name)]
        if not named:
            new = [name for name in new if not self._table(name, value)]
        elif not statistic:
            new = [name for name in new if name not in self.statistics]
        self.seen.update(new)
        blank = {name for name in new if self._filled(name, value)}
        if named:
            new = [name for name in new if name not in blank]
        self.blank += sum(self.sizes.get(name, 0) for name in blank.intersection(new))
        if named and origin.literal and not self.stored and not self.again:
            added = value.data is not None and filled(value.name, value.data)
            return 0 if added else value.elements
        return sum(self.sizes.get(name, 0) for name in new)

    def _table(self, name: str, value: Value) -> bool:
        """True for an initialiser that nobody learnt; notes those that cannot be told."""
        if self.sizes.get(name, 0) <= 1 and "." not in name:
            # a scalar; one that a module of the network holds is led by the module's name
            return True
        if name not in self._unlearnt:
            held = self._contents(name)
            self._unlearnt[name] = None if held is None else unlearnt(held)
        known = self._unlearnt[name]
        if known is None and sum(size > 1 for size in value.shape) > 1:
            self.doubtful[name] = self.sizes.get(name, 0)
        return bool(known)

    def _filled(self, name: str, value: Value) -> bool:
        """True for an initialiser, or a constant, that the exporter filled with ones or zeros."""
        if ADDED.fullmatch(name) is None:
            return False
        held = value.data if value.name == name else self._contents(name)
        return held is not None and filled(name, held)

    def _contents(self, name: str) -> Any:
        """What an initialiser holds; None where it is not known."""
        tensor = self.tensors.get(name)
        return None if tensor is None else contents(tensor, self.beside)


def _counted(work: Work, fresh: dict[int, int]) -> Tally:
    """These parameters under their names, those of a batch norm under their own."""
    if work.statistics:
        places = (*work.weights, *work.statistics)
        scale, shift, mean, variance = (fresh.get(position, 0) for position in places)
        return Tally(bn_scale=scale, bn_shift=shift, bn_mean=mean, bn_variance=variance)
    biases = fresh.pop(work.bias, 0) if work.bias is not None else 0
    return Tally(weights=sum(fresh.values()), biases=biases)
