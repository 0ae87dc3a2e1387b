"""The architectures and profiles that come with the package, by short name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from costmodel.errors import InputError, Place, did_you_mean

HERE = Path(__file__).resolve().parent.parent
SUFFIXES = (".yaml", ".yml", ".onnx", ".json")


@cache
def folder(family: str) -> Path:
    """The folder of `family` ('archs' or 'hwprofiles'): inside the wheel, or in a checkout."""
    inside = HERE / "data" / family
    return inside if inside.is_dir() else HERE.parent / family


def names(family: str) -> list[str]:
    """The short names of everything shipped in `family`."""
    return sorted(path.stem for path in folder(family).glob("*.yaml"))


def beside(folder: Path, word: str) -> str:
    """`word` as a path inside `folder` where such a file stands there, else as it is."""
    near = folder / word
    return str(near) if Path(word).suffix in SUFFIXES and near.is_file() else word


def find(word: str, family: str) -> Path:
    """The file that `word` means: a path as given, or a shipped short name. Raises InputError."""
    path = Path(word)
    if path.suffix in SUFFIXES or "/" in word or _exists(path):
        return path
    shipped = folder(family) / f"{word}.yaml"
    if not _exists(shipped):
        what = "architecture" if family == "archs" else "hardware profile"
        raise InputError.at(
            Place(word),
            f"no such file, and no shipped {what} of this name",
            did_you_mean(word, names(family)),
        )
    return shipped


def _exists(path: Path) -> bool:
    """False also for what no file can be called, such as a very long word."""
    try:
        return path.exists()
    except OSError:
        return False
