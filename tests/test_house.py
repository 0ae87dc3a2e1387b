"""The house as the README promises it: small files, short functions, light imports, a public list."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import costmodel as cm

ROOT = Path(__file__).parents[1]
PACKAGE = Path(cm.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
NAMES = [
    "BadValue",
    "Convention",
    "CostModelError",
    "HardwareProfile",
    "InputError",
    "Layer",
    "MissingExtra",
    "Network",
    "Pass",
    "Placement",
    "Run",
    "Timing",
    "Traffic",
    "calibrate",
    "compare",
    "evaluate",
    "generate",
    "list_models",
    "load_network",
    "load_profile",
    "scan",
    "sensitivity",
    "simulate",
    "slope",
    "solve",
]


def test_files_are_small() -> None:
    long = {str(path): len(path.read_text().splitlines()) for path in FILES}
    assert {name: lines for name, lines in long.items() if lines > 300} == {}


def test_functions_are_short() -> None:
    """Under forty lines of code; a docstring is not counted, for it may hold a table."""
    long = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
                first = node.body[0]
                stated = ast.get_docstring(node) is not None and first.end_lineno is not None
                start = first.end_lineno if stated else node.lineno
                if node.end_lineno - (start or 0) > 40:
                    long[f"{path.name}:{node.name}"] = node.end_lineno - (start or 0)
    assert long == {}


def test_the_public_names() -> None:
    """Sorted, complete, each with a docstring, each loaded when it is asked for."""
    assert cm.__all__ == NAMES == sorted(NAMES)
    for name in NAMES:
        assert getattr(cm, name).__doc__
        assert name in dir(cm)
    with pytest.raises(AttributeError, match="has no attribute 'simulation'"):
        _ = cm.simulation
    for family, words in cm.list_models().items():
        assert list(words) == sorted(words), family
    assert (PACKAGE / "py.typed").exists()


def test_the_import_is_light() -> None:
    code = "import sys, costmodel; print([m for m in ('numpy', 'networkx', 'pydantic') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize("name", [name for name in NAMES if name.islower()])
def test_public_functions_are_annotated(name: str) -> None:
    function = getattr(cm, name)
    module = importlib.import_module(function.__module__)
    node = next(
        one
        for one in ast.walk(ast.parse(Path(str(module.__file__)).read_text()))
        if isinstance(one, ast.FunctionDef) and one.name == name
    )
    assert node.returns is not None
    assert all(one.annotation for one in (*node.args.args, *node.args.kwonlyargs))


def test_the_lowest_versions_are_the_ones_tried() -> None:
    """Every floor of pyproject.toml stands in the file that the suite has passed with."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    users = [extras[word] for word in ("validate", "scan", "dask", "onnx", "calibrate", "report")]
    wanted = [Requirement(text) for texts in (project["dependencies"], *users) for text in texts]
    tried = {
        Requirement(line).name: Requirement(line).specifier
        for line in (ROOT / "constraints-lowest.txt").read_text().splitlines()
        if not line.startswith("#")
    }
    for one in wanted:
        if one.name != "nn-costmodel":
            (floor,) = one.specifier
            assert floor.operator == ">="
            (version,) = tried[one.name]
            assert Version(version.version) == Version(floor.version), one.name


def test_the_picture_of_the_house_is_fresh(tmp_path: Path) -> None:
    """Which rooms import which: drawn from the imports, and committed."""
    import house_map

    house_map.write(tmp_path / "house.svg")
    drawn = (tmp_path / "house.svg").read_text()
    assert drawn.count("<path") == house_map.PICTURE.read_text().count("<path"), (
        "run: python tests/house_map.py"
    )
