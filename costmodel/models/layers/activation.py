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

    per_element: ClassVar[dict[str, int]] = {}
    """Operations of one element, by their Tally name, as the head of each class states them."""
    examples = (Example({}, ((3, 4, 5),)), Example({}, ((10,),)))

    def __init_subclass__(cls, kind: str = "", **per_element: int) -> None:
        """Keep what the head of the class states; a class may state it in its body instead."""
        super().__init_subclass__()
        if kind:
            cls.kind, cls.per_element = kind, per_element

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """`per_element` times the elements."""
        size = elements(inputs)
        work = {name: count * size for name, count in self.per_element.items()}
        return Tally.of(inputs, outputs, **work)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """The torch.nn module of the same name, however that is written."""
        word = self.kind.replace("_", "")
        return next(getattr(torch.nn, name) for name in dir(torch.nn) if name.lower() == word)()


class Relu(Elementwise, kind="relu", compares=1):
    """max(x, 0): one comparison per element."""

    source = "Nair & Hinton 2010"


class Relu6(Elementwise, kind="relu6", compares=2):
    """min(max(x, 0), 6): two comparisons per element."""

    source = "Sandler et al. 2018, MobileNetV2"


class LeakyRelu(Elementwise, kind="leaky_relu", compares=1, muls=1):
    """x, or a fixed share of it below zero: a comparison and a product per element."""

    source = "Maas et al. 2013"


class Elu(Elementwise, kind="elu", compares=1, exps=1, adds=1):
    """x, or exp(x) - 1 below zero: a comparison, an exponential and an addition per element."""

    source = "Clevert et al. 2015 (arXiv 1511.07289)"


class HardSigmoid(Elementwise, kind="hard_sigmoid", adds=1, compares=2, muls=1):
    """min(max(x + 3, 0), 6) / 6: an addition, two comparisons and a product per element."""

    source = "Howard et al. 2019, MobileNetV3 (arXiv 1905.02244), section 5.2"


class HardSwish(Elementwise, kind="hard_swish", adds=1, compares=2, muls=2):
    """x * min(max(x + 3, 0), 6) / 6: an addition, two comparisons, two products per element."""

    source = "Howard et al. 2019, MobileNetV3 (arXiv 1905.02244), section 5.2"


class Sigmoid(Elementwise, kind="sigmoid", exps=1, adds=1, divs=1):
    """1 / (1 + exp(-x)): one exponential, addition and division per element."""

    source = "logistic function"


class Silu(Elementwise, kind="silu", exps=1, adds=1, divs=1, muls=1):
    """x * sigmoid(x): the sigmoid's exponential, addition and division, and a product."""

    source = "Elfwing et al. 2018; Ramachandran et al. 2017 (swish)"


class Tanh(Elementwise, kind="tanh", exps=1, muls=1, adds=2, divs=1):
    """(e - 1) / (e + 1) with e = exp(2 x): an exponential, a product, two additions, a division."""

    source = "hyperbolic tangent"


class Gelu(Elementwise, kind="gelu", muls=3, adds=1, exps=1):
    """x / 2 * (1 + erf(x / sqrt 2)): three products, an addition, and erf as one exponential."""

    source = "Hendrycks & Gimpel 2016 (arXiv 1606.08415)"


class Softmax(Elementwise, kind="softmax", exps=1, adds=1, divs=1):
    """exp(x) / sum exp(x): one exponential, addition and division per class."""

    routine = "norm"
    precision = "widens"
    across = True
    reads = "row_major"
    source = "HairNet Appendix, row SoftMax: 3 operations per class"

    def vectors(self, inputs: Shapes) -> int:
        """One for each run of the last axis."""
        return prod(inputs[0][:-1])

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.Softmax over the channel axis."""
        return torch.nn.Softmax(dim=1)


@dataclass(frozen=True)
class Dropout(Elementwise, kind="dropout"):
    """Dropout at inference: the identity, so its output is its input's memory."""

    source = "Srivastava et al. 2014"
    view = True

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
