"""Elementwise operators: activations, arithmetic, comparisons, and conversions between formats."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod

from costmodel.core import kinds
from costmodel.core.layer import Layer, make
from costmodel.errors import BadValue
from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.samples import beside
from costmodel.frontends.onnx.spread import led
from costmodel.models.layers.activation import LeakyRelu
from costmodel.models.layers.arithmetic import Arithmetic
from costmodel.models.layers.computed import Computed
from costmodel.models.layers.merge import Add, Mul
from costmodel.models.layers.move import Cast, Copy


def activation(kind: str, weights: tuple[int, ...] = ()) -> Rule:
    """A function of one map; what follows the map are `weights`, else bounds and scales."""

    def rule(node: OnnxNode) -> Work:
        aside = tuple(n for n in range(1, len(node.inputs)) if n not in weights)
        return Work((make(kinds.get(kind), {}),), (node.shape(),), weights=weights, aside=aside)

    return rule


def joined(make_layer: Callable[..., Layer], aside: tuple[int, ...] = ()) -> Rule:
    """An operator that stretches maps and constants to one shape; `aside` are no operands."""

    def rule(node: OnnxNode) -> Work:
        rank = max(map(len, node.shapes))
        operands = tuple(n for n in node.maps if n not in aside)
        shapes = tuple(led(node.shape(n), rank) for n in operands)
        if node.op in VARIADIC and len(node.inputs) == 1:
            return Work((Copy(shape=node.outputs[0]),), shapes)
        layer = make_layer(constants=node.held(aside))
        return Work((layer,), shapes, aside=aside, operands=operands)

    return rule


def worked(
    per_element: dict[str, int],
    weights: tuple[int, ...] = (),
    aside: tuple[int, ...] = (),
    over: int | None = None,
) -> Rule:
    """Operations for each element of the first output, or of the input `over`."""

    def rule(node: OnnxNode) -> Work:
        size = prod(node.outputs[0] if over is None else node.shape(over))
        counts = {name: count * size for name, count in per_element.items()}
        layer = Computed(shapes=node.outputs, **counts)
        return Work((layer,), node.shapes, weights=weights, aside=aside)

    return rule


def swiglu(node: OnnxNode) -> Work:
    """SwiGLU: the silu of one map by another."""
    size = prod(node.outputs[0])
    layer = Computed(shapes=node.outputs, exps=size, adds=size, divs=size, muls=2 * size)
    return Work((layer,), node.shapes)


def shrink(node: OnnxNode) -> Work:
    """Shrink: two comparisons, and an addition where neither holds."""
    size = prod(node.outputs[0])
    return Work((Computed(shapes=node.outputs, compares=2 * size, adds=size),), node.shapes)


def parametric(node: OnnxNode) -> Work:
    """PRelu, whose slopes are weights."""
    return Work((LeakyRelu(),), (node.shape(),), weights=(1,))


def activated(name: str | None) -> tuple[Layer, ...]:
    """The function that an operator fuses behind its own work, by the name in its attribute."""
    if not name or name.lower() in ("none", "identity", "linear"):
        return ()
    known = {op.lower(): kind for op, kind in ACTIVATIONS.items()} | {"silu": "silu"}
    if name.lower() not in known:
        raise BadValue(f"the fused activation '{name}' is not known", "export it as a node")
    return (make(kinds.get(known[name.lower()]), {}),)


def convert(node: OnnxNode) -> Work:
    """Quantising, dequantising and casting: every element is read, converted and written."""
    return Work((Cast(),), (node.shape(),), aside=(1, 2))


GELU = {"muls": 3, "adds": 1, "exps": 1}
SILU = {"exps": 1, "adds": 1, "divs": 1, "muls": 1}
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
VARIADIC = ("Sum", "Max", "Min", "Mean")
"""Operators that hand on what they read where that is one map."""
CONVERSIONS = ("Cast", "CastLike", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear")
QUANTISED = (1, 2, 4, 5, 6, 7)
"""Scales and zero points of a QLinearAdd or QLinearMul: those of a (0), of b (3), and of y."""
RULES: dict[str, Rule] = {
    **{op: activation(kind, (1,) if op == "FastGelu" else ()) for op, kind in ACTIVATIONS.items()},
    **{op: joined(partial(Arithmetic, function=name)) for op, name in FUNCTIONS.items()},
    **dict.fromkeys(("Add", "Sum"), joined(Add)),
    "Mul": joined(Mul),
    "PRelu": parametric,
    # of ai.onnx.ml: a difference and a product; a comparison; a norm of each row
    "ai.onnx.ml:Scaler": worked({"adds": 1, "muls": 1}),
    "ai.onnx.ml:Binarizer": worked({"compares": 1}),
    "ai.onnx.ml:Imputer": worked({"compares": 1}),
    "ai.onnx.ml:Normalizer": worked({"muls": 1, "adds": 1, "divs": 1}),
    "SwiGLU": swiglu,
    "Shrink": shrink,
    "BiasGelu": activation("gelu", (1,)),
    "QLinearAdd": joined(Add, QUANTISED),
    "QLinearMul": joined(Mul, QUANTISED),
    **dict.fromkeys(CONVERSIONS, convert),
}
SAME_SHAPE = tuple(RULES)
FOLLOW: dict[str, Follow] = dict.fromkeys(
    ("Softmax", "LogSoftmax", "QLinearSoftmax"), beside(lambda node: (node.get("axis", -1),))
)
