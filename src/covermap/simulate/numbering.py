"""Identities of cells: what the network calls each sector, the same in logs and site tables.

ECI = eNodeB * 256 + cell (28 bits; 3GPP TS 36.413); NCI = gNodeB * 4096 + cell (36 bits with a
24-bit gNodeB; TS 38.413). Ours are made up: node numbers count the sites of an operator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covermap.simulate.sites import CARRIERS, Sites

Ints = NDArray[np.int64]

FIRST_NODE = 100_000
NR_FIRST_CELL, NBIOT_FIRST_CELL = 0, 64


@dataclass(frozen=True)
class Identities:
    """Identities of cells; arrays of one length."""

    node: Ints
    cell: Ints
    cell_id: Ints
    """ECI or NCI."""
    pci: Ints
    arfcn: Ints
    tac: Ints
    band: NDArray[np.str_]


def identify(own: Sites, technology: str, site: Ints, sector: Ints) -> Identities:
    """Give the identities of sectors of sites; same length."""
    nr = technology == "nr"
    node = FIRST_NODE + site
    cell = sector + (NBIOT_FIRST_CELL if technology == "nbiot" else NR_FIRST_CELL) + 1
    band = (own.nr_band if nr else own.lte_band)[site]
    return Identities(
        node=node,
        cell=cell,
        cell_id=node * (4096 if nr else 256) + cell,
        pci=(site * 3 + sector) % (1008 if nr else 504),
        arfcn=np.array([CARRIERS[b][1] if b else 0 for b in band], dtype=np.int64),
        tac=tracking_area(own)[site],
        band=band,
    )


def tracking_area(own: Sites) -> Ints:
    """Tracking area of each site: squares of 30 km; same length."""
    east, north = np.floor(own.x / 30_000), np.floor(own.y / 30_000)
    return (20_480 + 64 * (north + 32) + (east + 32)).astype(np.int64)
