"""Reductions along axes: sums, means, norms, extremes; running sums and searches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

from costmodel.core.attributes import flag, one_of, optional_whole, whole, whole_list
from costmodel.core.layer import Example, Layer
from costmodel.core.tally import Shape, Shapes, Tally, elements
from costmodel.errors import BadValue


class Reduction(NamedTuple):
    """What joins two elements, and what is done once per element before and per result after."""

    join: str
    before: str | None = None
    after: str | None = None


# By their Tally names. A root counts as a division, a logarithm as an exponential.
FUNCTIONS = {
    "sum": Reduction("adds"), "mean": Reduction("adds", after="divs"),
    "amax": Reduction("compares"), "amin": Reduction("compares"), "prod": Reduction("muls"),
    "l1": Reduction("adds", "compares"), "l2": Reduction("adds", "muls", "divs"),
    "sum_square": Reduction("adds", before="muls"), "log_sum": Reduction("adds", after="exps"),
    "log_sum_exp": Reduction("adds", before="exps", after="exps"),
}  # fmt: skip


@dataclass(frozen=True)
class Reduce(Layer):
    """A function over `axes` (0: channels): one operation per element that vanishes.

    Norms and logarithms work on each element before, or on each result after.
    """

    kind = "reduce"
    across = True
    source = "n - 1 operations join n elements; a mean divides once more"

    function: str = one_of(FUNCTIONS, "reduction")
    axes: tuple[int, ...] = whole_list()
    keep_dims: bool = flag(False)

    examples = (
        Example({"function": "mean", "axes": [1, 2]}, ((6, 4, 5),)),
        Example({"function": "amax", "axes": [0], "keep_dims": True}, ((6, 4),)),
        Example({"function": "l2", "axes": [1]}, ((6, 4),)),
        Example({"function": "log_sum_exp", "axes": [1]}, ((6, 4),)),
        Example({"function": "prod", "axes": [0, 1]}, ((3, 2),)),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """The shape without `axes`, or with 1 there; BadValue for an axis that is not there."""
        shape = inputs[0]
        if max(self.axes) >= len(shape):
            raise BadValue(
                f"reduce over axes {list(self.axes)} of {list(shape)}", "axes count from 0"
            )
        return tuple(
            1 if axis in self.axes else size
            for axis, size in enumerate(shape)
            if self.keep_dims or axis not in self.axes
        )

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """One step less than elements, and what is done before and after."""
        reduction, size, results = FUNCTIONS[self.function], elements(inputs), elements(outputs)
        counts = {reduction.join: size - results}
        for name, times in ((reduction.before, size), (reduction.after, results)):
            if name is not None:
                counts[name] = counts.get(name, 0) + times
        return Tally.of(inputs, outputs, **counts)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """The torch function, or what it is made of."""
        axes, keep = tuple(axis + 1 for axis in sorted(self.axes)), self.keep_dims
        special = {
            "prod": lambda x: reduce(lambda y, axis: y.prod(axis, keepdim=keep), axes[::-1], x),
            "l1": lambda x: x.abs().sum(axes, keepdim=keep),
            "l2": lambda x: x.square().sum(axes, keepdim=keep).sqrt(),
            "sum_square": lambda x: x.square().sum(axes, keepdim=keep),
            "log_sum": lambda x: x.sum(axes, keepdim=keep).log(),
            "log_sum_exp": lambda x: x.exp().sum(axes, keepdim=keep).log(),
        }
        return special.get(self.function, lambda x: getattr(x, self.function)(axes, keepdim=keep))


@dataclass(frozen=True)
class CumulativeSum(Layer):
    """Running sums along an axis: one addition for each element but the first."""

    kind = "cumulative_sum"
    source = "numpy.cumsum"
    in_place = True
    across = True
    examples = (Example({"axis": 1}, ((3, 4),)),)

    axis: int = whole(0, least=0)

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input's shape; BadValue for an axis that is not there."""
        if self.axis >= len(inputs[0]):
            raise BadValue(f"axis {self.axis} of {list(inputs[0])}", "axes count from 0")
        return inputs[0]

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Elements less the first ones along the axis."""
        size = elements(inputs)
        return Tally.of(inputs, outputs, adds=size - size // inputs[0][self.axis])

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Tensor.cumsum along the axis."""
        return lambda x: x.cumsum(self.axis + 1)


@dataclass(frozen=True)
class Search(Layer):
    """The largest or smallest along an axis, and where they stand: each element is compared once.

    `keep` results stay on the axis (in the worst case it takes as many passes, which are not
    counted); with none given the axis vanishes. With `both` values and places come out.
    """

    kind = "search"
    across = True
    source = "numpy.argmax; torch.topk"
    examples = (
        Example({"axis": 1}, ((3, 4),)),
        Example({"axis": 1, "keep": 2, "both": True}, ((3, 4),)),
    )

    axis: int = whole(0, least=0)
    keep: int | None = optional_whole(1)
    both: bool = flag(False)

    def out_shapes(self, inputs: Shapes) -> Shapes:
        """The shape with the axis gone, or of size `keep`; BadValue for one that is not there."""
        shape = inputs[0]
        if self.axis >= len(shape) or (self.keep or 1) > shape[self.axis]:
            raise BadValue(f"a search along axis {self.axis} of {list(shape)}", "correct it")
        kept = () if self.keep is None else (self.keep,)
        result = (*shape[: self.axis], *kept, *shape[self.axis + 1 :])
        return (result, result) if self.both else (result,)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Elements less the vectors that are searched."""
        size = elements(inputs)
        return Tally.of(inputs, outputs, compares=size - size // inputs[0][self.axis])

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """torch.topk or Tensor.argmax."""
        if self.keep is None:
            return lambda x: x.argmax(self.axis + 1)
        return lambda x: torch.topk(x, self.keep, self.axis + 1)[: 1 + self.both]
