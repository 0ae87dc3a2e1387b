"""Further activations: elementwise, without parameters."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.layers.activation import Elementwise
from costmodel.tally import Shapes


class Gelu(Elementwise):
    """x / 2 * (1 + erf(x / sqrt 2)): three products, an addition, and erf as one exponential."""

    kind: ClassVar[str] = "gelu"
    source: ClassVar[str] = "Hendrycks & Gimpel 2016 (arXiv 1606.08415)"
    per_element: ClassVar[dict[str, int]] = {"muls": 3, "adds": 1, "exps": 1}
    torch_name: ClassVar[str] = "GELU"


class Silu(Elementwise):
    """x * sigmoid(x): the sigmoid's exponential, addition and division, and a product."""

    kind: ClassVar[str] = "silu"
    source: ClassVar[str] = "Elfwing et al. 2018; Ramachandran et al. 2017 (swish)"
    per_element: ClassVar[dict[str, int]] = {"exps": 1, "adds": 1, "divs": 1, "muls": 1}
    torch_name: ClassVar[str] = "SiLU"


class Tanh(Elementwise):
    """(e - 1) / (e + 1) with e = exp(2 x): an exponential, a product, two additions, a division."""

    kind: ClassVar[str] = "tanh"
    source: ClassVar[str] = "hyperbolic tangent"
    per_element: ClassVar[dict[str, int]] = {"exps": 1, "muls": 1, "adds": 2, "divs": 1}
    torch_name: ClassVar[str] = "Tanh"


class LeakyRelu(Elementwise):
    """x, or a fixed share of it below zero: a comparison and a product per element."""

    kind: ClassVar[str] = "leaky_relu"
    source: ClassVar[str] = "Maas et al. 2013"
    per_element: ClassVar[dict[str, int]] = {"compares": 1, "muls": 1}
    torch_name: ClassVar[str] = "LeakyReLU"


class HardSigmoid(Elementwise):
    """min(max(x + 3, 0), 6) / 6: an addition, two comparisons and a product per element."""

    kind: ClassVar[str] = "hard_sigmoid"
    source: ClassVar[str] = "Howard et al. 2019, MobileNetV3 (arXiv 1905.02244), section 5.2"
    per_element: ClassVar[dict[str, int]] = {"adds": 1, "compares": 2, "muls": 1}
    torch_name: ClassVar[str] = "Hardsigmoid"


class Elu(Elementwise):
    """x, or exp(x) - 1 below zero: a comparison, an exponential and an addition per element."""

    kind: ClassVar[str] = "elu"
    source: ClassVar[str] = "Clevert et al. 2015 (arXiv 1511.07289)"
    per_element: ClassVar[dict[str, int]] = {"compares": 1, "exps": 1, "adds": 1}

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.ELU."""
        return torch.nn.ELU()
