"""Recurrent layers: the same cell at each step of a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from costmodel.core.attributes import flag, one_of, whole
from costmodel.core.layer import Example, MatrixLayer
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.core.tiling.nest import Contraction, Nest, Sweep
from costmodel.errors import BadValue

GATES = {"lstm": 4, "gru": 3, "rnn": 1}


@dataclass(frozen=True)
class Recurrent(MatrixLayer):
    """LSTM, GRU or plain cell of `hidden` units on [steps, ..., features].

    Each step takes two products, of the input and of the state, to all gates; a gate takes an
    exponential and a product with the state.
    """

    kind = "recurrent"
    routine = "dense"
    reads = "row_major"
    writes = "row_major"
    source = "Hochreiter & Schmidhuber 1997; Cho et al. 2014 (arXiv 1406.1078)"
    arity = (1, None)

    cell: str = one_of(GATES, "cell")
    hidden: int = whole()
    bidirectional: bool = flag(False)
    bias: bool = flag(True)

    examples = (
        Example({"cell": "lstm", "hidden": 4}, ((5, 3),)),
        Example({"cell": "gru", "hidden": 4, "bidirectional": True, "bias": False}, ((5, 3),)),
    )

    @property
    def directions(self) -> int:
        """Passes over the sequence, each with weights of its own."""
        return 2 if self.bidirectional else 1

    def out_shape(self, *inputs: Shape) -> Shape:
        """[steps, ..., directions * hidden]."""
        if len(inputs[0]) < 2:
            raise BadValue(f"recurrent needs [steps, features], got {list(inputs[0])}", "add steps")
        return (*inputs[0][:-1], self.directions * self.hidden)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Weights (features + hidden) gates hidden in each direction, used once per step."""
        gates = GATES[self.cell] * self.hidden
        weights = self.directions * (inputs[0][-1] + self.hidden) * gates
        steps = prod(inputs[0][:-1])
        work = steps * self.directions * gates
        biases = 2 * self.directions * gates if self.bias else 0
        counts = {"macs": steps * weights, "exps": work, "muls": work}
        return Tally.of(inputs, outputs, **counts, weights=weights, biases=biases)

    def contractions(self, inputs: Shapes, samples: int) -> tuple[Contraction, ...]:
        """The input's product with all gates over all steps, and the state's step by step.

        The state is what the step before has made, so that its weights meet one step at a time.
        """
        (steps, *many), features = inputs[0][:-1], inputs[0][-1]
        gates, at_once = GATES[self.cell] * self.hidden, prod(many) * samples
        ahead = Nest(self.directions * gates, features, (Sweep(steps * at_once),))
        each = Nest(gates, self.hidden, (Sweep(at_once),), 1, self.directions * steps)
        return (
            Contraction(ahead, output="chip"),
            Contraction(each, "chip" if steps == 1 else "state"),
        )

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Torch's module of the same name, its state left out."""
        cell, sizes = getattr(torch.nn, self.cell.upper()), (inputs[0][-1], self.hidden)
        module = type("Output", (torch.nn.Module,), {"forward": lambda self, x: self.cell(x)[0]})()
        passes = {"batch_first": True, "bidirectional": self.bidirectional}
        module.cell = cell(*sizes, bias=self.bias, **passes)
        return module
