"""What each of several devices keeps of every kind of row, by hand; and what they tell one another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.core.graph_pass import Pass
from costmodel.core.sharing import Devices
from costmodel.errors import InputError
from costmodel.models.layers.all_reduce import AllReduce
from costmodel.models.passes.tensor_parallel import TensorParallel
from costmodel.studies.run import Run

TOKENS, HIDDEN, HEADS, KV, SIZE = 3, 32, 8, 2, 4
BLOCK = f"""name: B
source: hand arithmetic
input: [{TOKENS}, {HIDDEN}]
layers:
  - qkv: {{kind: linear, features: {(HEADS + 2 * KV) * SIZE}}}
  - turned: {{kind: rotary, turned: {(HEADS + KV) * SIZE}}}
  - attend: {{kind: attention, heads: {HEADS}, kv_heads: {KV}}}
  - out: {{kind: linear, features: {HIDDEN}}}
  - add: {{kind: add, from: [out, input]}}
  - norm: {{kind: rms_norm}}
  - up: {{fuse: [{{kind: linear, features: 24}}, gelu]}}
  - down: {{kind: linear, features: {HIDDEN}}}
  - moe: {{kind: moe, experts: 4, top_k: 2, hidden: 6, shared: 8}}
  - last: {{kind: linear, features: 10}}
"""
MACHINE = """name: M
source: hand arithmetic
bandwidth: 1 GB/s
on_chip_memory: 1 MB
matrix: 1 TFLOPS
host: 1 GFLOPS
"""


def divided(
    folder: Path, *asked: int, network: str = BLOCK, link: str = "{bandwidth: 1 GB/s}", **more: Any
) -> Run:
    (folder / "b.yaml").write_text(network)
    (folder / "m.yaml").write_text(f"{MACHINE}link: {link}\n")
    return cm.simulate(
        folder / "b.yaml", folder / "m.yaml", passes=[TensorParallel(*asked)], **more
    )


def held(run: Run) -> dict[str, tuple[int, int]]:
    """Weights and biases of each row."""
    return {
        row.id: (
            sum(part.tally.weights for part in row.parts),
            sum(part.tally.biases for part in row.parts),
        )
        for row in run.network.rows
    }


@pytest.mark.parametrize("device", [0, 1])
@pytest.mark.parametrize("devices", [2, 4, 8])
def test_a_block(tmp_path: Path, devices: int, device: int) -> None:
    """Heads, features and experts in equal parts; 2 heads of K and V that 4 or 8 devices hold twice.

    Summands begin with the bias on the first device alone. The experts, on one device each pair of
    slices, are cut in their 6 features, the shared one in its 8; the last 10 features, as those of
    a vocabulary, are 5 on two devices and filled up to 64 each on more.
    """
    run = divided(tmp_path, devices, 1, device)
    mine, kept = HEADS // devices, max(1, KV // devices)
    rows = {row.id: row for row in run.network.rows}
    assert [*rows] == [
        "qkv", "turned", "attend", "out", "out:all_reduce", "add", "norm", "up", "down",
        "down:all_reduce", "moe", "moe:all_reduce", "last",
    ]  # fmt: skip
    parts = held(run)
    features = (mine + 2 * kept) * SIZE
    assert parts["qkv"] == (HIDDEN * features, features)
    assert rows["turned"].parts[0].tally.muls == 2 * TOKENS * (mine + kept) * SIZE
    assert rows["attend"].outputs == ((TOKENS, mine * SIZE),)
    first = device == 0
    assert parts["out"] == (mine * SIZE * HIDDEN, HIDDEN * first)
    assert parts["add"] == (0, 0)
    assert sum(parts["norm"]) == HIDDEN
    inner = 24 // devices
    assert parts["up"] == (HIDDEN * inner, inner)
    assert rows["up"].outputs == ((TOKENS, inner),)
    assert parts["down"] == (inner * HIDDEN, HIDDEN * first)
    narrow, shared = -(-6 // devices), 8 // devices
    assert parts["moe"][0] == HIDDEN * 4 + 4 * 3 * HIDDEN * narrow + 3 * HIDDEN * shared
    last = 5 if devices == 2 else 64
    assert parts["last"] == (HIDDEN * last, last)
    for name in ("out", "down", "moe"):
        assert rows[f"{name}:all_reduce"].outputs == ((TOKENS, HIDDEN),)


@pytest.mark.parametrize(("devices", "experts", "hidden", "here"), [
    # of 4 devices 2 or 4 share the 4 experts: 2 hold the same, each one half of their 6 features
    (4, 2, 3, 2), (4, 4, 6, 1), (2, 2, 6, 2), (8, 2, 2, 2),
])  # fmt: skip
def test_experts_on_devices_of_their_own(
    tmp_path: Path, devices: int, experts: int, hidden: int, here: int
) -> None:
    """The router is whole; tokens go to 1 / experts of them; the shared one is cut by all devices."""
    run = divided(tmp_path, devices, experts)
    (moe,) = (row for row in run.network.rows if row.id == "moe")
    router, shared = HIDDEN * 4, 3 * HIDDEN * (8 // devices)
    tally = moe.parts[0].tally
    assert tally.weights == router + here * 3 * HIDDEN * hidden + shared
    sent = TOKENS * 2 / experts
    assert tally.macs == TOKENS * (router + shared) + sent * 3 * HIDDEN * hidden


@pytest.mark.parametrize(("rows", "devices", "kept"), [
    # 786 x 64 = 50 304 rows are the first multiple of 2 x 64 above, 788 x 64 of 4 x 64
    (50257, 2, 393 * 64), (50257, 4, 197 * 64), (50256, 2, 25128), (128, 64, 2), (130, 64, 64),
])  # fmt: skip
def test_rows_of_a_vocabulary(tmp_path: Path, rows: int, devices: int, kept: int) -> None:
    """The table and the head alike: equal parts, or filled up to 64 rows on each device."""
    file = tmp_path / "v.yaml"
    file.write_text(
        f"name: V\nsource: s\ninput: [3]\nlayers:\n  - e: {{kind: embedding, vocabulary: {rows}, "
        f"features: 8}}\n  - h: {{kind: linear, features: {rows}, bias: false}}\n"
    )
    network = TensorParallel(devices).apply(cm.load_network(file))
    tables = {row.id: row.parts[0].tally.weights for row in network.rows}
    assert tables == {"e": 8 * kept, "e:all_reduce": 0, "h": 8 * kept}


def test_one_device_tells_nobody(tmp_path: Path) -> None:
    """No row is added."""
    plain, alone = divided(tmp_path, 2), divided(tmp_path, 1)
    assert len(plain.network.rows) == len(alone.network.rows) + 3
    assert AllReduce(1).message(((5, 8),)) is None


def test_what_lies_between_heads_and_their_reader_is_divided_with_them(tmp_path: Path) -> None:
    """A product and its rotation in one row, then a scaling of each element, then attention."""
    fused = f"""name: F
