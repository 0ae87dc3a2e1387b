"""Hardware profiles: a YAML file of named quantities, checked by pydantic, to plain numbers."""

from __future__ import annotations

from costmodel.hardware.machine import Machine, machine_for
from costmodel.hardware.profile import HardwareProfile
from costmodel.hardware.read import load_profile

__all__ = ["HardwareProfile", "Machine", "load_profile", "machine_for"]
