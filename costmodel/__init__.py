"""costmodel: an analytical hardware cost model for neural networks.

>>> import costmodel as cm
>>> round(cm.simulate("hairnet", "accel_1tflops").total_time, 12)
0.177157895424

Every name below is loaded when it is first asked for, so that the import alone stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from costmodel.version import VERSION

__version__ = VERSION

_PLACES = {
    "BadValue": "costmodel.errors",
    "Convention": "costmodel.core.convention",
    "CostModelError": "costmodel.errors",
    "HardwareProfile": "costmodel.hardware.profile",
    "InputError": "costmodel.errors",
    "Layer": "costmodel.core.layer",
    "MissingExtra": "costmodel.errors",
    "Network": "costmodel.core.network",
    "Pass": "costmodel.core.graph_pass",
    "Placement": "costmodel.core.placement",
    "Run": "costmodel.studies.run",
    "Timing": "costmodel.core.timing",
    "Traffic": "costmodel.core.traffic",
    "calibrate": "costmodel.studies.measured_times",
    "compare": "costmodel.studies.questions",
    "evaluate": "costmodel.studies.measured_times",
    "generate": "costmodel.studies.generate",
    "list_models": "costmodel.studies.questions",
    "load_network": "costmodel.core.loading",
    "load_profile": "costmodel.hardware.read",
    "scan": "costmodel.studies.scan",
    "sensitivity": "costmodel.studies.questions",
    "simulate": "costmodel.studies.simulation",
    "slope": "costmodel.studies.slope",
    "solve": "costmodel.studies.questions",
}
"""The public names, and the modules that define them."""

__all__ = [
    "BadValue",
    "Convention",
    "CostModelError",
    "HardwareProfile",
    "InputError",
    "Layer",
    "MissingExtra",
    "Network",
    "Pass",
    "Placement",
    "Run",
    "Timing",
    "Traffic",
    "calibrate",
    "compare",
    "evaluate",
    "generate",
    "list_models",
    "load_network",
    "load_profile",
    "scan",
    "sensitivity",
    "simulate",
    "slope",
    "solve",
]

if TYPE_CHECKING:
    from costmodel.core.convention import Convention
    from costmodel.core.graph_pass import Pass
    from costmodel.core.layer import Layer
    from costmodel.core.loading import load_network
    from costmodel.core.network import Network
    from costmodel.core.placement import Placement
    from costmodel.core.timing import Timing
    from costmodel.core.traffic import Traffic
    from costmodel.errors import BadValue, CostModelError, InputError, MissingExtra
    from costmodel.hardware.profile import HardwareProfile
    from costmodel.hardware.read import load_profile
    from costmodel.studies.generate import generate
    from costmodel.studies.measured_times import calibrate, evaluate
    from costmodel.studies.questions import compare, list_models, sensitivity, solve
    from costmodel.studies.run import Run
    from costmodel.studies.scan import scan
    from costmodel.studies.simulation import simulate
    from costmodel.studies.slope import slope


def __getattr__(name: str) -> Any:
    """A public name, loaded from its module and kept. Raises AttributeError for any other."""
    if name not in _PLACES:
        raise AttributeError(f"module 'costmodel' has no attribute '{name}'")
    found = globals()[name] = getattr(import_module(_PLACES[name]), name)
    return found


def __dir__() -> list[str]:
    """The public names and the version."""
    return [*__all__, "__version__"]