source: hand arithmetic
input: [{TOKENS}, {HIDDEN}]
layers:
  - qkv: {{fuse: [{{kind: linear, features: {(HEADS + 2 * KV) * SIZE}}}, {{kind: rotary, turned: {(HEADS + KV) * SIZE}}}]}}
  - scaled: {{kind: mul, constants: [[]]}}
  - attend: {{kind: attention, heads: {HEADS}, kv_heads: {KV}}}
  - out: {{kind: linear, features: {HIDDEN}}}
"""
    for devices, heads, kept in ((2, 4, 1), (4, 2, 1), (8, 1, 1)):
        rows = {row.id: row for row in divided(tmp_path, devices, network=fused).network.rows}
        features = (heads + 2 * kept) * SIZE
        assert rows["qkv"].outputs == rows["scaled"].outputs == ((TOKENS, features),)
        assert rows["qkv"].parts[1].tally.muls == 2 * TOKENS * (heads + kept) * SIZE
        assert rows["attend"].outputs == ((TOKENS, heads * SIZE),)


THREE = f"""name: T
source: hand arithmetic
input: [{TOKENS}, {HIDDEN}]
layers:
  - q: {{kind: linear, features: 48}}
  - k: {{kind: linear, features: 12, from: input}}
  - v: {{kind: linear, features: 20, from: input}}
  - attend: {{kind: attention, heads: 8, kv_heads: 2, from: [q, k, v]}}
  - out: {{kind: linear, features: {HIDDEN}}}
"""


@pytest.mark.parametrize("devices", [2, 4])
def test_three_maps_of_heads(tmp_path: Path, devices: int) -> None:
    """Q of 8 heads of 6, K of 2 of 6, V of 2 of 10: each device keeps one head of K and of V."""
    rows = {row.id: row for row in divided(tmp_path, devices, network=THREE).network.rows}
    assert rows["q"].outputs == ((TOKENS, 48 // devices),)
    assert rows["k"].outputs == ((TOKENS, 6),)
    assert rows["v"].outputs == ((TOKENS, 10),)
    assert rows["attend"].outputs == ((TOKENS, 80 // devices),)
    assert rows["out"].parts[0].tally.weights == 80 // devices * HIDDEN


def test_attention_without_heads_side_by_side(tmp_path: Path) -> None:
    """Maps of [heads, tokens, size] have no features to divide: all of it is repeated."""
    plain = """name: P
