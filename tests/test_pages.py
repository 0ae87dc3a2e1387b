"""HTML reports in a browser: arithmetic, pointing, sorting, sliding; nothing fetched, nothing run that a file says."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphs import write
from onnx import TensorProto, helper

import costmodel as cm
from costmodel.cli import main
from costmodel.core.machine import Machine
from costmodel.errors import BadValue
from costmodel.hardware.entries import Energy
from costmodel.language.units import parse, table
from costmodel.report.chart import axis
from costmodel.report.exposed import exposed_totals
from costmodel.report.page.figures import ChartPage, TableColumn, figures_page
from costmodel.report.page.generation_page import generation_page
from costmodel.report.page.run_data import packed, run_data
from costmodel.report.page.run_page import run_page
from costmodel.report.pictures.roofline import Roofline
from costmodel.report.timeline import segments
from costmodel.studies.generate import Generation
from costmodel.studies.run import Run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
browser_test = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")
MB = 1_000_000
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield found
        found.close()


class Opened:
    """A page in the browser, and everything it asked for or complained of."""

    def __init__(self, browser: Any, file: Path, scheme: str = "light") -> None:
        self.page = browser.new_page(viewport={"width": 1300, "height": 900}, color_scheme=scheme)
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", self._answer)
        self.page.goto(file.as_uri())

    def _answer(self, dialog: Any) -> None:
        self.said.append(dialog.message)
        dialog.dismiss()

    def quiet(self) -> None:
        """It opened itself and nothing else, and complained of nothing."""
        assert len(self.asked) == 1
        assert self.said == []


def saved(run: Run, folder: Path) -> Path:
    return run.save(folder / "run.html")


# --- every page -----------------------------------------------------------------------------------

TABLE = "network,family,batch,dtype,seconds\nmobilenet_v2,mobile,1,fp32,0.05\nresnet_cifar,resnet,1,fp32,0.02\n"
GRID = [
    "--axis",
    "hw.bandwidth=log(1 GB/s, 9 GB/s, 9)",
    "--axis",
    "hw.matrix=log(1 TFLOPS, 9 TFLOPS, 9)",
]
PAGES = {
    "simulate": ["simulate", "hairnet", "--hw", "accel_1tflops"],
    "packed": ["simulate", "hairnet", "--hw", "accel_1tflops", "--placement", "resident"],
    "ahead": ["simulate", "hairnet", "--hw", "accel_1tflops", "--timing", "pipelined"],
    "compare": ["compare", "mobilenet_v2", "--hw", "rtx3090_measured", "a100", "--dtype", "fp16"],
    "scan": ["scan", "hairnet", "--hw", "accel_1tflops", *GRID, "--pareto", "total_time,hw.bandwidth"],
    "structural": ["scan", "resnet_cifar", "--hw", "accel_1tflops", "--axis", "arch.n=[1, 2, 3]", "--axis", "batch=[1, 2]"],
    "slope": ["slope", "hairnet", "--hw", "accel_1tflops"],
    "generate": ["generate", "qwen3-0.6b", "--hw", "h100_measured", "--hw", "h200", "--prompt", "64", "--generate", "8"],
    "evaluate": ["evaluate", "TABLE", "--hw", "i9_10940x_measured"],
}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every kind of page, by the command that writes it."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "table.csv").write_text(TABLE)
    for name, words in PAGES.items():
        given = [str(folder / "table.csv") if word == "TABLE" else word for word in words]
        assert main([*given, "--html", str(folder / f"{name}.html")]) == 0
    return {name: folder / f"{name}.html" for name in PAGES}


@browser_test
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_alone_and_is_accessible(
    name: str, scheme: str, written: dict[str, Path], browser: Any
) -> None:
    """axe-core's rules for WCAG 2.1 A and AA, contrast of text included."""
    from axe_core_python.sync_playwright import Axe

    opened = Opened(browser, written[name], scheme)
    opened.quiet()
    assert written[name].stat().st_size < 1.5 * MB
    # the policy forbids scripts from outside, axe among them: it is put in by the debugger
    found = Axe()
    opened.page.evaluate(found.axe_script)
    result = opened.page.evaluate(
        "() => axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})"
    )
    assert [(v["id"], v["nodes"][0]["html"]) for v in result["violations"]] == []
    assert result["passes"]


@browser_test
@pytest.mark.parametrize("name", PAGES)
def test_pictures_are_painted(name: str, written: dict[str, Path], browser: Any) -> None:
    """Every canvas holds more than one colour."""
    opened = Opened(browser, written[name])
    opened.page.wait_for_timeout(100)
    blank = opened.page.evaluate(
        "() => [...document.querySelectorAll('canvas')].filter((c) => {"
        " const p = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);"
        " return p.every((v) => v === p[0]); }).map((c) => c.getAttribute('aria-label'))"
    )
    assert blank == []


