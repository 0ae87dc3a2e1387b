"""Energies of memories and operations by technology, looked up in shipped tables.

Every number stands in a CSV file of this folder with its source; `docs/energy.md` shows them all.
Between the sizes that a table lists, the energy of a byte on chip is a straight line over the
square root of the size; outside them, and where no table lists a figure, the look-up is refused by
name: nothing is scaled from one technology to another.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from costmodel.errors import BadValue
from costmodel.hardware.technology import tables
from costmodel.hardware.technology.tables import Listed, check_dram, check_technology
from costmodel.language import dtypes, units

__all__ = ["Memory", "add", "check_dram", "check_technology", "dram", "mac", "reads", "sram"]


class Memory(NamedTuple):
    """What a byte of a memory takes, and where that was seen."""

    read: Any
    """[J/B]"""
    write: Any
    """[J/B]"""
    source: str


def sram(technology: str, size: Any) -> Memory:
    """Give the energy of a byte of an on-chip memory.

    Parameters
    ----------
    technology : str
        Such as '22 nm'.
    size : float or array (...)
        How large the memory is [B].

    Returns
    -------
    Memory
        Energies of reading and of writing a byte (...) [J/B]. Where the technology's table lists no
        writes, one is taken as a read; where it lists a few, they are joined by lines; the source
        says so.

    Raises
    ------
    BadValue
        For an unknown technology, one without memories, and a size outside those that are listed.

    Examples
    --------
    64 bits of 8 KiB take 1.73 pJ at 22 nm, and of 32 KiB 4 pJ; of 18 KiB, half way between them by
    the square root, 2.865 pJ, an eighth of which is a byte's.

    >>> round(1e12 * float(sram("22 nm", 18 * 1024).read), 6)
    0.358125

    """
    import numpy as np

    check_technology(technology)
    if technology not in tables.memories():
        known = ", ".join(tables.memories())
        raise BadValue(f"no table lists on-chip memories at {technology}", f"known: {known}")
    listed = tables.memories()[technology]
    least, most = listed.size[0], listed.size[-1]
    if np.min(size) < least or np.max(size) > most:
        outside = np.min(size) if np.min(size) < least else np.max(size)
        raise BadValue(
            f"{_size(outside)} of on-chip memory at {technology}",
            f"its table goes from {_size(least)} to {_size(most)}: state its energy",
        )
    at, roots = np.sqrt(size), np.sqrt(listed.size)
    read, there = np.interp(at, roots, listed.read), ~np.isnan(listed.write)
    source = "; ".join(dict.fromkeys(listed.sources))
    if not there.any():
        return Memory(read, read, f"{source}; a write is taken as a read, of which none is listed")
    if not there.all():
        some = " and ".join(_size(one) for one in listed.size[there])
        source = f"{source}; writes are listed at {some} alone, and lie on a line between them"
    return Memory(read, np.interp(at, roots[there], listed.write[there]), source)


def reads(technology: str, size: Any) -> Any:
    """Give the energy of a byte read from memories of many sizes (...) [J/B]; NaN off the table.

    >>> reads("22 nm", [1024, 8192])
    array([       nan, 2.1625e-13])

    """
    import numpy as np

    listed = tables.memories()[technology]
    edges = {"left": np.nan, "right": np.nan}
    return np.interp(np.sqrt(size), np.sqrt(listed.size), listed.read, **edges)


def accesses(technology: str, size: Any) -> tuple[Any, Any]:
    """Give the energies of a byte read from and written to memories of many sizes (...) [J/B].

    They are NaN off the table.
    """
    import numpy as np

    listed = np.asarray(tables.memories()[technology].size)
    sizes = np.asarray(size, dtype=float)
    inside = (sizes >= listed[0]) & (sizes <= listed[-1])
    known = sram(technology, np.clip(sizes, listed[0], listed[-1]))
    return np.where(inside, known.read, np.nan), np.where(inside, known.write, np.nan)


def dram(kind: str) -> Memory:
    """Give the energy of a byte of an external memory, read or written [J/B].

    Raises BadValue for a `kind` that no table lists.

    >>> dram("LPDDR4").read
    6.4e-11

    """
    check_dram(kind)
    value, source = tables.drams()[kind]
    return Memory(value, value, source)


def mac(technology: str, dtype: str) -> Listed:
    """Give the energy of a multiply-add of elements of `dtype` [J], and its source.

    It is a multiplication in that type and an addition to a sum of 32 bits where no table lists a
    multiply-add. Raises BadValue where neither is listed.

    >>> round(1e12 * mac("45 nm", "int8").value, 6)
    0.3

    """
    check_technology(technology)
    known = tables.operations()
    if (technology, "multiply-add", dtype) in known:
        return known[technology, "multiply-add", dtype]
    wide = "int32" if dtypes.whole(dtype) else "fp32"
    product = known.get((technology, "multiply", dtype))
    total = known.get((technology, "add", wide))
    if product is None or total is None:
        raise _unlisted("multiply-add", technology, dtype)
    parts = f"{units.show(product.value, 'energy')} and an {wide} addition"
    return Listed(product.value + total.value, f"{parts}: {product.source}")


def add(technology: str, dtype: str) -> Listed:
    """Give the energy of an addition of two elements of `dtype` [J], and its source.

    Raises BadValue where none is listed.

    >>> add("45 nm", "fp16").value
    4e-13

    """
    check_technology(technology)
    found = tables.operations().get((technology, "add", dtype))
    if found is None:
        raise _unlisted("addition", technology, dtype)
    return found


def _unlisted(what: str, technology: str, dtype: str) -> BadValue:
    """Say that no table lists an operation, and of which types and technologies one is listed."""
    words = {"multiply-add": ("multiply-add", "multiply"), "addition": ("add",)}[what]
    known = tables.operations()
    where = dict.fromkeys(f"{kind} at {node}" for node, name, kind in known if name in words)
    said = f"no table lists the energy of {units.a(what)} of {dtype} at {technology}"
    return BadValue(said, f"state it; listed are {', '.join(where)}")


def _size(size: float) -> str:
    """A size in binary units, as tables have it."""
    for unit, bytes_ in (("MiB", 2**20), ("KiB", 2**10)):
        if size >= bytes_:
            return f"{size / bytes_:.6g} {unit}"
    return f"{size:.6g} B"
