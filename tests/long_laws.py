"""Try every law on many random networks and machines and write reports/laws.md: python tests/long_laws.py CASES."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import settings

REPORT = Path(__file__).parents[1] / "reports" / "laws.md"
Law = Callable[..., None]


class Folders:
    """What pytest's `tmp_path_factory` does for a test."""

    def __init__(self, parent: str) -> None:
        self.parent = parent

    def mktemp(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=name, dir=self.parent))


def counted(law: Any, tried: Counter[str]) -> Law:
    """The same law, whose cases are counted as they hold; what is no case of it raises before."""
    inner: Law = law.hypothesis.inner_test

    def holds(*given: Any, **named: Any) -> None:
        inner(*given, **named)
        tried[law.__name__] += 1

    law.hypothesis.inner_test = holds
    return law  # type: ignore[no-any-return]


def page(tried: Counter[str], broken: dict[str, str], cases: int, seconds: float) -> str:
    """A line for each law."""
    lines = [
        "# Laws of the model",
        "",
        f"Random networks on random machines under every placement, traffic model, timing and engine: {cases} drawn for each law (fewer",
        f"where files are written or scans run), {seconds:.0f} s. Written by `python tests/long_laws.py {cases}`; the laws are in tests/test_laws.py,",
        "and where a policy does not keep one, docs/choosing.md says so.",
        "",
        "| law | cases that held | a case that did not |",
        "|---|---:|---|",
    ]
    for name in {**tried, **broken}:
        words = name.removeprefix("test_").replace("_s_", "'s ").replace("_", " ")
        lines.append(f"| {words} | {tried[name]} | {broken.get(name, 'none')} |")
    return "\n".join(lines) + "\n"


def main(cases: int) -> int:
    """Try them, write the page; 1 where a law did not hold."""
    settings.register_profile("long", max_examples=cases, deadline=None, database=None)
    settings.load_profile("long")
    import test_laws

    tried, broken, begun = Counter[str](), dict[str, str](), time.monotonic()
    laws = [value for name, value in vars(test_laws).items() if name.startswith("test_")]
    with tempfile.TemporaryDirectory() as folder:
        for law in laws:
            asks = {"tmp_path_factory": Folders(folder)} if "format" in law.__name__ else {}
            try:
                counted(law, tried)(**asks)
            except AssertionError as error:
                broken[law.__name__] = " ".join(str(error).split())[:200]
    REPORT.write_text(page(tried, broken, cases, time.monotonic() - begun), encoding="utf-8")
    print(REPORT.read_text())
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
