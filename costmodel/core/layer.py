"""The contract of a layer kind.

A kind is a frozen dataclass: its attributes are what a user writes in the YAML, its class variables
what the program must know of it. A kind without attributes of its own needs no decorator. It
computes shapes and neutral tallies, and describes its torch twin; it knows nothing of bytes,
machines or conventions. What passes and front ends need to know of a kind is said here, by its
class, and nowhere else.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from math import prod
from typing import Any, ClassVar, Literal, NamedTuple

from costmodel.core.sharing import Devices, Heads, Use
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.core.tiling.nest import Contraction, Sweep
from costmodel.errors import BadValue

Engine = Literal["matrix", "host"]
ENGINES: tuple[Engine, ...] = ("matrix", "host")

# Kernels that many kinds share: what is known of the speed of one is expected of the others.
ROUTINES = {
    "dense": "matrix products: 1x1 convolutions, linear layers, attention",
    "attend": "attention over keys and values that are a state",
    "prefill": "attention over a prompt whose keys and values are kept",
    "experts": "matrix products of experts, each with the tokens that are routed to it",
    "window": "dense convolutions of several positions",
    "grouped": "convolutions in groups of several channels",
    "depthwise": "one kernel per channel",
    "norm": "a statistic over each vector, then a pass over it",
    "link": "what devices tell one another",
    "stream": "each element read and written in order",
    "move": "elements at other places: copies, transpositions, windows",
}

# Under autocast (PyTorch, "Autocast Op Reference") a kind takes and gives the run's own 16 bits,
# takes and gives 32, takes 16 and gives 32, or follows the widest map that it reads.
Precision = Literal["narrow", "wide", "widens", "follows"]

# How the elements of a map lie that a kernel reads or writes: in any order, channels innermost, row
# after row, as a batch of matrices, or in the order of what it reads.
Order = Literal["any", "channels_last", "row_major", "matrices", "alike"]

MAX_ELEMENTS = 2**53
"""[elements] of one map: every byte count stays exact in a float."""


class Task(NamedTuple):
    """Work of one layer on one engine, and the routine whose share of the peak it reaches."""

    engine: Engine
    routine: str
    tally: Tally


class State(NamedTuple):
    """Elements of tensors that outlive the run, per sample: the keys and values of attention."""

    read: int
    written: int
    heads: int
    """Parts that are worked on apart: a kernel may take a fixed time for each."""


class Message(NamedTuple):
    """One exchange between devices, per sample."""

    algorithms: tuple[tuple[int, float], ...]
    """For each way to do it: messages that wait for one another, and elements that each device
    sends.
    """


@dataclass(frozen=True, eq=False)
class Example:
    """One use of a kind that every contract test tries: attributes and input shapes."""

    attributes: dict[str, Any]
    inputs: Shapes


@dataclass(frozen=True)
class Layer:
    """Base of every layer kind."""

    kind: ClassVar[str]
    """The word in the YAML."""
    source: ClassVar[str]
    """Where the definition comes from."""
    examples: ClassVar[tuple[Example, ...]]
    engine: ClassVar[Engine] = "host"
    """Where it runs unless a profile says otherwise."""
    arity: ClassVar[tuple[int, int | None]] = (1, 1)
    """Least and most inputs (None: any number)."""
    view: ClassVar[bool] = False
    """True: the output is the input's memory under another shape."""
    in_place: ClassVar[bool] = False
    """True: an input that nobody needs any more may be overwritten."""
    across: ClassVar[bool] = False
    """True: an output element depends on more than the input elements at its own place."""
    routine: ClassVar[str] = "stream"
    """One of ROUTINES."""
    looks_up: ClassVar[bool] = False
    """True: it may read fewer elements of an input than there are (`elements_read`)."""
    parameters_widen: ClassVar[bool] = True
    """True: under autocast its parameters, 32 bits wide, carry the maps along."""
    reads: ClassVar[Order] = "any"
    """How the maps must lie that its kernel reads."""
    writes: ClassVar[Order] = "alike"
    """How the maps lie that its kernel writes."""

    @property
    def runs_as(self) -> str:
        """The routine of this very layer, where its attributes say otherwise than its kind."""
        return self.routine

    @property
    def computes(self) -> str:
        """What it computes, in a word; the kind, unless its attributes say more."""
        return self.kind

    @property
    def weight_bits(self) -> float | None:
        """Bits of one of its weights, scales included, where it fixes them; None: the run's."""
        return None

    @property
    def weight_type(self) -> str:
        """The word of the type that these weights are stored in; empty where it fixes none."""
        return ""

    @property
    def precision(self) -> Precision:
        """What autocast does with it."""
        return "follows"

    @property
    def input_count(self) -> tuple[int, int | None]:
        """Least and most inputs of this very layer."""
        return self.arity

    def out_shapes(self, inputs: Shapes) -> Shapes:
        """Shapes of all outputs for the input shapes `inputs`. Raises BadValue if they misfit."""
        return (self.out_shape(*inputs),)

    def out_shape(self, *inputs: Shape) -> Shape:
        """The shape of the only output: the first input's, unless the kind says otherwise.

        A kind with several outputs overrides `out_shapes` instead.
        """
        return inputs[0]

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Neutral counts per sample for these input and output shapes."""
        raise NotImplementedError(type(self).__name__)

    def tasks(self, tally: Tally) -> tuple[Task, ...]:
        """Which engine does which part of the work."""
        return (Task(self.engine, self.runs_as, tally),)

    def elements_read(self, inputs: Shapes, outputs: Shapes) -> tuple[int, ...]:
        """How many elements it reads of each input; asked of kinds that look some of them up."""
        return tuple(map(prod, inputs))

    def params_read(self, held: int, inputs: Shapes, samples: int) -> int:
        """How many of the `held` parameters a run of so many samples reads."""
        return held

    def fixed_weights(self, tally: Tally, inputs: Shapes) -> int:
        """How many of its parameters have `weight_bits`: its weights, and no bias."""
        return int(tally.weights)

    def fixed_weights_read(self, held: int, inputs: Shapes, samples: int) -> int:
        """How many of these `held` ones a run of so many samples reads."""
        return self.params_read(held, inputs, samples)

    def vectors(self, inputs: Shapes) -> int:
        """Vectors per sample that a statistic is taken of: each may take a kernel a fixed time."""
        return 0

    def state(self, inputs: Shapes) -> State | None:
        """What it reads of tensors that outlive the run, and appends to them, per sample."""
        return None

    def scratch(self, inputs: Shapes) -> int:
        """Elements that its kernels write outside and read again between their steps, a sample."""
        return 0

    def message(self, inputs: Shapes) -> Message | None:
        """What it sends to other devices; None for a layer that stays on its own."""
        return None

    def contractions(self, inputs: Shapes, samples: int) -> tuple[Contraction, ...]:
        """Its loop nests over all `samples` of a run, in order; together all its multiply-adds."""
        return ()

    def line_sweep(self, inputs: Shapes, outputs: Shapes) -> Sweep | None:
        """How the lines of its output, along the first axis behind the channels, meet those read.

        None where they do not follow line by line from maps that are cut along the same axis.
        """
        alike = len(outputs) == 1 and len(outputs[0]) > 1 and {*inputs} == {outputs[0]}
        by_element = self.in_place and not self.across and alike
        return Sweep(outputs[0][1]) if by_element else None

    def heads_read(
        self, inputs: Shapes, written: Heads | None, devices: Devices
    ) -> tuple[Heads | None, ...]:
        """What a device keeps of each input; () where any part of the features serves.

        `written` is what it keeps of the output. Raises BadValue where heads do not divide.
        """
        alone = self.in_place and not self.across and len(inputs) == 1
        return (written,) if alone else ()

    def divided(self, devices: Devices, use: Use) -> Share:
        """A device's part of this layer: by default it works on what it is given.

        Raises BadValue where it does not divide.
        """
        return Share(self, use.apart)

    def folded(self, inputs: Shapes, outputs: Shapes) -> tuple[int, Layer] | None:
        """Channels whose scale may go into its weights, and the layer with a bias to take a shift.

        None for a layer that no scale and shift can be folded into.
        """
        return None

    def channel_axis(self, shape: Shape) -> int:
        """The axis of a map that holds the channels."""
        return 0

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """A torch module or function that takes the inputs with a leading batch axis."""
        raise NotImplementedError(type(self).__name__)


class MatrixLayer(Layer):
    """Shared by kinds whose work is multiply-adds: each output is a sum over many inputs."""

    engine: ClassVar[Engine] = "matrix"
    across: ClassVar[bool] = True

    @property
    def precision(self) -> Precision:
        """Autocast runs it in 16 bits."""
        return "narrow"


class Share(NamedTuple):
    """A device's part of a layer."""

    layer: Layer
    apart: bool
    """True: each device makes other features of the output."""
    summed: bool = False
    """True: each device makes a summand of the whole output, which they then add up."""


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


def need_axes(kind: str, shape: Shape, axes: int) -> tuple[Shape, int, Shape]:
    """`shape` as (leading axes, channels, the last `axes` axes). BadValue if it is no such map."""
    if len(shape) <= axes:
        names = ["channels", *("depth", "height", "width")[max(3 - axes, 0) :]]
        raise BadValue(
            f"{kind} needs a feature map [{', '.join(names)}], got {list(shape)}",
            "put it before flatten or pooling to a vector",
        )
    channel = len(shape) - axes - 1
    return shape[:channel], shape[channel], shape[channel + 1 :]
