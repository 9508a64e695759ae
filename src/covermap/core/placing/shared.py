"""Least squares over many blocks that share some unknowns.

Each block (a run) has unknowns of its own and some in common with all others. The blocks' own are
eliminated one by one, so that many runs cost no more than each of them (Schur complement; block
elimination of bordered systems, e.g. Golub and Van Loan, Matrix Computations, 4th ed., 3.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from covermap.core.geodesy import Floats


class Block(NamedTuple):
    """Equations ``own @ x + shared @ c = right``, each with a standard error and a weight."""

    own: Floats
    shared: Floats
    right: Floats
    sd: Floats
    weight: Floats


class Solved(NamedTuple):
    """What is found: the unknowns in common, those of each block, and their covariances."""

    common: Floats
    cov: Floats
    own: list[Floats]
    own_cov: list[Floats]
    cross_cov: list[Floats]
    """Of each block's own unknowns with those in common."""

    def off(self, t: int, block: Block) -> tuple[Floats, Floats]:
        """Give by how much each equation of block `t` fails, and the variance of that."""
        off = block.own @ self.own[t] + block.shared @ self.common - block.right
        own = block.own @ self.own_cov[t] + 2.0 * block.shared @ self.cross_cov[t].T
        var = (own * block.own).sum(axis=1)
        var += ((block.shared @ self.cov) * block.shared).sum(axis=1)
        return off, np.maximum(var, 0.0)


def solve(blocks: Sequence[Block], prior_sd: Floats) -> Solved:
    """Solve blocks together.

    Parameters
    ----------
    blocks
        Each must determine its own unknowns where those in common are known.
    prior_sd
        Standard errors of the unknowns in common about zero, known beforehand.
    """
    normal, right, parts = np.diag(prior_sd**-2.0), np.zeros(len(prior_sd)), []
    for block in blocks:
        by = np.sqrt(block.weight) / block.sd
        a, b, r = block.own * by[:, None], block.shared * by[:, None], block.right * by
        inverse = np.asarray(np.linalg.inv(a.T @ a), np.float64)
        cross = a.T @ b
        gain = inverse @ cross
        normal += b.T @ b - cross.T @ gain
        right += b.T @ r - gain.T @ (a.T @ r)
        parts.append((inverse, gain, inverse @ (a.T @ r)))
    cov = np.asarray(np.linalg.inv(normal), np.float64)
    common = cov @ right
    return Solved(
        common,
        cov,
        [alone - gain @ common for _, gain, alone in parts],
        [inverse + gain @ cov @ gain.T for inverse, gain, _ in parts],
        [-gain @ cov for _, gain, _ in parts],
    )
