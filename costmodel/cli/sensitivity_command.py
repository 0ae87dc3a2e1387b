"""How much the total depends on each resource: shares, elasticities, a tornado plot."""

from __future__ import annotations

import argparse
import math

from costmodel.cli import options
from costmodel.language import units
from costmodel.report.numbers import columns, short
from costmodel.report.scan_plots import tornado
from costmodel.studies.scan.inverse.sensitivity import Effect, effects
from costmodel.studies.simulation import simulate

EXAMPLES = ("sensitivity hairnet --hw accel_1tflops",)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add_shared(parser, *options.RUN)
    options.add(parser, "--json FILE", "write the effects")
    options.add(parser, "--plot DIR", "write tornado.png")


def run(args: argparse.Namespace) -> int:
    """Print a line per resource."""
    done = simulate(options.network(args), args.hw, strict=False, **options.asked(args))
    every = effects(done)
    options.write(
        args,
        json=lambda: {
            "total_time_s": done.total_time,
            **({} if done.energy is None else {"energy_J": done.energy}),
            "effects": [effect.record() for effect in every],
            "provenance": done.provenance,
        },
        plot=lambda: {"tornado.png": [tornado(every, done)]},
    )
    head = ["resource", "share", "elasticity", "halved_s", "doubled_s"]
    energies = [] if done.energy is None else ["energy_elasticity", "halved_J", "doubled_J"]
    totals = [f"total {short(done.total_time)} s"]
    totals += [] if done.energy is None else [f"energy {units.show(done.energy, 'energy')}"]
    table = [[*head, *energies], *map(_row, every)]
    print("\n".join([", ".join(totals), *columns(table)]))
    print(
        f"elasticity: per cent more time{', or energy,' * bool(energies)} for one per cent more of "
        "the resource; the memory acts in steps"
    )
    print(*done.marks.values(), sep="\n", end="\n" * bool(done.marks))
    return 0


def _row(effect: Effect) -> list[str]:
    """A line of the table; the energies where there are any."""
    shown = [
        effect.resource,
        f"{100 * effect.share:.1f} %",
        f"{effect.elasticity:+.3f}",
        *(short(time) for time in (effect.halved_s, effect.doubled_s)),
    ]
    joules = (effect.halved_joules, effect.doubled_joules)
    if effect.energy_elasticity is None:
        return shown
    known = math.isfinite(effect.energy_elasticity)
    slope = f"{effect.energy_elasticity:+.3f}" if known else "-"
    return [*shown, slope, *(short(one or 0.0) for one in joules)]
