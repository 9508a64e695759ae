"""Where trains may be between two stops: many possible ways of each hop, with their weights.

What is seen of a hop is when the train came, when it came to the next stop, and perhaps when it
left. Three stories tell the same times: it ran much as usual; it was held at the platform; it was
held on the way, somewhere. Ways are drawn for each (the same draws for every hop: nothing is left
to chance), and weighted by how likely their dwell, running time and hold are. Their mean is the
place, their spread its error.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import ndtri

from covermap.core.geodesy import Floats, Ints
from covermap.core.placing.profile import Motion, done_m
from covermap.core.placing.timing import PULL, PULL_SD

Flags = NDArray[np.bool_]

USUAL, HELD, HALTED = 64, 32, 64
"""Ways drawn for each story."""
P_HELD, P_HALTED = 0.03, 0.03
"""The share of hops that a train is held for: at the platform before, or on the way."""
HOLD_S, HOLD_TAIL = 40.0, 2.0
"""Mean time of a hold, and the power at which long ones become rare (Lomax): hours happen."""
FREEDOM, STUDENT_AT_0 = 6.0, 0.3827327723098715
"""Degrees of freedom of Student's t, and its density at zero: how the usual story fits a time."""
SHORTEST_DWELL_S = 5.0
WANDER_SHARE = 0.01
"""Coasting, curves, signals: how far the course strays from a trapezoid in mid-hop, of its length
(standard error)."""


class Hops(NamedTuple):
    """Hops of one trip in order; arrays of one length. Times in s, with standard errors."""

    length_m: Floats
    turned: Flags
    """It goes back where the hop before came from."""
    arrive_s: Floats
    """At the stop where it begins."""
    arrive_sd_s: Floats
    depart_s: Floats
    depart_sd_s: Floats
    next_s: Floats
    """Arrival at the stop where it ends."""
    next_sd_s: Floats
    left: Flags
    """The departure was stamped."""
    dwell_s: Floats
    """As usual there, and how far that strays."""
    dwell_sd_s: Floats
    run_s: Floats
    run_sd_s: Floats


class Stories(NamedTuple):
    """Possible ways of hops; arrays [hops, ways], or [ways] where hops do not differ."""

    weight: Floats
    """They add up to one in each hop."""
    arrive_s: Floats
    depart_s: Floats
    first_s: Floats
    """Time from departure to the halt, or to the next stop."""
    halt_share: Floats
    """Share of the hop's length before the halt; 1: there is none."""
    halt_s: Floats
    """How long it halts."""
    rest_s: Floats
    """Time from the halt's end to the next stop."""
    up_mps2: Floats
    down_mps2: Floats


def stories_of(hops: Hops, motion: Motion) -> Stories:
    """Draw ways of hops and weigh them."""
    z = _draws()
    arrive = _at(hops.arrive_s, hops.arrive_sd_s, z[0])
    after = _at(hops.next_s, hops.next_sd_s, z[1])
    left = _at(hops.depart_s, hops.depart_sd_s, z[2])
    dwell = np.maximum(_at(hops.dwell_s, hops.dwell_sd_s, z[2]), SHORTEST_DWELL_S)
    run = np.maximum(_at(hops.run_s, hops.run_sd_s, z[3]), 1.0)
    kind = np.repeat([0, 1, 2], [USUAL, HELD, HALTED])
    usual = np.where(hops.left[:, None], left, arrive + dwell)
    held = np.where(hops.left[:, None], left, after - run)
    latest = np.maximum(after - (hops.length_m / motion.fastest_mps)[:, None], arrive)
    depart = np.clip(np.select([kind == 0, kind == 1], [left, held], usual), arrive, latest)
    late = after - usual - run
    weight = _weights(hops, late, kind)
    up, down = (motion.acceleration_mps2 * np.exp(PULL + PULL_SD * z[k]) for k in (4, 5))
    halt_share = np.where(kind == 2, z[6], 1.0)
    return _with_halts(hops, Stories(
        weight, arrive, depart, after - depart, halt_share, late, late, up, down
    ))  # fmt: skip


