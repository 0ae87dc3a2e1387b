"""Fourier transforms, and the algebra of small matrices: determinants and inverses."""

from __future__ import annotations

from math import ceil, log2, prod

import numpy as np
import onnx

from costmodel.errors import BadValue
from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.samples import batched, beside
from costmodel.frontends.onnx.shaping import Shaper, folded, typed
from costmodel.models.layers.computed import Computed


def transform(length: int, real: bool) -> dict[str, int]:
    """Operations of a fast transform of so many complex values; of real ones half as many.

    n / 2 log2 n butterflies of a complex product (4 products, 2 additions) and two complex
    additions: 2 n log2 n products and 3 n log2 n additions (Cooley & Tukey 1965).

    >>> transform(8, real=False)
    {'muls': 48, 'adds': 72}
    """
    steps = length * log2(max(length, 2)) / (2 if real else 1)
    return {"muls": ceil(2 * steps), "adds": ceil(3 * steps)}


def constant(node: OnnxNode, index: int) -> int | None:
    """A whole number that is a constant input. Raises BadValue where it depends on the data."""
    if not node.has(index):
        return None
    data = node.value(index).data
    if data is None:
        raise BadValue("its length or axis is no constant", "fold it first")
    return int(np.ravel(data)[0])


def along(node: OnnxNode) -> tuple[int, int]:
    """The axis of a DFT, an input or before operator set 20 an attribute, and its length."""
    axis = constant(node, 2)
    if axis is None:
        # of [batch, signal, 1 or 2] the old default, 1, is the new one
        axis = node.get("axis", -2)
    place = axis % len(node.whole())
    length = constant(node, 1)
    if length is None:
        length = node.whole()[place]
        if node.get("inverse", 0) and node.get("onesided", 0):
            length = 2 * (length - 1)
    return place, length


def dft(node: OnnxNode) -> Work:
    """A transform along one axis; the last one holds real and imaginary parts."""
    whole = node.whole()
    place, length = along(node)
    many = prod(node.shape()) // whole[-1] // whole[place]
    real = whole[-1] == 1 or bool(node.get("onesided", 0))
    each = transform(length, real)
    work = {name: many * count for name, count in each.items()}
    return Work((Computed(shapes=node.outputs, **work),), node.shapes, aside=(1, 2))


def dft_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """As many values along the axis as the transform is long, of a real one half and one more."""
    place, length = along(node)
    whole, side, back = node.whole(), bool(node.get("onesided", 0)), bool(node.get("inverse", 0))
    out = length // 2 + 1 if side and not back else length
    return typed(node, (*whole[:place], out, *whole[place + 1 : -1], 1 if side and back else 2))


def frames(node: OnnxNode) -> tuple[int, int]:
    """How many frames an STFT cuts out of its signal, and how long they are."""
    step, length = constant(node, 1), constant(node, 3)
    if length is None and node.has(2):
        length = node.whole(2)[0]
    if step is None or length is None:
        raise BadValue("its frame length is not stated", "export it with one")
    return (node.whole()[1] - length) // step + 1, length


def stft(node: OnnxNode) -> Work:
    """Frames of a signal, each by a window (no parameter) and transformed."""
    many, length = frames(node)
    whole = node.whole()
    many *= prod(node.shape()) // prod(whole[1:])
    real = bool(node.get("onesided", 1)) or len(whole) < 3 or whole[-1] == 1
    each = transform(length, real)
    windowed = length * node.has(2)
    layer = Computed(
        shapes=node.outputs, muls=many * (each["muls"] + windowed), adds=many * each["adds"]
    )
    return Work((layer,), (node.shape(),), operands=(0,), tables=(2,), aside=(1, 3))


def stft_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """[batch, frames, bins, real and imaginary]."""
    many, length = frames(node)
    bins = length // 2 + 1 if node.get("onesided", 1) else length
    return typed(node, (node.whole()[0], many, bins, 2))


def fourier(node: OnnxNode) -> Work:
    """Rfft and Irfft over the last `signal_ndim` axes."""
    back, axes = node.op == "Irfft", node.get("signal_ndim")
    shape = node.outputs[0] if back else node.shape()
    length = prod(shape[-axes:])
    many = prod(shape) // max(length, 1)
    work = {name: many * count for name, count in transform(length, real=True).items()}
    return Work((Computed(shapes=node.outputs, **work),), (node.shape(),))


def fourier_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """[..., n / 2 + 1, 2] of n real values, and back; with `onesided` 0 all n."""
    whole, side = node.whole(), bool(node.get("onesided", 1))
    if node.op == "Rfft":
        return typed(node, (*folded(whole, whole[-1] // 2 + 1 if side else whole[-1]), 2))
    return typed(node, folded(whole[:-1], 2 * (whole[-2] - 1) if side else whole[-2]))


def solved(share: int) -> Rule:
    """n^3 / `share` products and additions for each matrix of n x n (elimination)."""

    def rule(node: OnnxNode) -> Work:
        shape = node.shape()
        many, size = prod(shape[:-2]), shape[-1]
        count = many * ceil(size**3 / share)
        layer = Computed(shapes=node.outputs, muls=count, adds=count, divs=many * size)
        return Work((layer,), (shape,))

    return rule


def in_front(node: OnnxNode, number: int) -> int | None:
    """The samples lie in front of the matrices' own two axes."""
    axis = node.spread().axis
    return axis if axis in range(len(node.whole()) - 2) else None


TABLE: dict[str, tuple[Rule, Shaper]] = {
    "DFT": (dft, dft_shape),
    "STFT": (stft, stft_shape),
    "Det": (solved(3), lambda node: typed(node, node.whole()[:-2])),
    "com.microsoft:Rfft": (fourier, fourier_shape),
    "com.microsoft:Irfft": (fourier, fourier_shape),
    "com.microsoft:Inverse": (solved(1), lambda node: typed(node, node.whole())),
}
RULES: dict[str, Rule] = {op: rule for op, (rule, _) in TABLE.items()}
SHAPES: dict[str, Shaper] = {op: shape for op, (_, shape) in TABLE.items()}
FOLLOW: dict[str, Follow] = {
    "DFT": beside(lambda node: (along(node)[0], -1)),
    **dict.fromkeys(("STFT", "Rfft", "Irfft"), batched),
    **dict.fromkeys(("Det", "Inverse"), in_front),
}