# --- the page of a run ------------------------------------------------------------------------------

RUNS: dict[str, dict[str, Any]] = {
    "threshold and serial": {"arch": "hairnet", "hw": "accel_1tflops"},
    "shares, vectors, partial": {"arch": "mobilenet_v2", "hw": "rtx3090_measured", "batch": 4},
    "packed, overlap": {"arch": "mobilenet_v2", "hw": "accel_1tflops", "placement": "resident", "timing": "overlap"},
    "pinned parameters": {"arch": "mobilenet_v2", "hw": "coral_edge_tpu"},
    "tiled": {"arch": "hairnet", "hw": "accel_1tflops", "placement": "all_external", "traffic": "tiled"},
    "state and routines": {"arch": "qwen3-0.6b", "hw": "h200", "settings": {"tokens": 1, "context": 500}, "batch": 3},
}  # fmt: skip
ENERGIES = ("external_byte_energy", "on_chip_byte_energy", "operation_energy", "static_power")
RATES = ("bandwidth", "matrix", "host", "write_bandwidth", "on_chip_bandwidth")


def machines(run: Run, memories: list[float] | None, count: int) -> list[dict[str, float]]:
    """Random settings of the sliders; memories on a map's size and a byte to either side."""
    draw = random.Random(7)
    sizes = [float(size) for size in run.workload.tensor_bytes if size > 1]
    found = []
    for _ in range(count):
        one = {
            word: getattr(run.machine, word) * 10 ** draw.uniform(-2, 2)
            for word in RATES
            if getattr(run.machine, word) is not None
        }
        one |= {
            word: draw.choice([0.0, 10 ** draw.uniform(-9, -3)])
            for word in ("matrix_launch", "host_launch", "overhead")
        }
        one["memory"] = (
            draw.choice(memories) if memories else draw.choice(sizes) + draw.choice([-1, 0, 1])
        )
        found.append(one)
    return found


@browser_test
@pytest.mark.parametrize("name", RUNS)
def test_a_thousand_settings_are_python_s(name: str, tmp_path: Path, browser: Any) -> None:
    """The page's totals against the formula on the same machines, to 1e-9."""
    asked = dict(RUNS[name])
    run = cm.simulate(asked.pop("arch"), asked.pop("hw"), **asked)
    page = Opened(browser, saved(run, tmp_path)).page
    memories = page.evaluate("() => costmodel.data.placed?.memories ?? null")
    wanted = machines(run, memories, 1000 if name.startswith("threshold") else 100)
    totals = page.evaluate("(every) => every.map((one) => costmodel.total(one))", wanted)
    for one, total in zip(wanted, totals, strict=True):
        assert total == pytest.approx(
            float(run.on(run.machine.replace(**one)).total_time), rel=1e-9
        )


@dataclass(frozen=True, eq=False)
class Elsewhere(Generation):
    """A generation whose phases run on another machine."""

    machine: Machine = field(kw_only=True)

    @property
    def prefill_time(self) -> float:
        return float(self.prefill.on(self.machine).total_time)

    @property
    def step(self) -> float:
        times = [float(run.on(self.machine).total_time) for run in self.decode]
        return sum(weight * time for weight, time in zip(self.weights, times, strict=True))


@browser_test
@pytest.mark.parametrize("concurrency", [None, 7])
def test_a_hundred_machines_serve_as_python_says(
    concurrency: int | None, tmp_path: Path, browser: Any
) -> None:
    """Time to the first token, per token, and tokens per second, to 1e-9; the table and the sentence follow."""
    asked: dict[str, Any] = {"concurrency": concurrency} if concurrency else {"batch": 3}
    found = cm.generate("qwen3-0.6b", "h200", 64, 16, **asked)
    path = tmp_path / "served.html"
    path.write_text(generation_page([found], []))
    opened = Opened(browser, path)
    wanted = machines(found.prefill, [float(found.prefill.machine.memory)], 100)
    times = opened.page.evaluate("(every) => every.map((one) => costmodel.times(one))", wanted)
    for one, mine in zip(wanted, times, strict=True):
        machine = found.prefill.machine.replace(**one)
        theirs = Elsewhere(found.request, found.prefill, found.decode, machine=machine)
        figures = (theirs.ttft, theirs.tpot, theirs.tokens_per_s)
        assert (mine["ttft"], mine["tpot"], mine["tokens"]) == pytest.approx(figures, rel=1e-9)
    before = opened.page.inner_text("#verdict")
    opened.page.fill("[aria-label='bandwidth, exactly']", "1 TB/s")
    opened.page.press("[aria-label='bandwidth, exactly']", "Enter")
    opened.page.wait_for_timeout(60)
    assert "as you have set it" in opened.page.inner_text("#verdict")
    assert "as you have set it" in opened.page.inner_text("#rows")
    opened.page.click("#reset")
    opened.page.wait_for_timeout(60)
    assert opened.page.inner_text("#verdict") == before
    opened.quiet()


