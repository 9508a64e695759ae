"""Posterior paths, bit-packed: bit k of a segment says whether draw k reaches the threshold.

Draw k is bit ``k % 8`` of byte ``k // 8``. One draw is one state of the world, on every line and
layer, so that sums over units are taken draw by draw and only then made an interval.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Bits = NDArray[np.uint8]


@njit(cache=True)
def probabilities(bits: Bits) -> Floats:
    """Give the share of draws that reach the threshold, per segment."""
    found = np.empty(len(bits))
    for s in range(len(bits)):
        count = 0
        for byte in bits[s]:
            b = int(byte)
            b = b - ((b >> 1) & 0x55)
            b = (b & 0x33) + ((b >> 2) & 0x33)
            count += (b + (b >> 4)) & 0x0F
        found[s] = count / (8 * bits.shape[1])
    return found


@njit(cache=True)
def length_by_draw(
    offset: Ints, segment: Ints, length_mm: Ints, chosen: Flags, bits: Bits
) -> NDArray[np.int64]:
    """Add up, per unit and draw, the length that reaches the threshold, mm.

    Parameters
    ----------
    offset, segment, length_mm
        Units in pieces, as in `Pieces`.
    chosen
        Per segment: whether it counts.
    bits
        Shape (segments, draws / 8).

    Returns
    -------
    int64 array
        Shape (units, draws).
    """
    draws = 8 * bits.shape[1]
    found = np.zeros((len(offset) - 1, draws), np.int64)
    for u in range(len(offset) - 1):
        sums = found[u]
        for p in range(offset[u], offset[u + 1]):
            s = segment[p]
            if not chosen[s]:
                continue
            mm = length_mm[p]
            for k in range(draws):
                sums[k] += mm * ((bits[s, k >> 3] >> (k & 7)) & 1)
    return found


def either(members: list[Bits], assessed: list[Flags]) -> Bits:
    """Draw by draw: at least one member reaches it; a member not assessed counts as not."""
    bits = np.zeros_like(members[0])
    for member, known in zip(members, assessed, strict=True):
        bits |= np.where(known[:, None], member, np.uint8(0))
    return bits


def each(members: list[Bits], assessed: list[Flags]) -> Bits:
    """Draw by draw: every member reaches it; a member not assessed does not stand in the way."""
    bits = np.full_like(members[0], 255)
    for member, known in zip(members, assessed, strict=True):
        bits &= np.where(known[:, None], member, np.uint8(255))
    return bits


def pack(flags: Flags) -> Bits:
    """Pack draws (last axis, a multiple of eight) into bytes.

    Examples
    --------
    >>> pack(np.array([[True, False, False, False, False, False, False, True]])).tolist()
    [[129]]
    """
    return np.packbits(flags, axis=-1, bitorder="little")


def unpack(bits: Bits) -> Flags:
    """Give the draws of packed bytes."""
    return np.unpackbits(bits, axis=-1, bitorder="little").astype(np.bool_)
