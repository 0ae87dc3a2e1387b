"""Activations: elementwise functions, softmax, and dropout (which inference passes through)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from costmodel.core.attributes import number
from costmodel.core.layer import Example, Layer
from costmodel.core.tally import Shape, Shapes, Tally, elements
from costmodel.errors import BadValue


class Elementwise(Layer):
    """Shared by activations: one output element per input element, the same work for each."""

    in_place = True

    per_element: ClassVar[dict[str, int]]
    """Operations of one element, by their Tally name."""
    examples = (Example({}, ((3, 4, 5),)), Example({}, ((10,),)))

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """`per_element` times the elements."""
        size = elements(inputs)
        work = {name: count * size for name, count in self.per_element.items()}
        return Tally.of(inputs, outputs, **work)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """The torch.nn module of the same name, however that is written."""
        word = self.kind.replace("_", "")
        return next(getattr(torch.nn, name) for name in dir(torch.nn) if name.lower() == word)()


class Relu(Elementwise):
    """max(x, 0): one comparison per element."""

    kind = "relu"
    source = "Nair & Hinton 2010"
    per_element: ClassVar[dict[str, int]] = {"compares": 1}


class Relu6(Elementwise):
    """min(max(x, 0), 6): two comparisons per element."""

    kind = "relu6"
    source = "Sandler et al. 2018, MobileNetV2"
    per_element: ClassVar[dict[str, int]] = {"compares": 2}


class LeakyRelu(Elementwise):
    """x, or a fixed share of it below zero: a comparison and a product per element."""

    kind = "leaky_relu"
    source = "Maas et al. 2013"
    per_element: ClassVar[dict[str, int]] = {"compares": 1, "muls": 1}


class Elu(Elementwise):
    """x, or exp(x) - 1 below zero: a comparison, an exponential and an addition per element."""

    kind = "elu"
    source = "Clevert et al. 2015 (arXiv 1511.07289)"
    per_element: ClassVar[dict[str, int]] = {"compares": 1, "exps": 1, "adds": 1}


class HardSigmoid(Elementwise):
    """min(max(x + 3, 0), 6) / 6: an addition, two comparisons and a product per element."""

    kind = "hard_sigmoid"
    source = "Howard et al. 2019, MobileNetV3 (arXiv 1905.02244), section 5.2"
    per_element: ClassVar[dict[str, int]] = {"adds": 1, "compares": 2, "muls": 1}


class HardSwish(Elementwise):
    """x * min(max(x + 3, 0), 6) / 6: an addition, two comparisons, two products per element."""

    kind = "hard_swish"
    source = "Howard et al. 2019, MobileNetV3 (arXiv 1905.02244), section 5.2"
    per_element: ClassVar[dict[str, int]] = {"adds": 1, "compares": 2, "muls": 2}


class Sigmoid(Elementwise):
    """1 / (1 + exp(-x)): one exponential, addition and division per element."""

    kind = "sigmoid"
    source = "logistic function"
    per_element: ClassVar[dict[str, int]] = {"exps": 1, "adds": 1, "divs": 1}


class Silu(Elementwise):
    """x * sigmoid(x): the sigmoid's exponential, addition and division, and a product."""

    kind = "silu"
    source = "Elfwing et al. 2018; Ramachandran et al. 2017 (swish)"
    per_element: ClassVar[dict[str, int]] = {"exps": 1, "adds": 1, "divs": 1, "muls": 1}


class Tanh(Elementwise):
    """(e - 1) / (e + 1) with e = exp(2 x): an exponential, a product, two additions, a division."""

    kind = "tanh"
    source = "hyperbolic tangent"
    per_element: ClassVar[dict[str, int]] = {"exps": 1, "muls": 1, "adds": 2, "divs": 1}


class Gelu(Elementwise):
    """x / 2 * (1 + erf(x / sqrt 2)): three products, an addition, and erf as one exponential."""

    kind = "gelu"
    source = "Hendrycks & Gimpel 2016 (arXiv 1606.08415)"
    per_element: ClassVar[dict[str, int]] = {"muls": 3, "adds": 1, "exps": 1}


class Softmax(Elementwise):
    """exp(x) / sum exp(x): one exponential, addition and division per class."""

    kind = "softmax"
    routine = "norm"
    precision = "widens"
    across = True
    reads = "row_major"
    source = "HairNet Appendix, row SoftMax: 3 operations per class"
    per_element: ClassVar[dict[str, int]] = {"exps": 1, "adds": 1, "divs": 1}

    def vectors(self, inputs: Shapes) -> int:
        """One for each run of the last axis."""
        return prod(inputs[0][:-1])

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.Softmax over the channel axis."""
        return torch.nn.Softmax(dim=1)


@dataclass(frozen=True)
class Dropout(Elementwise):
    """Dropout at inference: the identity, so its output is its input's memory."""

    kind = "dropout"
    source = "Srivastava et al. 2014"
    view = True
    per_element: ClassVar[dict[str, int]] = {}

    rate: float = number(0.5)


class Glu(Layer):
    """silu(a) b on [tokens, a and b side by side]: what stands between a gated network's layers."""

    kind = "glu"
    source = "Shazeer 2020, GLU Variants Improve Transformer (arXiv 2002.05202)"
    across = True
    examples = (Example({}, ((5, 8),)),)

    def out_shape(self, *inputs: Shape) -> Shape:
        """[..., half of the features]."""
        if inputs[0][-1] % 2:
            raise BadValue(f"{inputs[0][-1]} features have no halves", "give an even number")
        return (*inputs[0][:-1], inputs[0][-1] // 2)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """x / (1 + exp(-x)) and a product for each output."""
        count = elements(outputs)
        return Tally.of(inputs, outputs, exps=count, adds=count, divs=count, muls=count)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """silu of the first half by the second."""

        def gated(x: Any) -> Any:
            gate, up = x.chunk(2, dim=-1)
            return torch.nn.functional.silu(gate) * up

        return gated
