"""Torch modules drawn at random, with inputs: convolutions, pools, norms, recurrence, sums."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Drawn(NamedTuple):
    """A module, what it is given, and the multiply-adds that torch's counter does not see."""

    text: str
    module: nn.Module
    inputs: tuple[Tensor, ...]
    unseen: int = 0
    """Of recurrent cells, which torch counts nothing for: by their definition."""
    folded: int = 0
    """Of them with the zeros of the first step, which an exporter may work out beforehand."""
    stored: int = 0
    """Numbers that it then stores: the biases of that step, for each sample."""
    once: int = 0
    """Of these, those of one cell."""


class Called(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*inputs)


def convolution(draw: random.Random) -> Drawn:
    """One to three axes, groups, dilation, strides, padding by numbers or by word."""
    axes = draw.choice((1, 2, 2, 3))
    groups = draw.choice((1, 1, 2, 4))
    channels, filters = groups * draw.randint(1, 4), groups * draw.randint(1, 5)
    kernel = tuple(draw.randint(1, 4) for _ in range(axes))
    dilation = tuple(draw.randint(1, 2) for _ in range(axes))
    stride = tuple(draw.randint(1, 3) for _ in range(axes))
    padding: Any = tuple(draw.randint(0, 2) for _ in range(axes))
    if draw.random() < 0.2:
        padding, stride = draw.choice(("same", "valid")), (1,) * axes
    kind: Any = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[axes - 1]
    module = kind(
        channels, filters, kernel, stride, padding, dilation, groups, bias=draw.random() < 0.5
    )
    sizes = [draw.randint(8, 13) for _ in range(axes)]
    return Drawn(str(module), module, (torch.randn(draw.randint(1, 3), channels, *sizes),))


def transposed(draw: random.Random) -> Drawn:
    """A transposed convolution with output padding."""
    axes = draw.choice((1, 2, 2, 3))
    groups = draw.choice((1, 1, 2))
    stride = tuple(draw.randint(1, 3) for _ in range(axes))
    kind: Any = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)[axes - 1]
    channels = groups * draw.randint(1, 4)
    module = kind(
        channels,
        groups * draw.randint(1, 4),
        tuple(draw.randint(2, 4) for _ in range(axes)),
        stride,
        tuple(draw.randint(0, 1) for _ in range(axes)),
        tuple(draw.randint(0, step - 1) for step in stride),
        groups,
        draw.random() < 0.5,
    )
    sizes = [draw.randint(4, 7) for _ in range(axes)]
    return Drawn(str(module), module, (torch.randn(draw.randint(1, 3), channels, *sizes),))


