"""Small torch networks to export, and torch's own counts of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


class Cnn(nn.Module):
    """Convolutions of every kind, pools, bilinear resizing, batch norm, a dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.depthwise = nn.Conv2d(16, 16, 3, 1, 1, groups=16, bias=False)
        self.grouped = nn.Conv2d(16, 16, 3, 1, 1, groups=4)
        self.up = nn.ConvTranspose2d(16, 8, 4, 2, 1)
        self.classes = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.grouped(nn.functional.silu(self.depthwise(self.head(x))))
        x = nn.functional.interpolate(
            nn.functional.max_pool2d(x, 2), scale_factor=2, mode="bilinear"
        )
        x = nn.functional.adaptive_avg_pool2d(self.up(x), 1)
        return self.classes(x.flatten(1))  # type: ignore[no-any-return]


class Block(nn.Module):
    """A transformer block with its attention written out."""

    def __init__(self, size: int, heads: int, causal: bool = False) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.before, self.after = nn.LayerNorm(size), nn.LayerNorm(size)
        self.qkv, self.out = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.mlp = nn.Sequential(nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size))

    def forward(self, x: Tensor) -> Tensor:
        n, tokens, size = x.shape
        three = self.qkv(self.before(x)).reshape(n, tokens, 3, self.heads, size // self.heads)
        q, k, v = three.permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * (size // self.heads) ** -0.5
        if self.causal:
            mask = torch.triu(torch.ones(tokens, tokens, dtype=torch.bool), 1)
            scores = scores.masked_fill(mask, float("-inf"))
        x = x + self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, tokens, size))
        return x + self.mlp(self.after(x))  # type: ignore[no-any-return]


class Vit(nn.Module):
    """A vision transformer with a class token and learned positions."""

    def __init__(
        self, size: int = 64, heads: int = 4, depth: int = 2, image: int = 64, classes: int = 10
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, size, 16, 16)
        self.token = nn.Parameter(torch.zeros(1, 1, size))
        self.positions = nn.Parameter(torch.zeros(1, (image // 16) ** 2 + 1, size))
        self.blocks = nn.Sequential(*(Block(size, heads) for _ in range(depth)))
        self.norm, self.classes = nn.LayerNorm(size), nn.Linear(size, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        return self.classes(self.norm(self.blocks(x))[:, 0])  # type: ignore[no-any-return]


class Gpt(nn.Module):
    """A language model whose output layer shares the embedding's weights."""

    def __init__(self, size: int = 64, heads: int = 4, depth: int = 2, words: int = 100) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(words, size), nn.Embedding(32, size)
        self.blocks = nn.Sequential(*(Block(size, heads, causal=True) for _ in range(depth)))
        self.norm, self.out = nn.LayerNorm(size), nn.Linear(size, words, bias=False)
        self.out.weight = self.words.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        return self.out(self.norm(self.blocks(x)))  # type: ignore[no-any-return]


MODULES: dict[str, tuple[type[nn.Module], tuple[int, ...]]] = {
    "cnn": (Cnn, (1, 3, 32, 32)), "vit": (Vit, (1, 3, 64, 64)), "gpt": (Gpt, (1, 32))}  # fmt: skip


def made(name: str) -> tuple[nn.Module, Tensor]:
    """A module with weights that differ from each other (exporters merge equal ones), and its input."""
    torch.manual_seed(1)
    kind, shape = MODULES[name]
    module = kind().eval()
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    return module, torch.randint(0, 100, shape) if name == "gpt" else torch.randn(shape)


def counts(module: nn.Module, x: Tensor) -> tuple[int, int]:
    """Parameters and multiply-adds as torch counts them (its counter counts two a multiply-add)."""
    with FlopCounterMode(display=False) as counter:
        module(x)
    return sum(p.numel() for p in module.parameters()), counter.get_total_flops() // 2


def export(module: nn.Module, x: Tensor, path: Path, dynamo: bool, **options: Any) -> Path:
    """Write an ONNX file without folding anything away."""
    whole: dict[str, Any] = (
        {"optimize": False, "opset_version": 18}
        if dynamo
        else {
            "do_constant_folding": False,
            "training": torch.onnx.TrainingMode.PRESERVE,
            "opset_version": 17,
        }
    )
    torch.onnx.export(
        module, (x,), str(path), dynamo=dynamo, input_names=["x"], verbose=False, **whole | options
    )
    return path
