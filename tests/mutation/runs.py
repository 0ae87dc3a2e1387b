"""A copy of the package in which one thing at a time is changed, and runs of tests on it.

Every run forks from one process that has imported the package, so that it takes a fraction of a
second. A change inside a function is put into the function that is there; after any other the
package is imported afresh.
"""

from __future__ import annotations

import functools
import gc
import importlib
import inspect
import os
import pkgutil
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import cache_from_source
from math import ceil
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import hypothesis
import pandas
import pytest
import scipy.optimize
import torch

from mutation.mutant import Mutant

PRELOADED = (hypothesis, pandas, scipy.optimize)
"""What every run needs and no change touches; torch besides."""
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60
"""After which a run that does not end counts as caught, unless the tests alone take long."""
PATIENCE = 5
"""How many times as long as without a change a run may take on a busy machine."""
MEMORY = 8 << 30
"""[B] that a run may have."""
GREEN, *_ = ENDS = (0, 1, 2, 4)
"""Pytest's exit codes: all passed; some failed; files, or tests named alone, were not collected."""
SETTINGS = """
from hypothesis import Phase, settings
settings.register_profile(
    "suite", deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("suite")
"""
"""The same cases in every run, and no smaller one looked for where one fails."""


@contextmanager
def copied() -> Iterator[Path]:
    """A folder with the package, its data and the tests, and settings that load no plugin."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        shutil.copytree(
            ROOT / "costmodel", folder / "costmodel", ignore=shutil.ignore_patterns("__pycache__")
        )
        for word in ("archs", "hwprofiles"):
            (folder / word).symlink_to(ROOT / word)
        (folder / "tests").mkdir()
        for path in (ROOT / "tests").iterdir():
            if path.suffix == ".py":
                shutil.copy(path, folder / "tests")
            elif path.name in ("data", "fixtures", "other_package"):
                (folder / "tests" / path.name).symlink_to(path)
        (folder / "tests" / "conftest.py").write_text(SETTINGS)
        (folder / "pytest.ini").write_text(
            "[pytest]\npythonpath = . tests\nfilterwarnings = error\n"
        )
        yield folder


def imported(folder: Path) -> None:
    """Import all of the copy, here, so that forked runs need not."""
    torch.set_num_threads(1)
    sys.dont_write_bytecode, sys.pycache_prefix = False, None
    sys.path[:0] = [str(folder), str(folder / "tests")]
    package = importlib.import_module("costmodel")
    if not str(package.__file__).startswith(str(folder)):
        raise RuntimeError("another costmodel was imported before")
    for module in pkgutil.walk_packages(package.__path__, "costmodel."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    sys.dont_write_bytecode = True
    gc.freeze()


def run(
    folder: Path, tests: Sequence[str], mutant: Mutant | None = None, seconds: float = SECONDS
) -> int:
    """Pytest's exit code for the copy with a mutant in it, in a process of its own."""
    if mutant is None:
        return _forked(folder, tests, None, seconds)
    original = mutant.file.read_bytes()
    mutant.file.write_bytes(mutant.source)
    # bytecode of the same second would hide the change
    Path(cache_from_source(mutant.file)).unlink(missing_ok=True)
    try:
        return _forked(folder, tests, mutant, seconds)
    finally:
        mutant.file.write_bytes(original)


def noticed(folder: Path, tests: Sequence[str], mutant: Mutant, seconds: float = SECONDS) -> bool:
    """True where a test fails with the mutant in place, or none ends within so many seconds.

    Raises RuntimeError where none can run.
    """
    code = run(folder, tests, mutant, seconds)
    if code not in (*ENDS, -signal.SIGALRM):
        raise RuntimeError(f"pytest ended with {code} for {mutant.file}:{mutant.line}")
    return code != GREEN


def _forked(folder: Path, tests: Sequence[str], mutant: Mutant | None, seconds: float) -> int:
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 70
    try:
        os.chdir(folder)
        if mutant is not None:
            signal.alarm(ceil(seconds))
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
            if not _put_in(folder, mutant):
                for name in [name for name in sys.modules if name.split(".")[0] == "costmodel"]:
                    del sys.modules[name]
        options = ["-x", "-q", "--tb=short" if mutant is None else "--tb=no", "--assert=plain"]
        paths = [f"tests/{name}" for name in tests]
        code = int(pytest.main([*options, "-p", "no:cacheprovider", "--basetemp=tmp", *paths]))
        # the checkout's own package must never stand in for the copy
        if not str(vars(sys.modules["costmodel"])["__file__"]).startswith(str(folder)):
            code = 71
    finally:
        os._exit(code)


def _put_in(folder: Path, mutant: Mutant) -> bool:
    """Give the function that is imported the code of the mutant; False where it is no function."""
    if mutant.file.suffix != ".py":
        # read when it is needed
        return True
    name = ".".join(mutant.file.relative_to(folder).with_suffix("").parts)
    target: Any = sys.modules.get(name.removesuffix(".__init__"))
    for word in mutant.function.split("."):
        target = vars(target).get(word) if target is not None else None
    function = _plain(target)
    if function is None:
        return False
    try:
        whole = compile(mutant.source, str(mutant.file), "exec", dont_inherit=True)
    except SyntaxError:
        return False
    code = _inside(whole, function.__code__.co_qualname)
    same = code is not None and code.co_freevars == function.__code__.co_freevars
    if code is None or not same or code == function.__code__:
        # what differs are its defaults
        return False
    function.__code__ = code
    return True


def _plain(member: Any) -> FunctionType | None:
    """The function behind a property, a method of the class or a cache."""
    match member:
        case property():
            member = member.fget
        case functools.cached_property():
            member = member.func
        case classmethod() | staticmethod():
            member = member.__func__
    member = inspect.unwrap(member) if callable(member) else None
    return member if isinstance(member, FunctionType) else None


def _inside(code: CodeType, name: str) -> CodeType | None:
    """The code of a qualified name among the constants of a module's."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == name:
                return constant
            if (deeper := _inside(constant, name)) is not None:
                return deeper
    return None