def pool(draw: random.Random) -> Drawn:
    """Largest, average, power and adaptive pools, behind a 1x1 convolution that shows their shape."""
    axes = draw.choice((1, 2, 2, 3))
    kernel = tuple(draw.randint(2, 4) for _ in range(axes))
    around = dict[str, Any](
        kernel_size=kernel,
        stride=tuple(draw.randint(1, 4) for _ in range(axes)),
        padding=tuple(draw.randint(0, k // 2) for k in kernel),
        ceil_mode=draw.random() < 0.5,
    )
    word = draw.choice(("Max", "Max", "Avg", "Avg", "AdaptiveAvg", "AdaptiveMax"))
    if word == "Max":
        around["dilation"] = draw.randint(1, 2)
    elif word == "Avg":
        around["count_include_pad"] = draw.random() < 0.5
    else:
        around = {"output_size": tuple(draw.choice((1, 2, 3)) for _ in range(axes))}
        around["output_size"] = draw.choice(((1,) * axes, around["output_size"]))
    made = getattr(nn, f"{word}Pool{axes}d")(**around)
    after = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[axes - 1](3, 2, 1)
    size = [draw.choice((9, 11, 13, 12)) for _ in range(axes)]
    if "output_size" in around:
        size = [12] * axes
    return Drawn(str(made), nn.Sequential(made, after), (torch.randn(2, 3, *size),))


def norm(draw: random.Random) -> Drawn:
    """Norms with and without what they learn."""
    affine, channels = draw.random() < 0.6, draw.choice((4, 6, 8))
    image: tuple[int, ...] = (draw.randint(1, 3), channels, 5, 5)
    made: nn.Module
    match draw.randrange(6):
        case 0:
            made = nn.BatchNorm2d(channels, affine=affine)
        case 1:
            made, image = nn.LayerNorm(channels, elementwise_affine=affine), (2, 5, channels)
        case 2:
            made = nn.GroupNorm(2, channels, affine=affine)
        case 3:
            made = nn.InstanceNorm2d(channels, affine=affine)
        case 4:
            made, image = nn.RMSNorm(channels, elementwise_affine=affine), (2, 5, channels)
        case _:
            made = nn.LocalResponseNorm(draw.choice((3, 5)))
    features = image[-1]
    return Drawn(str(made), nn.Sequential(made, nn.Linear(features, 3)), (torch.randn(image),))


def recurrent(draw: random.Random) -> Drawn:
    """Stacked cells, in one direction or two: each step g h (x + h) multiply-adds a direction."""
    kind, gates = draw.choice(((nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1)))
    size, hidden, layers = draw.randint(2, 6), draw.randint(2, 6), draw.randint(1, 3)
    both, first = draw.random() < 0.5, draw.random() < 0.5
    made = kind(
        size, hidden, layers, bias=draw.random() < 0.7, batch_first=first, bidirectional=both
    )
    steps, samples = draw.randint(2, 5), draw.randint(1, 3)
    shape = (samples, steps, size) if first else (steps, samples, size)
    ways, unseen = 1 + both, 0
    for layer in range(layers):
        entering = size if layer == 0 else ways * hidden
        unseen += ways * steps * samples * gates * hidden * (entering + hidden)
    folded = layers * ways * samples * gates * hidden * hidden
    stored = layers * ways * samples * gates * hidden
    text = f"{made} on {shape}"
    once = samples * gates * hidden
    return Drawn(text, _Output(made), (torch.randn(shape),), unseen, folded, stored, once)


class _Output(nn.Module):
    """What a recurrent module gives at all steps."""

    def __init__(self, cells: nn.Module) -> None:
        super().__init__()
        self.cells = cells

    def forward(self, x: Tensor) -> Tensor:
        return self.cells(x)[0]  # type: ignore[no-any-return]


class Attended(nn.Module):
    """Multi-head attention of a sequence on itself, or on another one."""

    def __init__(self, size: int, heads: int, bias: bool, other: int | None) -> None:
        super().__init__()
        own = {} if other is None else {"kdim": other, "vdim": other}
        self.inner = nn.MultiheadAttention(size, heads, bias=bias, batch_first=True, **own)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        y = x if y is None else y
        return self.inner(x, y, y, need_weights=False)[0]  # type: ignore[no-any-return]


def attention(draw: random.Random) -> Drawn:
    """Torch's module, or the function with queries, keys and values of their own lengths."""
    heads, size = draw.choice((1, 2, 4)), draw.choice((4, 8))
    samples, tokens = draw.randint(1, 3), draw.randint(2, 7)
    if draw.random() < 0.5:
        other = draw.choice((None, None, size))
        made = Attended(size, heads, draw.random() < 0.5, other)
        maps = [torch.randn(samples, tokens, size)]
        if other:
            maps.append(torch.randn(samples, draw.randint(2, 7), size))
        return Drawn(f"{made} {[tuple(m.shape) for m in maps]}", made, tuple(maps))
    keys = draw.randint(2, 7)
    q = torch.randn(samples, heads, tokens, size)
    k, v = (torch.randn(samples, heads, keys, size) for _ in range(2))
    masked = draw.random() < 0.3
    mask = torch.zeros(tokens, keys) if masked else None

    def run(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)

    return Drawn(
        f"attention {tuple(q.shape)} on {keys} keys, mask {masked}", Called(run), (q, k, v)
    )


EQUATIONS = (
    ("bij,bjk->bik", 2), ("bhid,bhjd->bhij", 2), ("ij,jk->ki", 2), ("bi,bj->bij", 2),
    ("bid,de->bie", 2), ("bij,jk,kl->bil", 3), ("bi,ij,bj->b", 3), ("bnd,dk,ke,ef->bnf", 4),
    ("bij,bj->bi", 2), ("bchw,cd->bdhw", 2),
)  # fmt: skip


def einsum(draw: random.Random) -> Drawn:
    """Products over named axes; operands without the samples' axis are held."""
    equation, _ = draw.choice(EQUATIONS)
    sizes = {letter: draw.randint(2, 6) for letter in sorted(set(equation) - set(",->"))}
    terms = equation.partition("->")[0].split(",")
    tensors = [torch.randn(*(sizes[letter] for letter in term)) for term in terms]
    maps = [t for term, t in zip(terms, tensors, strict=True) if "b" in term or "i" in term]

    class Summed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.held = nn.ParameterList(
                nn.Parameter(t) for t in tensors if not any(t is one for one in maps)
            )

        def forward(self, *given: Tensor) -> Tensor:
            entering, held = iter(given), iter(self.held)
            return torch.einsum(
                equation,
                *(next(entering) if "b" in term or "i" in term else next(held) for term in terms),
            )

    return Drawn(f"einsum {equation} {sizes}", Summed(), tuple(maps))


def resized(draw: random.Random) -> Drawn:
    """Interpolation, pixel shuffles, flips and paddings between two convolutions."""
    between: Callable[[Tensor], Tensor] = draw.choice(
        (
            lambda x: functional.interpolate(x, scale_factor=2, mode="bilinear"),
            lambda x: functional.interpolate(x, size=(7, 9), mode="nearest"),
            lambda x: functional.pixel_shuffle(x, 2),
            lambda x: functional.pad(x, (1, 2, 0, 1)),
            lambda x: torch.cat([x, x.relu()], 2),
            lambda x: x.chunk(2, 2)[1],
        )
    )

    class Between(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Conv2d(3, 8, 3, padding=1), nn.LazyConv2d(2, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(between(self.first(x)))  # type: ignore[no-any-return]

    made, x = Between(), torch.randn(draw.randint(1, 3), 3, 8, 8)
    made(x)
    return Drawn(f"resized {tuple(x.shape)}", made, (x,))


def dense(draw: random.Random) -> Drawn:
    """Dense layers over any number of axes, activations, a table of embeddings."""
    size, wide = draw.randint(2, 9), draw.randint(2, 9)
    act = draw.choice((nn.ReLU(), nn.GELU(), nn.SiLU(), nn.PReLU(), nn.Softmax(-1), nn.Hardswish()))
    shape = (draw.randint(1, 3), *(draw.randint(2, 4) for _ in range(draw.randint(0, 2))), size)
    made = nn.Sequential(nn.Linear(size, wide, bias=draw.random() < 0.5), act, nn.Linear(wide, 4))
    if len(shape) == 2:
        table = nn.Sequential(nn.Embedding(11, size), made)
        return Drawn(str(table), table, (torch.randint(0, 11, (shape[0], 5)),))
    return Drawn(f"{made} on {shape}", made, (torch.randn(shape),))


FAMILIES = (
    *(convolution, convolution, transposed, pool, pool, norm),
    *(recurrent, attention, einsum, resized, dense),
)


def drawn(seed: int) -> Drawn:
    """The module of a number, with weights that differ from each other."""
    draw = random.Random(seed)
    torch.manual_seed(seed)
    one = FAMILIES[seed % len(FAMILIES)](draw)
    with torch.no_grad():
        for weight in one.module.parameters():
            weight.normal_()
    return one._replace(module=one.module.eval(), text=" ".join(one.text.split()))
