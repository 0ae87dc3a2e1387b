"""ONNX files as networks: the same graph, rows, reports and scans as for YAML.

Weights are never read but to tell masks and tables from them, so files whose weights are missing
load all the same. Shapes are per sample; the network knows how many samples the file bakes in.

    rules/          what an operator means: a new operator goes there, and nowhere else
    samples.py, spread.py       where the samples of a run lie, and how they are followed
    proto.py, structure.py      a file to a sound model with all its sizes
    cut.py, live.py the piece that is asked for; what of it runs, and what are weights
    bodies.py, shaping.py       operators as onnx defines them; shapes by rules of our own
    uncounted.py, effects.py    operators without a rule, attributes without effect, and why
    walk.py, node.py, values.py, rows.py    the model's nodes, one by one, to rows
    unroll.py, control.py, lists.py     loops, branches and lists of tensors on the way
    infer.py, constants.py      types and folded constants; count.py, unlearnt.py parameters
    read.py         the whole way, from a file to a network
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from costmodel.core.attributes import to_int
from costmodel.core.frontend import FrontEnd
from costmodel.core.network import Network
from costmodel.errors import CostModelError, InputError, MissingExtra, Place, Problems
from costmodel.language.documents import placing


class Onnx(FrontEnd):
    """ONNX files with operator sets from 7, with or without their weights."""

    suffixes: ClassVar[tuple[str, ...]] = (".onnx",)
    option: ClassVar[str] = "--dim"

    def load(
        self, path: Path, settings: Mapping[str, Any], *, strict: bool = False
    ) -> tuple[Network, list[Path]]:
        """The network in an ONNX file, its open dimensions bound by `settings`.

        Raises MissingExtra without the onnx package.
        """
        return self.load_piece(path, settings, (), (), strict=strict)

    def load_piece(
        self,
        path: Path,
        settings: Mapping[str, Any],
        start: Sequence[str],
        end: Sequence[str],
        *,
        strict: bool = False,
    ) -> tuple[Network, list[Path]]:
        """A piece of it, between nodes by their names or outputs; what lies outside is not read."""
        try:
            from costmodel.frontends.onnx.proto import Span
            from costmodel.frontends.onnx.read import read_network
        except ModuleNotFoundError as error:
            if error.name not in ("onnx", "google"):
                raise
            raise MissingExtra("onnx", "onnx", "reading .onnx files") from None
        sizes = _sizes(settings)
        try:
            return read_network(path, sizes, Span(tuple(start), tuple(end)), strict=strict)
        except CostModelError:
            raise
        # the libraries that read a file may stumble over a broken one in any way
        except Exception as error:
            said = (str(error).strip().splitlines() or [""])[0][:200]
            raise InputError.at(
                Place(str(path)),
                f"is no sound ONNX model ({type(error).__name__}: {said})",
                "check it with onnx.checker, and export it again",
            ) from None


def _sizes(settings: Mapping[str, Any]) -> dict[str, int]:
    """Settings as sizes of dimensions. Raises InputError."""
    problems, sizes = Problems(), {}
    for name, value in settings.items():
        with problems.collect(), placing(Place(f"--dim {name}={value}"), "the size "):
            sizes[name] = to_int(value, least=0)
    problems.raise_if_any()
    return sizes