source: hand arithmetic
input: [8, 3, 4]
layers:
  - attend: {kind: attention, from: [input, input, input]}
"""
    run = divided(tmp_path, 2, network=plain)
    assert [row.id for row in run.network.rows] == ["attend"]
    assert run.network.rows[0].outputs == ((8, 3, 4),)


def test_rotary_of_everything(tmp_path: Path) -> None:
    """All features of queries that are a map of their own: as many as the device keeps."""
    rotary = THREE.replace("  - attend", "  - turned: {kind: rotary, from: q}\n  - attend")
    rotary = rotary.replace("[q, k, v]", "[turned, k, v]")
    rows = {row.id: row for row in divided(tmp_path, 2, network=rotary).network.rows}
    assert rows["turned"].parts[0].tally.muls == 2 * TOKENS * 24


@pytest.mark.parametrize(("asked", "network", "message"), [
    ((3,), THREE, "--tensor-parallel: attend: 8 do not divide over 3 devices; choose a divisor"),
    ((4, 3), THREE, "--expert-parallel: 3 devices for the experts are no part of 4; choose"),
    ((8, 8), BLOCK, "--expert-parallel: 4 experts do not divide over 8 devices; choose"),
    # 12 features in parts of 8
    ((8,), BLOCK.replace("features: 24", "features: 12"), "up: 12 do not divide over 8 devices"),
    # of two that do not divide the first is named
    ((8,), BLOCK.replace("features: 24", "features: 12").replace(
        "  - moe:", "  - more: {kind: linear, features: 12}\n  - most: {kind: linear, features: 32}\n  - moe:"),
     "up: 12 do not divide over 8 devices"),
    ((16,), THREE.replace("  - out", "  - out: {kind: linear, features: 48}\n  - again: {kind: attention, heads: 4}\n  - out"),
     "attend: 8 do not divide over 16 devices"),
])  # fmt: skip
def test_what_does_not_divide(
    tmp_path: Path, asked: tuple[int, ...], network: str, message: str
) -> None:
    with pytest.raises(InputError) as told:
        divided(tmp_path, *asked, network=network)
    assert message in str(told.value)


@pytest.mark.parametrize(("heads", "kv", "devices", "kept"), [
    (12, 4, 2, 2), (12, 4, 4, 1), (12, 2, 4, 1), (12, 3, 6, 1), (12, 6, 3, 2),
])  # fmt: skip
def test_heads_of_keys_and_values(
    tmp_path: Path, heads: int, kv: int, devices: int, kept: int
) -> None:
    """As many as divide, or one that several devices hold."""
    network = BLOCK.replace(
        f"features: {(HEADS + 2 * KV) * SIZE}", f"features: {(heads + 2 * kv) * SIZE}"
    )
    network = network.replace(f"heads: {HEADS}, kv_heads: {KV}", f"heads: {heads}, kv_heads: {kv}")
    network = network.replace(f"turned: {(HEADS + KV) * SIZE}", f"turned: {(heads + kv) * SIZE}")
    rows = {row.id: row for row in divided(tmp_path, devices, network=network).network.rows}
    assert rows["qkv"].outputs == ((TOKENS, (heads // devices + 2 * kept) * SIZE),)


@pytest.mark.parametrize("devices", [2, 3, 4, 8])
@pytest.mark.parametrize("latency", [0.0, 1e-9, 1e-6, 1e-3])
def test_the_quickest_sum(tmp_path: Path, devices: int, latency: float) -> None:
    """3 x 24 elements of 4 B: to all others at once, or in two steps the n-th part to each of them.

    At 1 GB/s: l + (n - 1) 288 ns, or 2 l + 2 (n - 1) / n 288 ns.
    """
    network = f"name: L\nsource: s\ninput: [{TOKENS}, 24]\nlayers:\n"
    network += "  - up: {kind: linear, features: 24}\n  - down: {kind: linear, features: 24}\n"
    link = f"{{bandwidth: 1 GB/s, latency: {1e9 * latency:.0f} ns}}"
    run = divided(tmp_path, devices, network=network, link=link)
    size = TOKENS * 24 * 4 / 1e9
    expected = min(latency + (devices - 1) * size, 2 * latency + 2 * (devices - 1) / devices * size)
    assert run.totals["link_time_s"] == pytest.approx(expected, rel=1e-12)


def test_an_operand_that_is_whole(tmp_path: Path) -> None:
    """Divided features times one number a token, either way round, are divided features."""
    for pair in ("[up, one]", "[one, up]"):
        gated = f"""name: G
source: hand arithmetic
input: [{TOKENS}, {HIDDEN}]
layers:
  - one: {{kind: reduce, function: mean, axes: [1], keep_dims: true}}
  - up: {{kind: linear, features: 24, from: input}}
  - gated: {{kind: mul, from: {pair}}}
  - down: {{kind: linear, features: {HIDDEN}}}
