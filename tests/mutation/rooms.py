"""The rooms: which files are changed, and the tests that must notice every change of them."""

from __future__ import annotations

from typing import NamedTuple

MODELS, SCAN = "costmodel/models", "costmodel/studies/scan/**"
LAYERS, PAGE = f"{MODELS}/layers", "costmodel/report/page"


class Room(NamedTuple):
    """Files that belong together."""

    files: dict[str, tuple[str, ...]]
    """Patterns of files below the root, and of each the functions that are changed; empty: all."""
    tests: tuple[str, ...]
    """Files below tests/, or single tests; in this order, up to the first that fails."""


BLOCKS = "test_scan_forms.py::test_blocks_find_what_points_find"
LEVELS = "test_terms.py::test_a_plan_gives_each_map_its_level_and_each_level_has_a_term"
NOTHING = "test_guards.py::test_a_network_that_asks_for_nothing"
CHIP = "test_guards.py::test_every_point_and_column[serial-chip]"
UNREADABLE = "test_stated.py::test_terms_that_no_study_could_read_are_refused"
LINK = "test_guards.py::test_algorithms_on_a_link_are_chosen_at_each_point"
SOLVED = (
    "test_terms.py::test_solve_inverts_it",
    "test_terms.py::test_solve_under_overlap_is_a_bisection",
    "test_terms.py::test_two_paces_under_overlap_are_bisected",
)
NO_FORM = "test_guards.py::test_what_packs_or_looks_ahead_has_no_closed_form"
TOLD = "test_widening.py::test_a_rate_that_is_asked_for_is_not_told"
FUSED = "test_fused_reports.py::test_other_placements_are_refused"
REFUSED = "test_calibrate.py::test_a_timing_that_looks_ahead_is_refused"
QUANTISED = """
    every_format_to_the_byte lists_name_components_of_paths every_method_has_its_list
    gptq_names_what_it_quantises groups_of_compressed_tensors experts_one_by_one published_files
    types_that_a_run_computes_in what_is_refused targets_of_an_unknown_class targets_of_a_class groups_that_nothing_is_said_of
    nothing_is_quantised a_nested_section a_tied_head_is_not_quantised
    the_names_of_another_family parameters_stay_what_they_are what_stands_behind_narrow_weights weights_of_a_layer_in_yaml
"""
"""Those of test_quantised.py that take no long networks."""
SHARED = ("divided", "heads_read", "_kept")
ROOMS = {
    "serving": Room(
        {
            "costmodel/studies/generate.py": (),
            "costmodel/studies/device_memory.py": (),
            "costmodel/studies/mean_step.py": (),
        },
        ("test_served.py",),
    ),
    "devices": Room(
        {
            f"{MODELS}/passes/tensor_parallel.py": (),
            "costmodel/core/sharing.py": (),
            "costmodel/core/layer.py": SHARED,
            f"{LAYERS}/[!_]*.py": SHARED,
            f"{LAYERS}/all_reduce.py": (),
        },
        ("test_divided.py", "test_tensor_parallel.py"),
    ),
    "experts": Room(
        {f"{LAYERS}/moe.py": (), "costmodel/studies/calibration/kernels.py": ("_experts",)},
        ("test_experts.py", "test_divided.py"),
    ),
    "configs": Room(
        {
            "costmodel/frontends/config/*.py": (),
            "costmodel/frontends/config/quantization/*.py": (),
            "costmodel/frontends/config/families/*": (),
        },
        ("test_configs.py", *(f"test_quantised.py::test_{name}" for name in QUANTISED.split())),
    ),
    "guards": Room(
        {f"{SCAN}/{name}.py": () for name in ("overlapped", "closed_form", "surface", "general")},
        ("test_guards.py", "test_inverse.py", "test_overlapped.py", BLOCKS),
    ),
    "counts": Room(
        {f"{SCAN}/{name}.py": () for name in ("polynomials", "counts", "form")},
        ("test_polynomials.py", CHIP, NOTHING),
    ),
    "steps": Room(
        {f"{SCAN}/step_search.py": ()},
        tuple(
            f"test_scan_forms.py::test_steps_{word}"
            for word in ("are_a_binary_search", "in_buckets")
        ),
    ),
    "inverse": Room(
        {f"{SCAN}/{name}.py": () for name in ("solve", "outermost")},
        ("test_inverse.py", *SOLVED, NO_FORM, TOLD, FUSED),
    ),
    "parts": Room({f"{SCAN}/engines.py": ("run", "RETRIES", "AHEAD")}, ("test_parts_again.py",)),
    "terms": Room(
        {f"costmodel/core/{name}.py": () for name in ("terms", "amounts", "formula")},
        ("test_list_of_terms.py", LEVELS, CHIP, LINK, UNREADABLE),
    ),
    "pipelined": Room(
        {f"{MODELS}/timing/pipelined.py": ()}, ("test_ahead.py", "test_prefetching.py", REFUSED)
    ),
    "tiles": Room({"costmodel/core/tiling/windows.py": ()}, ("test_tile_sizes.py",)),
    "page": Room(
        {f"{PAGE}/{name}": () for name in ("units.js", "model.js", "lanes.js", "units_data.py")},
        ("test_page_model.py",),
    ),
}

