"""Elementwise operators: activations, arithmetic, comparisons, and conversions between number formats."""

from __future__ import annotations

from costmodel import layers
from costmodel.importer.node import Node, Rule, Work
from costmodel.layers.arithmetic import Arithmetic
from costmodel.layers.base import Layer
from costmodel.layers.merge import Add, Mul
from costmodel.layers.move import Cast


def activation(kind: str, weights: tuple[int, ...] = ()) -> Rule:
    """A function of one map; what follows the map are `weights`, else bounds, scales and zero points."""

    def rule(node: Node) -> Work:
        layer = layers.make(layers.get(kind), {})
        aside = tuple(n for n in range(1, len(node.inputs)) if n not in weights)
        return Work(
            layer, layer.tally((node.shape(),), node.outputs[:1]), weights=weights, aside=aside
        )

    return rule


def join(layer: Layer, aside: tuple[int, ...] = ()) -> Rule:
    """A sum or product of maps and constants, stretched to one shape."""
    return lambda node: Work(layer, layer.tally(node.shapes, node.outputs[:1]), aside=aside)


def function(name: str) -> Rule:
    """A function of one or two maps."""
    layer = Arithmetic(function=name)
    return lambda node: Work(layer, layer.tally(node.shapes, node.outputs[:1]))


def parametric(node: Node) -> Work:
    """PRelu: the slopes are weights."""
    layer = layers.make(layers.get("leaky_relu"), {})
    return Work(layer, layer.tally((node.shape(),), node.outputs), weights=(1,))


def quantised(layer: Layer) -> Rule:
    """QLinearAdd and QLinearMul: a, its scale and zero point, b, its, and y's."""
    return lambda node: Work(layer, layer.tally((node.shape(0), node.shape(3)), node.outputs),
                             aside=(1, 2, 4, 5, 6, 7))  # fmt: skip


def convert(node: Node) -> Work:
    """Quantising, dequantising and casting: every element is read, converted and written."""
    layer = Cast()
    return Work(layer, layer.tally((node.shape(),), node.outputs), aside=(1, 2))


ACTIVATIONS = {
    "Relu": "relu", "Clip": "relu6", "LeakyRelu": "leaky_relu", "ThresholdedRelu": "relu", "Elu": "elu", "Selu": "elu",
    "Celu": "elu", "Sigmoid": "sigmoid", "HardSigmoid": "hard_sigmoid", "HardSwish": "hard_swish", "Tanh": "tanh",
    "Softplus": "sigmoid", "Softsign": "hard_sigmoid", "Mish": "silu", "Gelu": "gelu", "FastGelu": "gelu",
    "QuickGelu": "silu", "Swish": "silu", "Softmax": "softmax", "LogSoftmax": "softmax", "QLinearSigmoid": "sigmoid",
    "QLinearLeakyRelu": "leaky_relu", "QLinearSoftmax": "softmax",
}  # fmt: skip
FUNCTIONS = {
    "Sub": "sub", "Div": "div", "Pow": "pow", "Sqrt": "sqrt", "Reciprocal": "reciprocal", "Erf": "erf", "Exp": "exp",
    "Log": "log", "Neg": "neg", "Abs": "abs", "Sign": "sign", "Round": "round", "Floor": "floor", "Ceil": "ceil",
    "Max": "maximum", "Min": "minimum", "Mod": "fmod", "Equal": "eq", "Greater": "gt", "Less": "lt",
    "GreaterOrEqual": "gt", "LessOrEqual": "lt", "And": "eq", "Or": "eq", "Xor": "eq", "Not": "sign", "IsNaN": "eq",
    "IsInf": "eq", "Where": "eq", "BitwiseAnd": "eq", "BitwiseOr": "eq", "BitwiseXor": "eq", "BitwiseNot": "sign",
    "BitShift": "eq", **dict.fromkeys(("Sin", "Asin", "Sinh", "Asinh", "Tan", "Atan"), "sin"),
    **dict.fromkeys(("Cos", "Acos", "Cosh", "Acosh", "Atanh"), "cos"),
}  # fmt: skip
RULES: dict[str, Rule] = {
    **{op: activation(kind, (1,) if op == "FastGelu" else ()) for op, kind in ACTIVATIONS.items()},
    **{op: function(name) for op, name in FUNCTIONS.items()},
    "Add": join(Add()), "Sum": join(Add()), "Mean": join(Add()), "Mul": join(Mul()), "PRelu": parametric,
    "BiasGelu": activation("gelu", (1,)), "QLinearAdd": quantised(Add()), "QLinearMul": quantised(Mul()),
    **dict.fromkeys(("Cast", "CastLike", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"), convert),
}  # fmt: skip
