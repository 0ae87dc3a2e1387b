"""Element types and their sizes."""

from __future__ import annotations

from costmodel.errors import BadValue, did_you_mean

# Bits per element. IEEE 754-2019 for fp64/32/16; bf16, tf32 (stored in 32 bits) and fp8 by
# their vendors' definitions; int4 packs two elements into a byte.
BITS = {
    "fp64": 64,
    "fp32": 32,
    "tf32": 32,
    "fp16": 16,
    "bf16": 16,
    "fp8": 8,
    "int64": 64,
    "int32": 32,
    "int16": 16,
    "int8": 8,
    "uint8": 8,
    "int4": 4,
}


def bits(dtype: str) -> int:
    """Bits per element of `dtype` [bit]; raises BadValue for an unknown one."""
    if dtype not in BITS:
        raise BadValue(f"unknown dtype '{dtype}'", did_you_mean(dtype, BITS))
    return BITS[dtype]


def size_of(count: int, bits: int) -> int:
    """Bytes of `count` elements of `bits` each, rounded up [B]."""
    return -(-count * bits // 8)


def whole(dtype: str) -> bool:
    """True for whole numbers, whose sums are held in int32 unless a machine says otherwise."""
    return "int" in dtype