@browser_test
def test_devices_tell_one_another(tmp_path: Path, browser: Any) -> None:
    """Rows on the link take the time that Python gives them."""
    run = cm.generate("qwen3-0.6b", "h100_measured", 64, tensor_parallel=2).prefill
    page = Opened(browser, saved(run, tmp_path)).page
    assert page.evaluate("() => costmodel.total({})") == pytest.approx(run.total_time, rel=1e-12)


@pytest.fixture
def hairnet(tmp_path: Path, browser: Any) -> Any:
    opened = Opened(browser, saved(cm.simulate("hairnet", "accel_1tflops"), tmp_path))
    opened.page.wait_for_timeout(50)
    yield opened.page
    opened.quiet()


@browser_test
def test_totals_are_text(hairnet: Any) -> None:
    """The Appendix's total, and what doubling the bandwidth is worth (README: -34.0 %)."""
    assert "0.177158 s" in hairnet.inner_text("#totals")
    verdict = hairnet.inner_text("#verdict")
    assert verdict.startswith("One run takes 177.158 ms; 68.0 % of it is the memory bus.")
    assert "Doubling the bandwidth to 2 GB/s would save 34.0 %." in verdict


@browser_test
def test_sliding_moves_everything(hairnet: Any) -> None:
    """Ten times the bandwidth: by hand 0.120513 s of transfers become a tenth."""
    slide = hairnet.locator("#slide-bandwidth")
    slide.focus()
    hairnet.evaluate(
        "() => { const s = document.getElementById('slide-bandwidth'); s.value = 1; s.dispatchEvent(new Event('input')); }"
    )
    hairnet.wait_for_timeout(50)
    assert float(hairnet.evaluate("() => document.body.dataset.total")) == pytest.approx(
        0.177158 - 0.9 * 0.120513, abs=1e-6
    )
    assert hairnet.input_value("[aria-label='bandwidth, exactly']") == "10 GB/s"
    assert "your settings change that by -61.2 %" in hairnet.inner_text("#verdict")
    assert "0.0120513 s" in hairnet.inner_text("#totals")
    # by keyboard, and exactly
    slide.press("Home")
    hairnet.wait_for_timeout(50)
    assert hairnet.input_value("[aria-label='bandwidth, exactly']") == "10 MB/s"
    hairnet.fill("[aria-label='on-chip memory, exactly']", "2 MB")
    hairnet.press("[aria-label='on-chip memory, exactly']", "Enter")
    hairnet.click("#reset")
    hairnet.wait_for_timeout(50)
    assert "0.177158 s" in hairnet.inner_text("#totals")


@browser_test
def test_sorting_searching_grouping(hairnet: Any) -> None:
    first = "#rows tbody tr:first-child td:nth-child(2)"
    hairnet.click("#rows thead button:text-is('total')")
    # the slowest row of the paper's table
    assert hairnet.inner_text(first) == "stem/BN_RELU"
    assert hairnet.get_attribute("#rows thead th[aria-sort]", "aria-sort") == "descending"
    hairnet.fill("#search", "softmax")
    assert hairnet.locator("#rows tbody tr").count() == 1
    hairnet.fill("#search", "")
    hairnet.select_option("#by", "kind")
    kinds = cm.simulate("hairnet", "accel_1tflops").kinds
    assert hairnet.locator("#rows tbody tr").count() == len(kinds)


@browser_test
def test_pointing_lights_up_everywhere(hairnet: Any) -> None:
    """A bar, a line of the table by pointer and by keyboard: the same row, its figures as text."""
    box = hairnet.locator("#time canvas").bounding_box()
    # the second of 66 bars, in the middle
    x = box["x"] + 84 + (box["width"] - 92) * 1.5 / 66
    hairnet.mouse.move(x, box["y"] + 100)
    assert hairnet.get_attribute("body", "data-pointed") == "1"
    assert hairnet.inner_text("#pointed").startswith("stem/BN_RELU: 20.87 ms (11.8 %)")
    assert hairnet.locator("tr.pointed td:nth-child(2)").inner_text() == "stem/BN_RELU"
    hairnet.mouse.move(2, 2)
    hairnet.locator("#rows tbody tr").nth(3).focus()
    hairnet.keyboard.press("ArrowDown")
    assert hairnet.get_attribute("body", "data-pointed") == "4"