STUDIES, QUANTIZATION = "costmodel/studies", "costmodel/frontends/config/quantization"
HOUSE: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "weights of the mean step": (
        f"{STUDIES}/mean_step.py", "(6 * (count - 1))", "(4 * (count - 1))", ("test_served.py",),
    ),
    "the served length": (
        f"{STUDIES}/generate.py", "self.generate // 2 if", "self.generate if", ("test_served.py",),
    ),
    "the activation in largest_batch": (
        f"{STUDIES}/generate.py", "room -= memory.activation", "pass", ("test_served.py",),
    ),
    "the guard of rows with two paces": (
        f"{STUDIES}/scan/forms/overlapped.py", "if (moves.sum(axis=0) > 1).any() or (works.sum(axis=0) > 1).any():",
        "if False:", ("test_guards.py",),
    ),
    "fixed times that are no polynomial": (
        f"{STUDIES}/scan/forms/polynomials.py", "return exact and np.allclose(seconds, expected, rtol=1e-9, atol=1e-15)", "return exact",
        ("test_polynomials.py",),
    ),
    "no part is asked for again": (
        f"{STUDIES}/scan/running/engines.py", "RETRIES = 3", "RETRIES = 0", ("test_parts_again.py",),
    ),
    "scratch of experts": (
        f"{LAYERS}/moe.py", "(3 * self.hidden + features))", "(2 * self.hidden + features))",
        ("test_experts.py",),
    ),
    "shared experts per device": (
        f"{LAYERS}/moe.py", "shared=-(-self.shared // devices.number)", "shared=self.shared",
        ("test_divided.py",),
    ),
    "weights by gptq": (
        f"{QUANTIZATION}/packed.py", 'return Format(f"int{bits}", bits, (Scale(16, 1, group), Scale(bits, 1, group), INDEX))',
        'return Format(f"int{bits}", 16)', ("test_quantised.py",),
    ),
    "weights by awq": (
        f"{QUANTIZATION}/__init__.py", '"awq": packed.awq', '"awq": packed.gptq', ("test_quantised.py",),
    ),
    "awake experts of the kernel fit": (
        f"{STUDIES}/calibration/kernels.py", "awake = experts * (1 - (1 - chosen / experts) ** tokens)",
        "awake = experts", ("test_experts.py",),
    ),
    "Ki of the sliders": (
        "costmodel/language/units.py", '"Ki": 2**10', '"Ki": 1000', ("test_page_model.py",),
    ),
    "windows cut at every integer": (
        "costmodel/core/tiling/windows.py", "EVERY = 64", "EVERY = 0", ("test_tile_sizes.py",),
    ),
    "parameters that take no time on the bus": (
        f"{MODELS}/timing/pipelined.py", "np.where(seconds > 0, params, 0.0)", "params", ("test_ahead.py",),
    ),
}  # fmt: skip
"""Changes made by hand that no test noticed once: file, old and new text, and the tests."""
