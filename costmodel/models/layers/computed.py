"""Operators known by the shapes that they give and the work that they do."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from costmodel.core.attributes import attribute, flag, whole
from costmodel.core.layer import Engine, Example, Layer
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.core.tiling.nest import Contraction, Nest, Sweep
from costmodel.models.layers.merge import MAPS
from costmodel.models.layers.move import Stated


@dataclass(frozen=True)
class Computed(Stated):
    """An operator whose operations are stated, as are the `shapes` that it gives."""

    kind = "computed"
    routine = "stream"
    source = "the operator's own definition, which whoever states the counts names"
    arity = (1, None)
    examples: ClassVar[tuple[Example, ...]] = (
        Example({"shapes": [[3, 2]], "muls": 12, "adds": 6}, ((3, 4),)),
        Example({"shapes": [[3, 4, 5]], "divs": 3, "compares": 2, "exps": 1}, MAPS),
    )

    adds: int = whole(0, least=0)
    muls: int = whole(0, least=0)
    divs: int = whole(0, least=0)
    compares: int = whole(0, least=0)
    exps: int = whole(0, least=0)

    def work(self) -> dict[str, int]:
        """The stated operations by their Tally name."""
        names = ("adds", "muls", "divs", "compares", "exps")
        return {name: getattr(self, name) for name in names}

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """What is stated."""
        return Tally.of(inputs, outputs, **self.work())


def _products(value: Any) -> Shapes:
    """Products as tuples of four sizes."""
    return tuple(tuple(map(int, sizes)) for sizes in value)


@dataclass(frozen=True)
class Products(Computed):
    """An operator made of matrix products, and of further work that is stated.

    Each of the `products` is (columns, inner, rows, groups): so many groups of rows x inner by
    inner x columns. The second factor is a parameter (`held`), or made on the way.
    """

    kind = "products"
    routine = "dense"
    engine: ClassVar[Engine] = "matrix"
    examples = (
        Example({"shapes": [[5, 8]], "products": [[8, 4, 5, 1], [2, 3, 5, 6]]}, ((5, 4),)),
        Example({"shapes": [[5, 8]], "products": [[8, 4, 5, 1]], "held": True}, ((5, 4),)),
    )

    products: tuple[Shape, ...] = attribute(_products, ())
    held: bool = flag(False)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """A multiply-add for each combination of row, inner index, column and group."""
        macs = sum(map(prod, self.products))
        return Tally.of(inputs, outputs, macs=macs, **self.work())

    def contractions(self, inputs: Shapes, samples: int) -> tuple[Contraction, ...]:
        """Samples are rows that meet the same parameters, or groups of their own."""
        rows, groups = (samples, 1) if self.held else (1, samples)
        return tuple(
            Contraction(
                Nest(wide, deep, (Sweep(tall * rows),), 1, many * groups),
                weights="parameters" if self.held else "chip",
            )
            for wide, deep, tall, many in self.products
        )


def behind(shape: Shape, **work: int) -> tuple[Layer, ...]:
    """A layer of further work on what comes out of others; none where there is no work."""
    return (Computed(shapes=(shape,), **work),) if any(work.values()) else ()