@browser_test
def test_a_hostile_name_is_text(tmp_path: Path, browser: Any) -> None:
    """A script, escape sequences and 10 000 characters, in a layer, a network and a machine."""
    name = HOSTILE.replace("\x1b", "\\e").replace("\u202e", "\\u202e")
    (tmp_path / "n.yaml").write_text(
        f'name: "{name}"\nsource: test\ninput: [3, 8, 8]\nlayers:\n'
        f"  - {'b' * 900}: {{kind: relu}}\n"
    )
    (tmp_path / "m.yaml").write_text(
        f'name: "{name}"\nsource: "{name}"\nbandwidth: 1 GB/s\non_chip_memory: 1 kB\nmatrix: 1 TFLOPS\nhost: 1 GFLOPS\n'
    )
    run = cm.simulate(tmp_path / "n.yaml", tmp_path / "m.yaml")
    opened = Opened(browser, saved(run, tmp_path))
    opened.quiet()
    title = opened.page.inner_text("h1")
    assert "<script>alert(1)</script>" in title
    assert "\\x1b[31m" in title
    text = (tmp_path / "run.html").read_text()
    assert text.count("<script") == 2
    assert not re.search("[\x1b\u202e]", text)
    assert "b" * 500 not in text
    assert "(900 characters)" in opened.page.inner_text("#rows")


@browser_test
def test_a_hostile_node_is_text(tmp_path: Path, browser: Any) -> None:
    """The same as the name of an ONNX node, 10 000 characters long."""
    node = helper.make_node("Relu", ["x"], ["y"], name=HOSTILE + "c" * 10_000)
    write(tmp_path / "n.onnx", [node], {"x": (TensorProto.FLOAT, [1, 3, 8, 8])}, ["y"], ())
    run = cm.simulate(tmp_path / "n.onnx", "accel_1tflops")
    opened = Opened(browser, saved(run, tmp_path))
    opened.quiet()
    assert "<script>alert(1)</script>" in opened.page.inner_text("#rows")
    assert "c" * 500 not in (tmp_path / "run.html").read_text()


# --- exposed times, missing rates, many rows, fields ------------------------------------------------

MIXED = """
name: Mixed
source: hand arithmetic
input: [3, 8, 8]
layers:
  - c: {kind: conv2d, kernel: 3, filters: 8}
  - r: {kind: relu}
"""
SLOW = """
name: Slow
source: hand arithmetic
bandwidth: 1 GB/s
on_chip_memory: 1 kB
matrix: 1 GFLOPS
"""
HOST = "host: 1 GFLOPS\n"


def small(folder: Path, network: str = MIXED, machine: str = SLOW + HOST, **asked: Any) -> Run:
    """A small network on a slow machine, nothing on chip unless asked."""
    (folder / "n.yaml").write_text(network)
    (folder / "m.yaml").write_text(machine)
    return cm.simulate(
        folder / "n.yaml", folder / "m.yaml", **{"placement": "all_external"} | asked
    )


# By hand: the convolution has 6 * 6 * 8 outputs of 27 multiply-adds, 15 552 operations, 15.552 us; it
# reads 192 and writes 288 numbers and has 8 * 27 parameters, 4 bytes each: 2.784 us. The
# activation computes 288 operations, 0.288 us, and moves 2 * 288 numbers, 2.304 us.
# serial: all of it. overlap: the longer side of each row. partial: each side's square over the
# root of the sum of the squares, hypot(2.784, 15.552) = 15.799220 and hypot(2.304, 0.288) = 2.321930.
SPENT = {
    "serial": {"transfer": 5.088e-6, "matrix": 15.552e-6, "host": 0.288e-6},
    "overlap": {"transfer": 2.304e-6, "matrix": 15.552e-6, "host": 0.0},
    "partial": {
        "transfer": 2.784e-6 * 2.784 / 15.799220 + 2.304e-6 * 2.304 / 2.321930,
        "matrix": 15.552e-6 * 15.552 / 15.799220,
        "host": 0.288e-6 * 0.288 / 2.321930,
    },
}


@browser_test
@pytest.mark.parametrize("timing", SPENT)
def test_bars_show_exposed_time(timing: str, tmp_path: Path, browser: Any) -> None:
    """What the stacked bars and the shares of the sentence are made of adds up to the total."""
    run = small(tmp_path, timing=timing)
    opened = Opened(browser, saved(run, tmp_path))
    lanes = opened.page.evaluate("() => costmodel.exposed({})")
    wanted = SPENT[timing]
    assert lanes == pytest.approx(dict.fromkeys(lanes, 0.0) | wanted, rel=1e-6, abs=1e-15)
    assert sum(lanes.values()) == pytest.approx(run.total_time, rel=1e-12)
    share = 100 * wanted["matrix"] / sum(wanted.values())
    assert f"; {share:.1f} % of it is the matrix engine." in opened.page.inner_text("#verdict")


