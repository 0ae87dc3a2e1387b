"""How much the total depends on each resource: shares, elasticities, a tornado plot."""

from __future__ import annotations

import argparse

from costmodel.cli import options
from costmodel.report.numbers import columns, short
from costmodel.report.scan_plots import tornado
from costmodel.studies.scan.inverse.sensitivity import effects
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
            "effects": [vars(effect) for effect in every],
            "provenance": done.provenance,
        },
        plot=lambda: {"tornado.png": [tornado(every, done)]},
    )
    table = [["resource", "share", "elasticity", "halved_s", "doubled_s"]]
    for effect in every:
        times = (short(effect.halved_s), short(effect.doubled_s))
        share = f"{100 * effect.share:.1f} %"
        table.append([effect.resource, share, f"{effect.elasticity:+.3f}", *times])
    print("\n".join([f"total {short(done.total_time)} s", *columns(table)]))
    print(
        "elasticity: per cent more time for one per cent more of the resource; "
        "the memory acts in steps"
    )
    print(*done.marks.values(), sep="\n", end="\n" * bool(done.marks))
    return 0
