"""Command lines with something broken in them, drawn by what the program reads: one function for each."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from costmodel.language import shipped
from fuzz.mutations import WORDS, graph, text

OPTIONS = {
    "--batch": ("0", "-1", "1", "7", "x", "10000000000"),
    "--dtype": ("fp16", "int8", "fp99", "{weights: int4}", "{a: b}", "{", ""),
    "--placement": ("resident", "all_external", "resident+weights", "nowhere"),
    "--traffic": ("tiled", "once", "twice"),
    "--timing": ("overlap", "pipelined", "partial", "never"),
    "--convention": ("macs", "keras", "hairnet", "none"),
    "--set": ("classes=0", "classes=-5", "classes=[1]", "a", "=", "width=1e9", "tokens=0", "layers=3"),
    "--pass": ("fold_batch_norm", "least_memory", "fuse_elementwise", "tensor_parallel", "x"),
}  # fmt: skip
AXES = (
    *("hw.bandwidth=log(1 GB/s, 9 GB/s, 3)", "hw.matrix=linear(1 TOPS, 2 TOPS, 3)", "batch=[1, 2, 3]", "dtype=[fp16, int8]"),
    *("arch.classes=[5, 6]", "hw.on_chip_memory=[1 KiB, 1 MiB]", "placement=[resident, per_tensor]", "hw=[a100, h100]"),
)  # fmt: skip
EXPRESSIONS = (
    *("hw.bandwidth <= 4 GB/s", "total_time * 2", "max(total_time, 1 ms)", "macs / total_time if macs else 0"),
    *("not (hw.matrix > 1 TOPS)", "round(total_time, 3)", "1 < batch < 3", "log(total_time) ** 2", "hw.bandwidth // 7 % 3"),
)  # fmt: skip
SCAN = """arch: hairnet
hw: accel_1tflops
axes:
  hw.bandwidth: log(5 GB/s, 100 GB/s, 5)
  hw.on_chip_memory: [128 KiB, 512 KiB, 2 MiB]
  arch.classes: [8, 16]