@browser_test
@pytest.mark.parametrize("timing", ["serial", "overlap", "partial", "pipelined"])
def test_exposed_times_are_python_s(timing: str, tmp_path: Path, browser: Any) -> None:
    """On random machines, and for a timing that the page cannot work out on the profile's own."""
    run = cm.simulate("mobilenet_v2", "rtx3090_measured", batch=4, timing=timing)
    page = Opened(browser, saved(run, tmp_path)).page
    for one in [{}] if timing == "pipelined" else machines(run, None, 20):
        theirs = replace(run, result=run.on(run.machine.replace(**one)))
        mine = page.evaluate("(one) => costmodel.exposed(one)", one)
        wanted = exposed_totals(theirs)
        total = sum(wanted.values())
        assert mine == pytest.approx(dict.fromkeys(mine, 0.0) | wanted, rel=1e-9, abs=1e-9 * total)


@browser_test
@pytest.mark.parametrize("timing", ["serial", "overlap", "partial", "pipelined"])
def test_the_timeline_is_python_s(timing: str, tmp_path: Path, browser: Any) -> None:
    """Every stretch in which a lane is busy, for its own time and not the exposed one."""
    asked = {"batch": 4} if timing != "pipelined" else {"placement": "resident"}
    run = cm.simulate("mobilenet_v2", "rtx3090_measured", timing=timing, **asked)
    page = Opened(browser, saved(run, tmp_path)).page
    drawn = page.evaluate("() => costmodel.data.charts.timeline.lanes")
    for lane in drawn:
        mine = sorted(zip(lane["start"], lane["length"], strict=True))
        theirs = sorted((s.start, s.length) for s in segments(run) if s.lane == lane["hue"])
        assert np.array(mine) == pytest.approx(np.array(theirs), rel=1e-9, abs=1e-15)
    words = {"transfer", "matrix", "host"} | {segment.lane for segment in segments(run)}
    assert {lane["hue"] for lane in drawn} == words


@browser_test
@pytest.mark.parametrize("name", ["hairnet", "mobilenet_v2"])
def test_the_roofline_is_python_s(name: str, tmp_path: Path, browser: Any) -> None:
    """Points, what binds them, and those that move nothing over the bus."""
    run = cm.simulate(name, "accel_1tflops")
    page = Opened(browser, saved(run, tmp_path)).page
    mine, theirs = page.evaluate("() => costmodel.data.charts.roofline"), Roofline().chart(run)
    assert np.array(mine["points"]) == pytest.approx(theirs["points"], rel=1e-12)
    for word in ("hues", "edges", "places"):
        assert mine[word] == theirs[word]


@browser_test
def test_launches_from_nothing_are_drawn(hairnet: Any) -> None:
    """A lane that the profile has none of appears with its first microsecond: 66 rows of 1 ms."""
    hairnet.fill("[aria-label='launch, exactly']", "1 ms")
    hairnet.press("[aria-label='launch, exactly']", "Enter")
    hairnet.wait_for_timeout(50)
    drawn = hairnet.evaluate("() => costmodel.data.charts.time.parts")
    assert sum(map(sum, drawn.values())) == pytest.approx(
        float(hairnet.evaluate("() => document.body.dataset.total")), rel=1e-9
    )
    assert "launching rows" in hairnet.inner_text("#charts .legend >> nth=0")


# By hand, serial: 5 088 B over the bus at 2 nJ are 10.176 uJ, 15 552 + 288 operations at 1 nJ 15.840 uJ,
# and 0.5 W for the 20.928 us of the run 10.464 uJ: 36.480 uJ. At 1 nJ a byte of the chip's own memory
# costs 5.088 uJ for what crosses the bus, and the engine's words: 7 776 multiply-adds take two of 4 B
# each, 288 sums of 27 products are written 27 times and read back 26 times, relu takes and gives 1 152 B:
# 62 208 + 61 056 + 2 304 = 125.568 uJ. Together 167.136 uJ. With bytes over the bus for nothing 156.960
# uJ are left; with 2 W for 0.5 W there are 31.392 uJ more.
ENERGY = "energy: {external_byte: 2 nJ, on_chip_byte: 1 nJ, operation: 1 nJ, static: 0.5 W}\n"


@browser_test
def test_energies_are_shown_and_moved(tmp_path: Path, browser: Any) -> None:
    """Among the totals, by sliders of their own, and in what would help."""
    opened = Opened(browser, saved(small(tmp_path, machine=SLOW + HOST + ENERGY), tmp_path))
    page = opened.page
    assert "167.136 µJ" in page.inner_text("#totals")
    parts = page.inner_text("#totals").lower()
    # 10.176, 130.656, 15.840 and 10.464 of 167.136 uJ
    shares = {
        "external memory": 6.1,
        "on-chip memory": 78.2,
        "operations": 9.5,
        "static power": 6.3,
    }
    for part, share in shares.items():
        assert re.search(rf"energy: {part}\s+[\d.]+ µj \({share} %\)", parts), parts
    field = "[aria-label='energy of a byte over the bus, exactly']"
    assert page.input_value(field) == "2 nJ"
    for words, shown in (("0 J", "156.96 µJ"), ("2 nJ", "167.136 µJ")):
        page.fill(field, words)
        page.press(field, "Enter")
        page.wait_for_timeout(50)
        assert shown in page.inner_text("#totals")
        assert page.inner_text("#verdict").startswith("One run takes 20.928 µs;")
    assert "Halving the energy of an operation to 500 pJ" in page.inner_text("#changes")
    # 167.136 - 15.840 / 2
    assert "159.216 µJ" in page.inner_text("#changes")
    page.fill("[aria-label='static power, exactly']", "2 W")
    page.press("[aria-label='static power, exactly']", "Enter")
    page.wait_for_timeout(50)
    assert "198.528 µJ" in page.inner_text("#totals")
    opened.quiet()


