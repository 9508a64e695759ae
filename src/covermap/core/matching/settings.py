"""How tracks are matched: the figures, with where they come from."""

from __future__ import annotations

from typing import NamedTuple


class MatchSettings(NamedTuple):
    """Settings of the matcher; a named tuple, so that numba can take it."""

    sigma_m: float = 5.0
    """Standard deviation of a position where the sample has none of its own, m."""
    beta_m: float = 5.0
    """Scale of ``|route - great circle|`` from sample to sample, m (at one second)."""
    beta_share: float = 0.05
    """What is added to it for each metre between the samples."""
    choice_m: float = 40.0
    """A route costs 1 for each so many metres that the choice of a route counts beyond its own: for
    turns (see ``routes``), and for roads slower than is usual. Picked among 20, 40 and 80 on
    simulated drives through a city, where 20 was the best by little."""
    radius_m: float = 60.0
    """How far from a sample lines are looked for."""
    far_m: float = 200.0
    """How far where there is none within `radius_m`."""
    tail: float = 3.0
    """Sigmas from which on an offset costs linearly, not by its square."""
    heading_weight: float = 4.0
    """Cost of a heading at right angles to an arc; twice that for the opposite."""
    worst: float = 20.0
    """States that cost so much more than the sample's best are let go: a share of e^-20."""
    turn_cost: float = 20.0
    """Cost of turning round anywhere; at a dead end or terminus, `dead_end_cost`. Not estimated: a
    turn must outweigh two samples that lie three sigmas off (2 x 4.5) and a step back of 10 sigmas.
    """
    dead_end_cost: float = 4.0
    back_m: float = 30.0
    """A step back along an arc of at most this is noise: six sigmas of one position."""
    thin: float = 2.0
    """Samples nearer than so many sigmas to the one before are placed afterwards (N. & K.)."""
    detour: float = 2.0
    """A route may be so many times as long as the straight line, and `detour_m` more."""
    detour_m: float = 300.0
    max_speed_m_s: float = 110.0
    """No vehicle is faster (350 km/h is 97 m/s)."""
    skip_samples: int = 4
    """So many samples in a row may lie off every possible route before the track is split."""
    skip_s: float = 10.0
    """... or so many seconds of them."""
