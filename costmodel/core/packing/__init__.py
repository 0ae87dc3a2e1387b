"""Addresses for tensors that live for a while: dynamic storage allocation, offline.

Functions of arrays alone, usable without a network. A tensor of some size is alive from a first
step to a last one, both included; two tensors that are alive at one step must not overlap.
"""

from costmodel.core.packing.bound import lower_bound
from costmodel.core.packing.first_fit import OUTSIDE
from costmodel.core.packing.greedy import Packing, orders, pack, rank

__all__ = ["OUTSIDE", "Packing", "lower_bound", "orders", "pack", "rank"]