"""
        rows = {row.id: row for row in divided(tmp_path, 2, network=gated).network.rows}
        assert rows["gated"].outputs == ((TOKENS, 12),)
        assert rows["down"].parts[0].tally.weights == 12 * HIDDEN
        assert "down:all_reduce" in rows


def test_a_map_of_heads_with_another_reader(tmp_path: Path) -> None:
    """What attention needs whole holds, though an activation reads the map too: 2 + 2 x 1 heads."""
    read = BLOCK.partition("  - out:")[0].replace(
        "  - turned", "  - seen: {kind: relu}\n  - turned"
    )
    read = read.replace("kind: rotary,", "kind: rotary, from: qkv,") + "outputs: [attend, seen]\n"
    rows = {row.id: row for row in divided(tmp_path, 4, network=read).network.rows}
    assert rows["qkv"].outputs == rows["seen"].outputs == ((TOKENS, 4 * SIZE),)
    later = read.replace("  - seen: {kind: relu}\n", "").replace(
        "outputs", "  - seen: {kind: relu, from: qkv}\noutputs"
    )
    rows = {row.id: row for row in divided(tmp_path, 4, network=later).network.rows}
    assert rows["qkv"].outputs == rows["seen"].outputs == ((TOKENS, 4 * SIZE),)


def test_heads_are_asked_of_the_row_that_makes_them(tmp_path: Path) -> None:
    """A row that opens with an activation and makes the heads by a product: its input has none."""
    opens = f"""name: O
source: hand arithmetic
input: [{TOKENS}, {HIDDEN}]
layers:
  - turned: {{kind: rotary, turned: 8}}
  - qkv: {{fuse: [relu, {{kind: linear, features: {(HEADS + 2 * KV) * SIZE}}}]}}
  - attend: {{kind: attention, heads: {HEADS}, kv_heads: {KV}}}
"""
    rows = {row.id: row for row in divided(tmp_path, 2, network=opens).network.rows}
    assert rows["turned"].parts[0].tally.muls == 2 * TOKENS * 8
    assert rows["qkv"].outputs == ((TOKENS, 6 * SIZE),)


def test_rotary_of_keys_and_values(tmp_path: Path) -> None:
    """One of two heads, of 6 features that are turned, and of 10."""
    rotary = THREE.replace(
        "  - attend",
        "  - turned_k: {kind: rotary, turned: 12, from: k}\n"
        "  - turned_v: {kind: rotary, turned: 20, from: v}\n  - attend",
    ).replace("[q, k, v]", "[q, turned_k, turned_v]")
    rows = {row.id: row for row in divided(tmp_path, 2, network=rotary).network.rows}
    assert rows["turned_k"].parts[0].tally.muls == 2 * TOKENS * 6
    assert rows["turned_v"].parts[0].tally.muls == 2 * TOKENS * 10


def test_one_device_unless_more_are_named(tmp_path: Path) -> None:
    """The pass of one device leaves all as it is; of several devices it is about the first."""
    (tmp_path / "b.yaml").write_text(BLOCK)
    plain, named = (
        cm.simulate(tmp_path / "b.yaml", "accel_1tflops", passes=words)
        for words in (list[Pass](), [TensorParallel()])
    )
    assert held(plain) == held(named)
    assert held(divided(tmp_path, 2)) == held(divided(tmp_path, 2, 1, 0))
    assert Devices() == Devices(1, 1, 0)


def test_a_sum_over_devices_is_a_row_of_its_own(tmp_path: Path) -> None:
    """No activation of the product before it, though it overwrites what it sums: 3 x 24 x 4 B."""
    (tmp_path / "b.yaml").write_text(BLOCK)
    (tmp_path / "m.yaml").write_text(f"{MACHINE}link: {{bandwidth: 1 GB/s}}\n")
    passes: list[str | Pass] = [TensorParallel(2), "fuse_activations"]
    run = cm.simulate(tmp_path / "b.yaml", tmp_path / "m.yaml", passes=passes)
    rows = {row.id: row for row in run.network.rows}
    assert [part.layer.kind for part in rows["out"].parts] == ["linear"]
    assert "out:all_reduce" in rows
    alone = f"name: A\nsource: s\ninput: [{TOKENS}, 24]\nlayers:\n  - sum: {{kind: all_reduce, devices: 2}}\n"
    (tmp_path / "b.yaml").write_text(alone)
    run = cm.simulate(tmp_path / "b.yaml", tmp_path / "m.yaml", placement="resident")
    assert run.totals["peak_internal_bytes"] == 288