@browser_test
@pytest.mark.parametrize("name", RUNS)
def test_energies_are_python_s(name: str, tmp_path: Path, browser: Any) -> None:
    """On random machines with energies of their own, to 1e-9."""
    asked = dict(RUNS[name])
    energy = {
        "external_byte": "20 pJ",
        "on_chip_byte": "3 pJ",
        "operation": "900 fJ",
        "static": "2 W",
    }
    profile = cm.load_profile(asked.pop("hw"))
    stated = profile.model_copy(update={"energy": Energy.model_validate(energy)})
    run = cm.simulate(asked.pop("arch"), stated, **asked)
    page = Opened(browser, saved(run, tmp_path)).page
    memories = page.evaluate("() => costmodel.data.placed?.memories ?? null")
    draw = random.Random(5)
    wanted = [
        one | {word: getattr(run.machine, word) * draw.uniform(0, 4) for word in ENERGIES}
        for one in machines(run, memories, 50)
    ]
    mine = page.evaluate("(every) => every.map((one) => costmodel.energy(one))", wanted)
    for one, energy_j in zip(wanted, mine, strict=True):
        theirs = run.on(run.machine.replace(**one)).total_energy
        assert theirs is not None
        assert energy_j == pytest.approx(float(theirs), rel=1e-9)


@browser_test
@pytest.mark.parametrize("asked", [{"batch": 3}, {"concurrency": 7}])
def test_joules_per_token_are_python_s(asked: dict[str, Any], tmp_path: Path, browser: Any) -> None:
    """With the profile's power, and with twice of it: all the energy of this board is that."""
    found = cm.generate("qwen3-0.6b", "l4", 64, 16, **asked)
    path = tmp_path / "served.html"
    path.write_text(generation_page([found], []))
    opened = Opened(browser, path)
    mine = opened.page.evaluate(
        "() => [{}, {static_power: 144}].map((one) => costmodel.times(one))"
    )
    assert found.joules_per_token is not None
    assert mine[0]["joules"] == pytest.approx(found.joules_per_token, rel=1e-9)
    assert mine[1]["joules"] == pytest.approx(2 * found.joules_per_token, rel=1e-9)
    opened.quiet()


@browser_test
def test_a_machine_without_energies_shows_none(hairnet: Any) -> None:
    assert "nergy" not in hairnet.inner_text("body")


@browser_test
def test_lanes_come_with_the_data(tmp_path: Path, browser: Any) -> None:
    """A page whose data know one lane more sums, shows and names it like the others."""
    text = saved(small(tmp_path), tmp_path).read_text()
    extra = '"sides":{"disk":"memory",'
    text = text.replace('"sides":{', extra).replace('"lanes":{', '"lanes":{"disk":"the disk",')
    term = '{"lane":"disk","figure":"bandwidth","how":"divided","ways":[1000]},'
    (tmp_path / "disk.html").write_text(text.replace('"terms":[', f'"terms":[{term}'))
    opened = Opened(browser, tmp_path / "disk.html")
    # two rows of 1 000 B at 1 GB/s: 2 us beside 20.928 us
    assert opened.page.evaluate("() => costmodel.total({})") == pytest.approx(22.928e-6, rel=1e-9)
    assert opened.page.evaluate("() => costmodel.exposed({}).disk") == pytest.approx(2e-6)
    opened.page.wait_for_timeout(60)
    assert "the disk" in opened.page.inner_text("#charts .legend >> nth=0")
    assert "0.00000200000 s" in opened.page.inner_text("#totals")
    opened.quiet()


@browser_test
def test_a_rate_that_no_row_needs_has_no_limit(tmp_path: Path, browser: Any) -> None:
    """A convolution alone on a machine without a host: 15.552 us and 2.784 us, one after the other."""
    network = MIXED.replace("  - r: {kind: relu}\n", "")
    opened = Opened(browser, saved(small(tmp_path, network, SLOW), tmp_path))
    assert opened.page.inner_text("#verdict").startswith("One run takes 18.336 µs; 84.8 %")
    opened.quiet()


