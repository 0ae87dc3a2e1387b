"""Elementwise operators: activations, arithmetic, comparisons, and conversions between formats."""

from __future__ import annotations

from collections.abc import Callable

from costmodel.core import kinds
from costmodel.core.layer import Layer, make
from costmodel.core.tally import Shapes
from costmodel.frontends.onnx.node import Node, Rule, Work
from costmodel.models.layers.activation import LeakyRelu
from costmodel.models.layers.arithmetic import Arithmetic
from costmodel.models.layers.merge import Add, Mul
from costmodel.models.layers.move import Cast


def activation(kind: str, weights: tuple[int, ...] = ()) -> Rule:
    """A function of one map; what follows the map are `weights`, else bounds and scales."""

    def rule(node: Node) -> Work:
        aside = tuple(n for n in range(1, len(node.inputs)) if n not in weights)
        return Work((make(kinds.get(kind), {}),), (node.shape(),), weights=weights, aside=aside)

    return rule


def aligned(shapes: Shapes, rank: int) -> Shapes:
    """Shapes of one rank, led by axes of size 1 as broadcasting has it."""
    return tuple((1,) * (rank - len(shape)) + shape for shape in shapes)


def joined(node: Node, make_layer: Callable[[Shapes], Layer], aside: tuple[int, ...] = ()) -> Work:
    """An operator that stretches maps and constants to one shape."""
    rank = max(len(shape) for shape in node.shapes)
    taken = tuple(n for n in node.maps if n not in aside)
    shapes, layer = aligned(tuple(map(node.shape, taken)), rank), make_layer(node.held(aside))
    return Work((layer,), shapes, aside=aside, operands=taken, learned=False)


def summed(node: Node) -> Work:
    """Add and Sum."""
    return joined(node, lambda held: Add(constants=held))


def multiplied(node: Node) -> Work:
    """Mul."""
    return joined(node, lambda held: Mul(constants=held))


def function(name: str) -> Rule:
    """A function of maps and constants."""
    return lambda node: joined(node, lambda held: Arithmetic(function=name, constants=held))


def parametric(node: Node) -> Work:
    """PRelu: the slopes are weights."""
    return Work((LeakyRelu(),), (node.shape(),), weights=(1,))


def quantised(make_layer: Callable[[Shapes], Layer]) -> Rule:
    """QLinearAdd and QLinearMul: a, its scale and zero point, b, its, and y's."""
    return lambda node: joined(node, make_layer, aside=(1, 2, 4, 5, 6, 7))


def convert(node: Node) -> Work:
    """Quantising, dequantising and casting: every element is read, converted and written."""
    return Work((Cast(),), (node.shape(),), aside=(1, 2))


def _sum(held: Shapes) -> Layer:
    return Add(constants=held)


def _product(held: Shapes) -> Layer:
    return Mul(constants=held)


ACTIVATIONS = {
    "Relu": "relu", "Clip": "relu6", "LeakyRelu": "leaky_relu", "ThresholdedRelu": "relu",
    "Elu": "elu", "Selu": "elu", "Celu": "elu", "Sigmoid": "sigmoid",
    "HardSigmoid": "hard_sigmoid", "HardSwish": "hard_swish", "Tanh": "tanh",
    "Softplus": "sigmoid", "Softsign": "hard_sigmoid", "Mish": "silu", "Gelu": "gelu",
    "FastGelu": "gelu", "QuickGelu": "silu", "Swish": "silu", "Softmax": "softmax",
    "LogSoftmax": "softmax", "QLinearSigmoid": "sigmoid", "QLinearLeakyRelu": "leaky_relu",
    "QLinearSoftmax": "softmax",
}  # fmt: skip
FUNCTIONS = {
    "Sub": "sub", "Div": "div", "Pow": "pow", "Sqrt": "sqrt", "Reciprocal": "reciprocal",
    "Erf": "erf", "Exp": "exp", "Log": "log", "Neg": "neg", "Abs": "abs", "Sign": "sign",
    "Round": "round", "Floor": "floor", "Ceil": "ceil", "Max": "maximum", "Min": "minimum",
    "Mean": "mean", "Mod": "fmod", "Equal": "eq", "Greater": "gt", "Less": "lt",
    "GreaterOrEqual": "gt", "LessOrEqual": "lt", "And": "eq", "Or": "eq", "Xor": "eq",
    "Not": "test", "IsNaN": "test", "IsInf": "test", "Where": "where", "BitwiseAnd": "eq",
    "BitwiseOr": "eq", "BitwiseXor": "eq", "BitwiseNot": "test", "BitShift": "eq",
    **dict.fromkeys(("Sin", "Asin", "Sinh", "Asinh", "Tan", "Atan"), "sin"),
    **dict.fromkeys(("Cos", "Acos", "Cosh", "Acosh", "Atanh"), "cos"),
}  # fmt: skip
CONVERSIONS = ("Cast", "CastLike", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear")
RULES: dict[str, Rule] = {
    **{op: activation(kind, (1,) if op == "FastGelu" else ()) for op, kind in ACTIVATIONS.items()},
    **{op: function(name) for op, name in FUNCTIONS.items()},
    "Add": summed,
    "Sum": summed,
    "Mul": multiplied,
    "PRelu": parametric,
    "BiasGelu": activation("gelu", (1,)),
    "QLinearAdd": quantised(_sum),
    "QLinearMul": quantised(_product),
    **dict.fromkeys(CONVERSIONS, convert),
}
