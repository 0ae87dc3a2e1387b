"""The contract of a layer kind.

A kind is a frozen dataclass: its attributes are what a user writes in the YAML, its class
variables what the program must know. (A kind without attributes of its own needs no decorator.) It computes shapes and neutral tallies, and describes
its torch twin; it knows nothing of bytes, machines or conventions.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, Literal

from costmodel.errors import BadValue
from costmodel.tally import Shape, Shapes, Tally

Engine = Literal["matrix", "host"]
# Kernels that many kinds share: what is known of the speed of one kind is expected of the others.
ROUTINES = {
    "dense": "matrix products: 1x1 convolutions, linear layers, attention",
    "window": "dense convolutions of several positions",
    "grouped": "convolutions in groups of several channels",
    "depthwise": "one kernel per channel",
    "norm": "a statistic over each vector, then a pass over it",
    "stream": "each element read and written in order",
    "move": "elements at other places: copies, transpositions, windows",
}
MAX_ELEMENTS = 2**53  # [elements] of one map: every byte count stays exact in a float


@dataclass(frozen=True, eq=False)
class Example:
    """One use of a kind that every contract test tries: attributes and input shapes."""

    attributes: dict[str, Any]
    inputs: Shapes


@dataclass(frozen=True)
class Layer:
    """Base of every layer kind."""

    kind: ClassVar[str]  # the word in the YAML
    source: ClassVar[str]  # where the definition comes from
    examples: ClassVar[tuple[Example, ...]]
    engine: ClassVar[Engine] = "host"  # where it runs unless a profile says otherwise
    arity: ClassVar[tuple[int, int | None]] = (1, 1)  # least and most inputs (None: any)
    view: ClassVar[bool] = False  # True: the output is the input's memory under another shape
    in_place: ClassVar[bool] = False  # True: an input that nobody needs any more may be overwritten
    routine: ClassVar[str] = "stream"  # one of ROUTINES

    @property
    def runs_as(self) -> str:
        """The routine of this very layer: the kind's, where its attributes do not say otherwise."""
        return self.routine

    def out_shapes(self, inputs: Shapes) -> Shapes:
        """Shapes of all outputs for the input shapes `inputs`. Raises BadValue if they misfit."""
        return (self.out_shape(*inputs),)

    def out_shape(self, *inputs: Shape) -> Shape:
        """The shape of the only output; a kind with several overrides `out_shapes` instead."""
        raise NotImplementedError(type(self).__name__)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Neutral counts per sample for these input and output shapes."""
        raise NotImplementedError(type(self).__name__)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """A torch module or function that takes the inputs with a leading batch axis."""
        raise NotImplementedError(type(self).__name__)


def attribute_names(kind: type[Layer]) -> list[str]:
    """The attributes a user may write for `kind`."""
    return [f.name for f in fields(kind)]


def required_names(kind: type[Layer]) -> list[str]:
    """The attributes a user must write for `kind`."""
    return [f.name for f in fields(kind) if f.default is MISSING]


def read_attribute(kind: type[Layer], name: str, value: Any) -> Any:
    """The checked value of one attribute. Raises BadValue."""
    reader = {f.name: f.metadata["read"] for f in fields(kind)}[name]
    return reader(value)


def make(kind: type[Layer], attributes: dict[str, Any]) -> Layer:
    """A layer of `kind` from plain attribute values. Raises BadValue for the first bad one."""
    for name in required_names(kind):
        if name not in attributes:
            raise BadValue(f"{kind.kind} has no '{name}'", f"add '{name}: ...'")
    return kind(**{name: read_attribute(kind, name, value) for name, value in attributes.items()})


def need_map(kind: str, shape: Shape) -> tuple[int, int, int]:
    """`shape` as (channels, height, width); BadValue if it is no feature map."""
    if len(shape) != 3:
        raise BadValue(f"{kind} needs a feature map [channels, height, width], "
                       f"got {list(shape)}", "put it before flatten or pooling to a vector")  # fmt: skip
    return shape[0], shape[1], shape[2]