def doctored(run: Run, folder: Path, count: int) -> Path:
    """The page of a run with as many rows, all of them the first one, and their maps on chip."""
    text = saved(run, folder).read_text()
    head, data, tail = re.split(r"(?<=id=\"data\">)(.*)(?=</script>\n<script>)", text, maxsplit=1)
    found = json.loads(data)
    found |= {"count": count, "addresses": None}
    found.pop("maps", None)
    found["rows"] = {
        word: column[0] if isinstance(column, list) else column
        for word, column in found["rows"].items()
    }
    for term in found["terms"]:
        term["ways"] = [way[0] if isinstance(way, list) else way for way in term["ways"]]
    found["placed"] = {"memories": [1000], "base": 0, "live": [4]}
    file = folder / "many.html"
    file.write_text(head + json.dumps(found) + tail)
    return file


@browser_test
def test_three_hundred_thousand_rows(tmp_path: Path, browser: Any) -> None:
    """Arguments of a function are limited in number, rows are not."""
    opened = Opened(browser, doctored(small(tmp_path), tmp_path, 300_000))
    opened.page.wait_for_function("() => document.body.dataset.total !== undefined")
    total = float(opened.page.evaluate("() => document.body.dataset.total"))
    assert total == pytest.approx(300_000 * 18.336e-6, rel=1e-9)
    opened.page.evaluate("() => point(150000)")
    opened.page.click("button:text-is('Zoom in')")
    opened.page.wait_for_timeout(50)
    opened.quiet()


@browser_test
def test_two_hundred_thousand_lines(tmp_path: Path, browser: Any) -> None:
    """The same of bars, marks and cells of the other pages."""
    count = 200_000
    rows = [{"n": n} for n in range(count)]
    points = [[n + 1.0, n % 7 + 1.0] for n in range(count)]
    cells = [[float(n + m) for n in range(400)] for m in range(500)]
    bars = {"kind": "bars", "title": "b", "x": axis("time", "s"), "names": ["b"] * count,
            "ordered": True, "parts": {"host": [1.0] * count}}  # fmt: skip
    marks = {
        "kind": "marks",
        "title": "m",
        "x": axis("x", log=True),
        "y": axis("y"),
        "lines": [],
        "points": points,
    }
    heat = {"kind": "heat", "title": "h", "unit": "s", "label": "t", "values": cells,
            "x": axis("x") | {"values": list(range(400))}, "y": axis("y") | {"values": list(range(500))}}  # fmt: skip
    (tmp_path / "many.html").write_text(
        figures_page(
            ChartPage("t", "s", "v", "s", "c", [TableColumn("n", "n")], rows, [marks, heat, bars])
        )
    )
    opened = Opened(browser, tmp_path / "many.html")
    opened.page.wait_for_function("() => document.body.dataset.ready === 'true'")
    opened.page.wait_for_timeout(200)
    opened.quiet()


DIMENSIONS = ("memory", "bandwidth", "rate", "time")
NUMBERS = (
    "1",
    "64",
    "0.7",
    ".5",
    "3.",
    "1e3",
    "2.5E-7",
    "+4",
    "0",
    "-0",
    "-1",
    "1e31",
    "1e999",
    "",
    "1_0",
    "0x1",
    "1e",
    ".",
)
MISSES = (
    "",
    "b",
    "kb",
    "Mb",
    "KB",
    "kIB",
    "Kib",
    "GBps",
    "Mbit/s",
    "gb/s",
    "min",
    "h",
    "S",
    "sec",
    "PFLOP",
    "FLOPs",
    "T",
    "Ki",
    "TB /s",
    "B/S",
    "\u03bcs",
    "iB",
    "EB",
)
LETTERS = " \t\u00a0\ufeff\x1c+-.eE0123456789kKMGTPiBbs/mnuµFLOPSACJ"


def texts() -> list[str]:
    """Every unit and near miss behind every number, and random texts of the same letters."""
    draw = random.Random(3)
    units = [*table(), *MISSES]
    found = [f"{number}{gap}{unit}" for number in NUMBERS for unit in units for gap in ("", " ")]
    found += ["".join(draw.choices(LETTERS, k=draw.randrange(12))) for _ in range(5000)]
    known = [f"{draw.uniform(0, 1e6)!r} {draw.choice(units)}" for _ in range(2000)]
    return found + known + ["  7 GB/s\t", "7\u2003GB/s", "inf s", "nan B", "1 GB/s 2", "١ GB/s"]


@browser_test
def test_fields_read_what_files_read(hairnet: Any) -> None:
    """The page's parser against costmodel.language.units: the same value to the last digit, or neither."""
    every = texts()
    for dimension in DIMENSIONS:
        zero = dimension == "time"
        found = hairnet.evaluate(
            "([every, dimension, zero]) => every.map((text) => readQuantity(text, dimension, units, zero))",
            [every, dimension, zero],
        )
        for text, mine in zip(every, found, strict=True):
            try:
                value = float(parse(text, dimension, zero=zero))
            except BadValue:
                assert mine.get("reason"), (text, dimension, mine)
                continue
            # digits of other scripts are numbers to Python; the page refuses them and says so
            assert "value" in mine or not text.isascii(), (text, dimension, mine)
            assert float(mine.get("value", value)) == value, (text, dimension, mine)