def _weights(hops: Hops, late: Floats, kind: Ints) -> Floats:
    """Weigh ways: each story by how well it tells the times, its ways by theirs.

    `late` is how much longer than usual the hop took by each way: the length of its hold.
    """
    begun = np.where(hops.left, hops.depart_s, hops.arrive_s + hops.dwell_s)
    sd = np.where(hops.left, hops.depart_sd_s, np.hypot(hops.arrive_sd_s, hops.dwell_sd_s))
    sd = np.sqrt(sd**2 + hops.next_sd_s**2 + hops.run_sd_s**2)
    off = (hops.next_s - begun - hops.run_s) / sd
    normal = (
        (1.0 - P_HELD - P_HALTED) * STUDENT_AT_0 * (1.0 + off**2 / FREEDOM) ** (-(FREEDOM + 1) / 2)
    )
    scale = HOLD_S * (HOLD_TAIL - 1.0)
    tail = (1.0 + np.maximum(late, 0.0) / scale) ** -(HOLD_TAIL + 1.0)
    hold = np.where(late > 0.0, HOLD_TAIL / scale * tail, 0.0)
    chance = np.array([0.0, P_HELD / HELD, P_HALTED / HALTED])[kind]
    first = np.where(kind == 0, (normal / sd / USUAL)[:, None], hold * chance)
    first[:, kind == 1] *= ~hops.left[:, None]
    return np.asarray(first / first.sum(axis=1, keepdims=True))


def _with_halts(hops: Hops, stories: Stories) -> Stories:
    """Share the time of ways with a halt: stopping and starting cost time, the rest is the halt."""
    halts = stories.halt_share < 1.0
    moving = np.maximum(stories.first_s - np.maximum(stories.halt_s, 0.0), 1e-3)
    mean = hops.length_m[:, None] / moving
    lost = np.minimum(
        np.maximum(stories.halt_s, 0.0), mean * (0.5 / stories.up_mps2 + 0.5 / stories.down_mps2)
    )
    both = moving + lost
    part = stories.halt_share * moving + 0.5 * lost
    return stories._replace(
        first_s=np.where(halts, part, stories.first_s),
        halt_s=np.where(halts, np.maximum(stories.halt_s, 0.0) - lost, 0.0),
        rest_s=np.where(halts, both - part, 0.0),
    )


def place(hops: Hops, stories: Stories, hop: Ints, time_s: Floats) -> tuple[Floats, Floats]:
    """Metres from the start of each sample's hop, and their standard error.

    Metres are negative where the train may not have come to the stop yet.
    """
    mean, spread = _moments(hop, time_s, hops.length_m, hops.turned, *stories)
    length = hops.length_m[hop]
    share = np.clip(mean / np.maximum(length, 1e-9), 0.0, 1.0)
    wander = 2.0 * WANDER_SHARE * length * np.sqrt(share * (1.0 - share))
    return mean, np.hypot(spread, wander)


@njit(cache=True)
def _moments(  # type: ignore[no-untyped-def]
    hop, time_s, length_m, turned, weight, arrive, depart, first, share, halt, rest, up, down
):
    mean, spread = np.zeros(len(hop)), np.zeros(len(hop))
    for i in range(len(hop)):
        h = hop[i]
        total = square = 0.0
        for w in range(weight.shape[1]):
            if weight[h, w] == 0.0:
                continue
            t = time_s[i] - depart[h, w]
            early = arrive[h, w] - time_s[i]
            if early > 0.0 and h == 0:
                at = 0.0  # nothing is known of the way to the first stop
            elif early > 0.0:
                at = 0.5 * down[w] * early**2 * (1.0 if turned[h] else -1.0)
            elif t <= first[h, w] or share[w] >= 1.0:
                at = done_m(t, share[w] * length_m[h], first[h, w], up[w], down[w])
            else:
                at = share[w] * length_m[h] + done_m(
                    t - first[h, w] - halt[h, w], (1.0 - share[w]) * length_m[h], rest[h, w],
                    up[w], down[w],
                )  # fmt: skip
            total += weight[h, w] * at
            square += weight[h, w] * at * at
        mean[i] = total
        spread[i] = np.sqrt(max(square - total * total, 0.0))
    return mean, spread


def _at(mean: Floats, sd: Floats, z: Floats) -> Floats:
    return np.asarray(mean[:, None] + sd[:, None] * z)


@lru_cache(maxsize=1)
def _draws() -> Floats:
    """Give standard normal draws for each way in six ways it can differ, and a share (0-1).

    An additive recurrence with the powers of the generalised golden ratio: points that fill space
    evenly (Weyl 1916; Roberts, "The unreasonable effectiveness of quasirandom sequences").
    """
    parts, n = 7, USUAL + HELD + HALTED
    ratio = 2.0
    for _ in range(60):
        ratio = (1.0 + ratio) ** (1.0 / (parts + 1))
    step = ratio ** -np.arange(1.0, parts + 1)
    # Each story takes its points from the start: they are spread evenly within it.
    number = np.concatenate([np.arange(1.0, k + 1) for k in (USUAL, HELD, HALTED)])
    even = np.mod(0.5 + step[:, None] * number, 1.0)
    assert even.shape == (parts, n)
    return np.vstack([ndtri(even[:-1]), even[-1:]])
