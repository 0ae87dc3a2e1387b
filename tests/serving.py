"""Predict measured serving rows: python tests/serving.py dev_serving.csv CONFIGS [ablation].

The table is that of aiconfigurator 0.12.0's validation data (Apache-2.0): model, system, input and output length, concurrency,
devices, measured time to first token and per token. CONFIGS is a folder of config.json files, one for each model. Prints the errors
that docs/language_models.md quotes; with a third word also what each term of the machine is worth.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import costmodel as cm
from costmodel.hardware.profile import HardwareProfile
from costmodel.hardware.read import load_profile

CONFIGS = {"8b": "Meta-Llama-3.1-8B", "70b": "Meta-Llama-3.1-70B", "gpt-oss": "gpt-oss-120b"}
MACHINES = {"h100_sxm": "h100_measured", "h200_sxm": "h200"}
FP8 = "{weights: fp8, maps: fp8, state: bf16}"
IDEAL: dict[str, dict[str, Any]] = {
    "shares": {"compute": 1.0, "bandwidth": 1.0, "parameters": None},
    "launches": {"launch": 0.0},
    "per_head": {"per_head": 0.0},
    "exposed": {"exposed": 0.0},
}
"""What a term is without its cost."""
QUEUED = 5.0
"""[s] a time to the first token from which a row waited for memory or for its turn."""


def predicted(table: pd.DataFrame, configs: Path, profiles: dict[str, HardwareProfile]) -> Any:
    """Each row with its errors."""
    found = []
    for row in table.to_dict("records"):
        config = next(name for word, name in CONFIGS.items() if word in row["model_path"].lower())
        fp8 = "fp8" in (row["precision"], row["gemm_quant_mode"])
        one = cm.generate(
            configs / f"{config}.json",
            profiles[row["system"]],
            int(row["isl"]),
            int(row["osl"]),
            concurrency=int(row["batch_size"]),
            tensor_parallel=int(row["tp_size"]),
            expert_parallel=1 if np.isnan(row["moe_ep_size"]) else int(row["moe_ep_size"]),
            dtype=FP8 if fp8 else None,
        )
        low, high = one.ttft_interval
        ttft = row["silicon_ttft_ms"] / 1e3
        found.append(
            {
                "model": config,
                "system": row["system"],
                "devices": row["tp_size"],
                "error": abs((one.tpot or 0.0) * 1e3 / row["silicon_tpot_ms"] - 1),
                "inside": low <= ttft <= high,
                "fits": one.memory.fits,
                "queued": ttft > QUEUED,
            }
        )
    return pd.DataFrame(found)


def show(found: Any) -> None:
    """Errors by model, machine and devices, and over all."""
    print(found.groupby(["model", "system", "devices"]).error.agg(["mean", "median", "size"]))
    for word, rows in (("all", found), ("not queued", found[~found.queued])):
        mean, median, size = rows.error.mean(), rows.error.median(), len(rows)
        print(f"{word}: mean {mean:.1%}, median {median:.1%}, {size} rows")
    print(f"inside where it fits: {found[found.fits].inside.mean():.1%}")
    print(f"called too large with an ordinary wait: {int((~found.fits & ~found.queued).sum())}")


def without(profile: HardwareProfile, term: str) -> HardwareProfile:
    """A machine without one of its terms."""
    if term == "overhead":
        return profile.model_copy(update={"overhead": 0.0})
    ideal = IDEAL[term]
    entries = {w: one.model_copy(update=ideal) for w, one in profile.efficiency.items()}
    return profile.model_copy(update={"efficiency": entries})


def main(file: Path, configs: Path, *, ablation: bool) -> None:
    """Print the errors."""
    table = pd.read_csv(file)
    profiles = {system: load_profile(name) for system, name in MACHINES.items()}
    show(predicted(table, configs, profiles))
    if ablation:
        mine = table[(table.system == "h100_sxm") & table.model_path.str.contains("lama")]
        for term in ("", "overhead", "per_head", "exposed", "launches", "shares"):
            machine = profiles["h100_sxm"]
            used = {"h100_sxm": without(machine, term) if term else machine}
            error = predicted(mine, configs, used).error
            print(
                f"without {term or 'nothing':10} mean {error.mean():.1%}, median {error.median():.1%}"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), ablation=len(sys.argv) > 3)