where: hw.on_chip_memory * arch.classes <= 32 MiB
derive: {cost: hw.bandwidth / 1 GB/s}
best: 5
pareto: [total_time, hw.bandwidth]
"""
MEASURED = "network,family,batch,dtype,seconds\n" + "".join(
    f"{name},f{n},1,fp32,{0.001 * n}\n"
    for n, name in enumerate(("hairnet", "mobilenet_v2", "resnet_cifar"), 1)
)
PRODUCTS = "m,n,k,latency_ms\n" + "".join(f"{n},1024,{64 * n},0.{n:02}\n" for n in range(1, 12))
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_act": "silu",
    "hidden_size": 64,
    "intermediate_size": 128,
    "max_position_embeddings": 512,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-05,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 1000,
}
TRACE = [
    {"cat": "Session", "name": "model_run", "dur": 900 + n, "ts": 1000 * n, "ph": "X"}
    for n in range(3)
] + [
    {"cat": "Node", "name": f"{name}_kernel_time", "dur": 9, "ts": 1000 * n + at, "ph": "X"}
    for n in range(3)
    for at, name in enumerate(("conv2D", "dwise_conv1", "pointwise_conv1", "GAP", "softmax", "x"))
]
ODD: tuple[Any, ...] = (
    *(0, -1, 1, 3, 2**70, 1.5, 1e308, float("nan"), None, True, "", "a", "\x1b[2J", [], {}, [1]),
    *("a" * 5000, "gelu", "mixtral", "qwen3", {"a": [{}]}),
)


class Commands:
    """Command lines whose files are written into `folder`."""

    def __init__(self, draw: random.Random, folder: Path, graphs: list[bytes]) -> None:
        self.draw, self.folder, self.graphs = draw, folder, graphs
        # what a mutated file bases itself on lies beside it
        shutil.copytree(shipped.folder("archs"), folder, dirs_exist_ok=True)
        self.archs = [p.read_text() for p in shipped.folder("archs").glob("*.yaml")]
        self.machines = [p.read_text() for p in shipped.folder("hwprofiles").glob("*.yaml")]
        self.kinds = {
            "architecture": self.architecture,
            "machine": self.machine,
            "onnx": self.onnx,
            "options": self.options,
            "scan options": self.scan_options,
            "scan file": self.scan_file,
            "config.json": self.config,
            "questions": self.questions,
            "measurements": self.measurements,
            "kernels": self.kernels,
            "reports": self.reports,
            "runtime profile": self.runtime_profile,
            "scan folder": self.scan_folder,
            "validate": self.validate,
        }

    def __iter__(self) -> Iterator[tuple[str, list[str]]]:
        """What is broken, and the command, without an end."""
        names = list(self.kinds)
        while True:
            kind = self.draw.choice(names)
            yield kind, self.kinds[kind]()

    def file(self, name: str, content: str | bytes) -> str:
        """Write a file; its path."""
        path = self.folder / name
        path.write_bytes(
            content if isinstance(content, bytes) else content.encode(errors="replace")
        )
        return str(path)

    def broken(self, given: str, name: str) -> str:
        """Write a mutated text; its path."""
        return self.file(name, text(self.draw, given))

    def _run(self, arch: str, hw: str) -> list[str]:
        words = [self.draw.choice(("simulate", "simulate", "compare", "slope")), arch, "--hw", hw]
        if words[0] != "slope":
            for option in self.draw.sample(sorted(OPTIONS), self.draw.randrange(3)):
                words += [option, self.draw.choice(OPTIONS[option])]
        return words

    def architecture(self) -> list[str]:
        """A YAML architecture."""
        return self._run(self.broken(self.draw.choice(self.archs), "x.yaml"), "accel_1tflops")

    def machine(self) -> list[str]:
        """A hardware profile."""
        return self._run("hairnet", self.broken(self.draw.choice(self.machines), "m.yaml"))

    def onnx(self) -> list[str]:
        """A graph."""
        return self._run(
            self.file("x.onnx", graph(self.draw, self.draw.choice(self.graphs))), "a100"
        )

    def options(self) -> list[str]:
        """Options alone."""
        words = self._run("hairnet", "accel_1tflops")
        at = self.draw.randrange(1, len(words))
        return [*words[:at], self.draw.choice(WORDS), *words[at + self.draw.randrange(2) :]]

    def scan_options(self) -> list[str]:
        """Axes, conditions and derived columns."""
        words = ["scan", "hairnet", "--hw", "accel_1tflops"]
        for axis in self.draw.sample(AXES, self.draw.randrange(1, 3)):
            words += ["--axis", self._maybe(axis)]
        for option in self.draw.sample(("--where", "--derive", "--by", "--pareto"), 2):
            name = "x=" if option == "--derive" else ""
            words += [option, name + self._maybe(self.draw.choice(EXPRESSIONS))]
        if self.draw.random() < 0.3:
            words += ["--sample", self.draw.choice(("random", "sobol", "lhs", "x")), "--n", "5"]
        return words

    def scan_file(self) -> list[str]:
        """A scan in YAML."""
        return ["scan", self.broken(SCAN, "s.yaml")]

    def config(self) -> list[str]:
        """A model's config.json."""
        found = dict(CONFIG)
        for _ in range(self.draw.randint(1, 3)):
            key = self.draw.choice(sorted(CONFIG))
            if self.draw.random() < 0.2:
                found.pop(key, None)
            else:
                found[key] = self.draw.choice(ODD)
        content = json.dumps(found)
        if self.draw.random() < 0.2:
            content = text(self.draw, content)
        sizes = ("8", "8", "600", "0", "-1", "x", "10000000")
        prompt, more = self.draw.choice(sizes), self.draw.choice(sizes)
        path = self.file("config.json", content)
        return ["generate", path, "--hw", "h100_measured", "--prompt", prompt, "--generate", more]

    def questions(self) -> list[str]:
        """What would it take, and how much does it depend."""
        bounds = ("total_time <= 10 ms", "throughput >= 100 /s", "external_bytes <= 5 MB")
        figures = ("bandwidth", "matrix", "on_chip_memory", "batch", "launch", "context", "x")
        words = ["solve", "hairnet", "--hw", "accel_1tflops", "--for", self.draw.choice(figures)]
        words += ["--target", self._maybe(self.draw.choice(bounds))]
        if self.draw.random() < 0.2:
            return ["sensitivity", "hairnet", "--hw", "accel_1tflops", "--set", self._maybe("a=1")]
        return words

    def measurements(self) -> list[str]:
        """Measured networks."""
        return ["evaluate", self.broken(MEASURED, "t.csv"), "--hw", "a100"]

    def kernels(self) -> list[str]:
        """A folder of kernel times."""
        folder = self.folder / "kernels"
        folder.mkdir(exist_ok=True)
        self.broken(PRODUCTS, "kernels/gemm_fp16.csv")
        out = str(self.folder / "p.yaml")
        return ["calibrate", str(folder), "--hw", "h100", "--out", out]

    def reports(self) -> list[str]:
        """Files of a run whose names and numbers are odd."""
        words = self._run(self.broken(self.draw.choice(self.archs), "x.yaml"), "accel_1tflops")
        if words[0] == "slope":
            return words
        ends = self.draw.sample(("csv", "json", "html"), 2)
        return [*words, *(w for end in ends for w in (f"--{end}", str(self.folder / f"r.{end}")))]

    def runtime_profile(self) -> list[str]:
        """The trace of a runtime."""
        path = self.broken(json.dumps(TRACE, indent=0), "trace.json")
        out = str(self.folder / "p.yaml")
        return ["calibrate", path, "--network", "hairnet", "--hw", "a100", "--out", out]

    def scan_folder(self) -> list[str]:
        """What a scan keeps, so that it can go on."""
        out = self.folder / "kept"
        words = ["scan", "hairnet", "--hw", "accel_1tflops", "--axis", AXES[0], "--out", str(out)]
        files = [path for path in sorted(out.rglob("*")) if path.is_file() and path.stat().st_size]
        if not files or self.draw.random() < 0.05:
            shutil.rmtree(out, ignore_errors=True)
            return [*words, *self.draw.choice(([], ["--points"]))]
        path = self.draw.choice(files)
        if self.draw.random() < 0.3:
            path.unlink()
        else:
            path.write_bytes(
                text(self.draw, path.read_bytes().decode(errors="replace")).encode(errors="replace")
            )
        return words

    def validate(self) -> list[str]:
        """Shapes against torch."""
        return ["validate", self.broken(self.draw.choice(self.archs), "x.yaml")]

    def _maybe(self, given: str) -> str:
        """Mutated, now and then: other words are to be read too."""
        if self.draw.random() < 0.6:
            return given
        return text(self.draw, given).replace("\n", " ")