@browser_test
@pytest.mark.parametrize(
    ("typed", "memory"),
    [("64 KiB", "65.536 kB"), ("64 kB", "64 kB"), ("0.001 TiB", "1.09951 GB")],
)
def test_a_field_takes_a_quantity(typed: str, memory: str, hairnet: Any) -> None:
    field = "[aria-label='on-chip memory, exactly']"
    hairnet.fill(field, typed)
    hairnet.press(field, "Enter")
    hairnet.wait_for_timeout(50)
    assert hairnet.input_value(field) == memory
    assert hairnet.get_attribute(field, "aria-invalid") == "false"


@browser_test
@pytest.mark.parametrize(
    ("label", "typed", "reason"),
    [
        ("on-chip memory", "64 KB", "'KB' is not a unit. Write it like 1 MB."),
        ("on-chip memory", "64", "'64' has no unit. Write it like 1 MB."),
        ("bandwidth", "10 Mbit/s", "'Mbit/s' is not a unit. Write it like 1 GB/s."),
        ("bandwidth", "1 GB", "'1 GB' is a memory, not a bandwidth. Write it like 1 GB/s."),
        ("bandwidth", "0 GB/s", "'0 GB/s' is not above zero. Write it like 1 GB/s."),
        ("launch", "1 min", "'min' is not a unit. Write it like 10 ms."),
    ],
)
def test_a_field_says_why_it_cannot_be_read(
    label: str, typed: str, reason: str, hairnet: Any
) -> None:
    """What was typed stays, nothing moves, and Reset forgets it."""
    before = hairnet.get_attribute("body", "data-total")
    field = f"[aria-label='{label}, exactly']"
    hairnet.fill(field, typed)
    hairnet.press(field, "Enter")
    hairnet.wait_for_timeout(50)
    assert hairnet.input_value(field) == typed
    assert hairnet.locator(f"{field} ~ small").inner_text() == reason
    assert hairnet.get_attribute("body", "data-total") == before
    hairnet.click("#reset")
    hairnet.wait_for_timeout(50)
    assert hairnet.input_value(field) != typed
    assert hairnet.locator(f"{field} ~ small").inner_text() == ""


@browser_test
def test_a_field_of_sizes_placed_beforehand_names_them(
    written: dict[str, Path], browser: Any
) -> None:
    """Packed maps move in steps of two, 62.5 kB to 16 MB."""
    page = Opened(browser, written["packed"]).page
    field = "[aria-label='on-chip memory, exactly']"
    page.fill(field, "3 MB")
    page.press(field, "Enter")
    said = page.locator(f"{field} ~ small").inner_text()
    assert said.startswith("Placed beforehand for 62.5 kB, 125 kB,")
    page.fill(field, "2 MB")
    page.press(field, "Enter")
    page.wait_for_timeout(50)
    assert page.locator(f"{field} ~ small").inner_text() == ""
    assert page.input_value(field) == "2 MB"


def test_what_the_page_cannot_work_out_is_said() -> None:
    """Whether a timing looks ahead the page does not know, only that it has no rule for it."""
    figures = run_data(cm.simulate("hairnet", "accel_1tflops", timing="pipelined"))["figures"]
    assert {figure["locked"] for figure in figures} == {
        "the page cannot work out this timing: run the command again"
    }


# --- without a browser --------------------------------------------------------------------------------


def unpacked(column: Any, count: int) -> list[Any]:
    """What unpack() of model.js does, written again."""
    if not isinstance(column, dict):
        return column if isinstance(column, list) else [column] * count
    if "at" in column:
        return [column["of"][place] for place in column["at"]]
    return list(np.cumsum(column["steps"]).tolist())


@pytest.mark.parametrize(
    "values",
    [
        [5, 5, 5],
        [1.5, 2.5, 1.5, 1.5, 2.5, 1.5],
        [1000, 1001, 1003, 1004],
        [3, 1, 4, 1, 5, 9, 2, 6],
        ["a", "b", "a", "a", "a", "b"],
        [0.1],
        [2**40, 7],
    ],
)
def test_columns_survive_packing(values: list[Any]) -> None:
    assert unpacked(packed(values), len(values)) == values


def test_a_long_network_stays_small() -> None:
    """6 604 rows: 6 n + 3 blocks of rows of ResNet, here n = 314."""
    run = cm.simulate("resnet_cifar", "accel_1tflops", settings={"n": 314})
    assert len(run.workload.rows) > 6600
    assert len(run_page(run)) < 1.5 * MB
