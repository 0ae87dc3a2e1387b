"""Products over named axes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

from costmodel.core.attributes import attribute, shapes
from costmodel.core.layer import Example, MatrixLayer
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.core.tiling.nest import Contraction, Nest, Operand, Sweep
from costmodel.errors import BadValue
from costmodel.models.layers._pairs import Pair, pairs
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


def _product(pair: Pair, sizes: dict[str, int], samples: int) -> tuple[Nest, Nest]:
    """The product of a pair: the nest of two maps, and that of a map and a parameter.

    Axes of both that stay are groups, of the second alone output channels, others positions; those
    that go are input channels. Samples are groups; where the second operand is held, positions.
    Of hid,hdj->hij h are groups, i positions, j output channels and d input channels.
    """

    def size(axes: frozenset[str]) -> int:
        return prod(sizes[axis] for axis in axes)

    first, second = pair.first.axes, pair.second.axes
    wide, deep = size(pair.stay & second - first), size(pair.axes - pair.stay)
    places, groups = size(pair.stay - second), size(pair.stay & second & first)
    return (
        Nest(wide, deep, (Sweep(places),), 1, groups * samples),
        Nest(wide, deep, (Sweep(places * samples),), 1, groups),
    )


@dataclass(frozen=True)
class Einsum(MatrixLayer):
    """A product summed over the axes that the result lacks.

    Operands are multiplied two at a time, in the order that takes the fewest multiply-adds: one for
    each combination of the axes of both. An axis that no other operand has, and the result lacks,
    is summed before. `constants` are the last operands where the layer holds them.
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

    def _terms(self, inputs: Shapes) -> list[frozenset[str]]:
        """The axes of each operand that are not stretched over a size of one."""
        named = self.equation.partition("->")[0].split(",")
        return [
            frozenset(axis for axis, size in zip(term, shape, strict=True) if size != 1)
            for term, shape in zip(named, (*inputs, *self.constants), strict=True)
        ]

    def _pairs(self, inputs: Shapes) -> list[Pair]:
        """The products, two operands at a time."""
        return pairs(self._terms(inputs), self.equation.partition("->")[2], self.sizes(inputs))

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """A multiply-add for each combination of a pair's axes, an addition for what is summed."""
        sizes, out = self.sizes(inputs), set(self.equation.partition("->")[2])
        terms = self._terms(inputs)
        adds = 0
        for number, term in enumerate(terms):
            others = out.union(*terms[:number], *terms[number + 1 :])
            whole, kept = (prod(sizes[a] for a in axes) for axes in (term, term & others))
            adds += whole - kept
        macs = sum(prod(sizes[axis] for axis in pair.axes) for pair in self._pairs(inputs))
        return Tally.of(inputs, outputs, macs=macs, adds=adds, weights=weights_in(self.constants))

    def contractions(self, inputs: Shapes, samples: int) -> tuple[Contraction, ...]:
        """Pair by pair; what is multiplied further on stays on chip."""
        sizes, made = self.sizes(inputs), list[Contraction]()

        def operand(number: int | None) -> Operand:
            if number is None:
                return "chip"
            return "parameters" if number >= len(inputs) else (number,)

        products = self._pairs(inputs)
        for pair in products:
            if operand(pair.first.number) == "parameters":
                pair = pair._replace(first=pair.second, second=pair.first)
            read, weights = operand(pair.first.number), operand(pair.second.number)
            nest = _product(pair, sizes, samples)[weights == "parameters"]
            made.append(Contraction(nest, read, weights, "chip"))
        return (*made[:-1], *(replace(last, output=None) for last in made[-1:]))

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """torch.einsum, the samples as a further axis of the maps."""
        terms, _, out = self.equation.partition("->")
        named = terms.split(",")
        batched = [f"Z{term}" if n < len(inputs) else term for n, term in enumerate(named)]
        text = f"{','.join(batched)}->Z{out}"
        return holding(
            torch, self.constants, lambda self, *maps: torch.einsum(text, *maps, *self.parameters())
        )
