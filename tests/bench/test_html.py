"""How long pages take: written, opened and moved in Debian's chromium without a GPU."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.report.page.run_page import run_page

CHROMIUM = shutil.which("chromium")
NETWORKS = {"66 rows": ("hairnet", {}), "6604 rows": ("resnet_cifar", {"n": 314})}
SLIDE = """() => new Promise((done) => {
  const slide = document.getElementById("slide-bandwidth");
  const start = performance.now();
  slide.value = Math.random();
  slide.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
})"""
PAINT = "() => { const start = performance.now(); page.pictures.at(-1).draw(); return performance.now() - start; }"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield found
        found.close()


def page_of(name: str, folder: Path) -> Path:
    arch, settings = NETWORKS[name]
    return cm.simulate(arch, "accel_1tflops", settings=settings).save(folder / "run.html")


@pytest.mark.parametrize("name", NETWORKS)
def test_writing(name: str, benchmark: Any) -> None:
    arch, settings = NETWORKS[name]
    run = cm.simulate(arch, "accel_1tflops", settings=settings)
    benchmark(lambda: run_page(run))


@pytest.mark.parametrize("name", NETWORKS)
def test_opening(name: str, benchmark: Any, browser: Any, tmp_path: Path) -> None:
    """To the load event; everything is drawn by then."""
    address, page = page_of(name, tmp_path).as_uri(), browser.new_page()
    benchmark(lambda: page.goto(address))


@pytest.mark.parametrize("name", NETWORKS)
def test_sliding(name: str, benchmark: Any, browser: Any, tmp_path: Path) -> None:
    """From a slider's event to the next picture on the screen, two frames of 16 ms at least."""
    page = browser.new_page()
    page.goto(page_of(name, tmp_path).as_uri())
    benchmark(lambda: page.evaluate(SLIDE))


def test_painting_points(benchmark: Any, browser: Any, tmp_path: Path) -> None:
    """100 000 points over five axes as parallel coordinates."""
    axes = ["hw.bandwidth=log(1 GB/s, 9 GB/s)", "hw.matrix=log(1 TFLOPS, 9 TFLOPS)",
            "hw.host=log(1 GFLOPS, 9 GFLOPS)", "hw.on_chip_memory=log(10 kB, 10 MB)"]  # fmt: skip
    words = [word for axis in axes for word in ("--axis", axis)]
    file = tmp_path / "scan.html"
    sample = ["--sample", "random", "--n", "100000", "--html", str(file)]
    assert main(["scan", "mobilenet_v2", "--hw", "accel_1tflops", *words, *sample]) == 0
    page = browser.new_page()
    page.goto(file.as_uri())
    benchmark(lambda: page.evaluate(PAINT))
