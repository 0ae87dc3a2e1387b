"""Changes that nothing can notice, and why."""

from __future__ import annotations

from mutation.mutant import Mutant

REASONS: dict[str, dict[str, str]] = {
    "__init__.py": {
        "Config.load: self, path: Path, settings: Mapping[str, Any], *, strict: bool = True": (
            "a config has no operators that could be unknown"
        ),
        "FLOATS: FLOATS = {'float32': 'fp32', 'float16': 'fp16'}": "bf16 stands for every other word",
    },
    "generate.py": {
        "Generation.ttft: return ((low * high) ** 0.5)": "of a batch both ends are the prefill itself",
        "Generation.tokens_per_s: total = self.prefill_time + steps * (self.step or 1.0)": "where there is no step there are none",
    },
    "device_memory.py": {"named_state_elements: if False:": "the sum over no states is 0; it saves a network"},
    "attention.py": {
        "Attention._kept: heads = self.kv_heads or self.heads or 2": "asked only where there are heads",
    },
    "all_reduce.py": {
        # 2 round(log2 n) messages of as many bytes as the 2 before them
        "AllReduce.message: ((1, float(others * count)), (2, halves), (3 * round(log2(self.devices)), halves))": (
            "never the quickest way"
        ),
        "AllReduce.message: ((1, float(others * count)), (2, halves), (2 * int(log2(self.devices)), halves))": (
            "never the quickest way"
        ),
    },
    "moe.py": {
        "Moe.params_read: tokens, features = sum(inputs[0][:-1]) * samples, inputs[0][-1]": "tokens are one axis",
    },
    "kernels.py": {
        '_experts: return "experts", table.roofline(work, moved), START | {"launch": 6e-05}': (
            "where a fit starts; it ends where it did"
        ),
    },
    "polynomials.py": {
        'DEGREES: DEGREES = {"batch": 2, "arch.context": 1, "arch.tokens": 2}': "more degrees than it takes",
        'DEGREES: DEGREES = {"batch": 1, "arch.context": 2, "arch.tokens": 2}': "more degrees than it takes",
        'DEGREES: DEGREES = {"batch": 1, "arch.context": 1, "arch.tokens": 3}': "more degrees than it takes",
        "polynomials: [low + step for step in range(DEGREES[name] + 2)] if high > low else [low]": (
            "more degrees than it takes"
        ),
        "polynomials: for word in counted[1]": "every run is counted under the same words",
        '_shares: "matrix_work": np.where(work.matrix_ops > 1, costs.matrix_work / work.matrix_ops, 1.0),': (
            "a multiply-add is two operations"
        ),
        "_interpolated: grid = grid.reshape(*(len(stop) for stop in stops), -2)": "numpy takes it for -1",
        "_interpolated: return np.asarray(grid.reshape(len(known), -2)[:, which])": "numpy takes it for -1",
        "_alike: return all(np.allclose(other, first, rtol=2e-12, atol=0.0) for other in others)": (
            "how far rounding may be off"
        ),
        "_holds: return exact and np.allclose(seconds, expected, rtol=2e-09, atol=1e-15)": (
            "how far rounding may be off"
        ),
        "_holds: return exact and np.allclose(seconds, expected, rtol=1e-9, atol=2e-15)": (
            "how far rounding may be off"
        ),
    },
    "formula.py": {
        "evaluate: if True:": "what is placed again is placed alike; it saves time",
        "evaluate: on_chip = (times['on_chip'])": "no bytes on chip take no time",
    },
}  # fmt: skip
"""For each file, by function and by the line with the change in it: why it changes nothing."""


def reason(mutant: Mutant) -> str | None:
    """Why nothing can notice a mutant; None if something should."""
    return REASONS.get(mutant.file.name, {}).get(f"{mutant.function}: {mutant.text}")
