"""Products over named axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from costmodel.core.attributes import attribute, shapes
from costmodel.core.layer import Example, MatrixLayer
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.core.tiling.nest import Contraction, Nest, Operand, Sweep
from costmodel.errors import BadValue
from costmodel.models.layers._twins import holding
from costmodel.models.layers.merge import listed, weights_in


def _equation(value: Any) -> str:
    """An equation without blanks. Raises BadValue for one that numpy.einsum would not read."""
    text = str(value).replace(" ", "")
    terms, arrow, out = text.partition("->")
    letters = (terms + out).replace(",", "")
    if not arrow or not all(c.isascii() and c.isalpha() for c in letters):
        raise BadValue(f"{value!r} is no equation", "write e.g. 'hid,hjd->hij'")
    if len(set(out)) != len(out) or not set(out) <= set(terms):
        raise BadValue(f"{value!r} gives axes that it does not read once", "correct it")
    return text


def _product(
    sizes: dict[str, int], first: set[str], second: set[str], stay: set[str], samples: int
) -> tuple[Nest, Nest]:
    """The product of operands with the axes `first` and `second`, `stay` being those of its result.

    Axes of both that stay are groups, of the second alone output channels, others positions; those
    that go are input channels. Samples are groups; where the second operand is held, positions.
    Of hid,hdj->hij h are groups, i positions, j output channels and d input channels. The nest of
    two maps, and that of a map and a parameter.
    """

    def size(axes: set[str]) -> int:
        return prod(sizes[axis] for axis in axes)

    wide, deep = size(stay & second - first), size(set(sizes) - stay)
    places, groups = size(stay - second), size(stay & second & first)
    return (
        Nest(wide, deep, (Sweep(places),), 1, groups * samples),
        Nest(wide, deep, (Sweep(places * samples),), 1, groups),
    )


@dataclass(frozen=True)
class Einsum(MatrixLayer):
    """A product summed over the axes that the result lacks: one multiply-add for each combination.

    Of n operands n - 1 for each combination of all axes. `constants` are the last operands where
    the layer holds them.
    """

    kind = "einsum"
    routine = "dense"
    reads = "matrices"
    writes = "row_major"
    source = "Einstein's summation, as in numpy.einsum"
    arity = (1, None)

    equation: str = attribute(_equation)
    constants: Shapes = shapes(())

    examples = (
        Example({"equation": "hid,hjd->hij"}, ((4, 5, 8), (4, 6, 8))),
        Example({"equation": "td,df->tf", "constants": [[8, 9]]}, ((7, 8),)),
    )

    def sizes(self, inputs: Shapes) -> dict[str, int]:
        """The size of each axis. Raises BadValue where operands misfit."""
        terms = self.equation.partition("->")[0].split(",")
        operands = (*inputs, *self.constants)
        axes: dict[str, int] = {}
        for term, shape in zip(terms, operands, strict=False):
            for letter, size in zip(term, shape, strict=False):
                if axes.setdefault(letter, size) not in (size, 1) and size != 1:
                    raise BadValue(f"axis '{letter}' is {axes[letter]} and {size}", "make it one")
                axes[letter] = max(axes[letter], size)
        ranks = [len(shape) for shape in operands]
        if ranks != [len(term) for term in terms]:
            shown = listed(operands)
            raise BadValue(f"'{self.equation}' does not fit {shown}", "one letter for each axis")
        return axes

    def out_shape(self, *inputs: Shape) -> Shape:
        """The sizes of the axes behind the arrow."""
        sizes = self.sizes(inputs)
        return tuple(sizes[letter] for letter in self.equation.partition("->")[2])

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """One multiply-add less than operands (one at least) for each combination of all axes."""
        operands = len(inputs) + len(self.constants)
        macs = prod(self.sizes(inputs).values()) * max(operands - 1, 0)
        return Tally.of(inputs, outputs, macs=macs, weights=weights_in(self.constants))

    def contractions(self, inputs: Shapes, samples: int) -> tuple[Contraction, ...]:
        """Pair by pair in the order given; further operands meet what the first two make.

        Of more than two each pair is counted over all axes.
        """
        text, _, out = self.equation.partition("->")
        sizes, terms = self.sizes(inputs), [set(term) for term in text.split(",")]
        operands, last = (*inputs, *self.constants), len(terms) - 1
        first = terms[0] if last == 1 else set(sizes)
        made = []
        for place in range(1, len(terms)):
            pairs = zip(text.split(",")[place], operands[place], strict=True)
            second = {axis for axis, count in pairs if count > 1}
            nests = _product(sizes, first, second, set(out).union(*terms[place + 1 :]), samples)
            held = place >= len(inputs)
            read: Operand = (0,) if place == 1 else "chip"
            weights: Operand = "parameters" if held else (place,)
            made.append(Contraction(nests[held], read, weights, None if place == last else "chip"))
        return tuple(made)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """torch.einsum, the samples as a further axis of the maps."""
        terms, _, out = self.equation.partition("->")
        named = terms.split(",")
        batched = [f"Z{term}" if n < len(inputs) else term for n, term in enumerate(named)]
        text = f"{','.join(batched)}->Z{out}"
        return holding(
            torch, self.constants, lambda self, *maps: torch.einsum(text, *maps, *self.parameters())
        )
