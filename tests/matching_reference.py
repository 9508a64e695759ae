"""The matcher once more, plain and slow: loops, dictionaries and a heap."""

import heapq
import math
from itertools import pairwise

import numpy as np
import shapely

from covermap.core.matching.cells import metres_at
from covermap.core.matching.routes import ROUND_M, TURN_M
from covermap.core.matching.steps import bound_for


def feet(graph, geometry, x, y, kx, ky, radius):
    """Edge, metres along it as drawn, and distance, of every edge within a radius."""
    for edge, line in enumerate(geometry):
        best = (math.inf, 0.0)
        start = 0.0
        course = shapely.get_coordinates(line)
        first = graph.first_step[edge]
        for k, ((ax, ay), (bx, by)) in enumerate(pairwise(course)):
            length = graph.step_length_m[first + k]
            px, py, dx, dy = (ax - x) * kx, (ay - y) * ky, (bx - ax) * kx, (by - ay) * ky
            t = min(1.0, max(0.0, -(px * dx + py * dy) / (dx * dx + dy * dy)))
            best = min(best, (math.hypot(px + t * dx, py + t * dy), start + t * length))
            start += length
        if best[0] <= radius:
            yield edge, best[1], best[0]


def states(graph, geometry, x, y, settings):
    """Arc, metres on it and cost of each state of a sample."""
    kx, ky = metres_at(graph.cells, y)
    made = []
    for edge, along, offset in feet(graph, geometry, x, y, kx, ky, settings.radius_m):
        z = offset / settings.sigma_m
        cost = 0.5 * z * z if z <= settings.tail else settings.tail * (z - 0.5 * settings.tail)
        for back in (0, 1):
            if graph.open[2 * edge + back]:
                at = graph.length_m[edge] - along if back else along
                made.append((2 * edge + back, at, cost))
    least = min((c for _, _, c in made), default=0.0)
    return [s for s in made if s[2] <= least + settings.worst]


def routes(graph, source, bound):
    """For each arc: what the choice counts, metres and turns round from the end of `source`."""
    leaving = {}
    for arc in np.flatnonzero(graph.open):
        leaving.setdefault(int(graph.tail[arc]), []).append(int(arc))
    found, heap = {}, [(0.0, -1, source, 0.0, (0, 0))]
    while heap:
        cost, arc, last, metres, turns = heapq.heappop(heap)
        if arc in found:
            continue
        if arc >= 0:
            found[arc] = (cost, metres, turns)
            cost, metres, last = cost + graph.weight[arc], metres + graph.length_m[arc >> 1], arc
        ways = leaving.get(int(graph.head[last]), [])
        for b in ways:
            turn, new = TURN_M * (1 - math.cos(graph.bearing[b, 0] - graph.bearing[last, 1])), turns
            if b == last ^ 1:
                dead = len(ways) <= 1
                turn = TURN_M if dead else ROUND_M
                new = (turns[0] + dead, turns[1] + (not dead))
            if cost + turn <= bound and b not in found:
                heapq.heappush(heap, (cost + turn, b, last, metres, new))
    return found


def step(graph, a, p, b, q, straight, longest, settings):
    """Cost of going from `p` on arc `a` to `q` on arc `b`."""
    beta = settings.beta_m + settings.beta_share * straight
    whole, best = graph.length_m[a >> 1], math.inf
    if a == b and -settings.back_m <= q - p <= longest:
        best = abs(q - p - straight) / beta
    if b == a ^ 1 and -longest <= whole - q - p <= 0.0:
        best = abs(p + q - whole - straight) / beta + settings.turn_cost
    if a != b or q < p:
        found = routes(graph, a, bound_for(longest)).get(b)
        if found and whole - p + q + found[1] <= longest:
            dead, other = found[2]
            turns = dead * settings.dead_end_cost + other * settings.turn_cost
            beyond = (found[0] - found[1]) / settings.choice_m
            best = min(best, abs(whole - p + q + found[1] - straight) / beta + beyond + turns)
    return best


def match(graph, geometry, lon, lat, time, settings):
    """States of each sample, the best one, its cost, and the probability of each; None: no path."""
    columns = [states(graph, geometry, x, y, settings) for x, y in zip(lon, lat, strict=True)]
    if not all(columns):
        return None
    score, back, steps = [[c for _, _, c in columns[0]]], [], []
    for t in range(1, len(columns)):
        kx, ky = metres_at(graph.cells, lat[t])
        straight = math.hypot((lon[t] - lon[t - 1]) * kx, (lat[t] - lat[t - 1]) * ky)
        longest = min(
            settings.detour * straight + settings.detour_m,
            settings.max_speed_m_s * (time[t] - time[t - 1]) + 6.0 * settings.sigma_m,
        )
        costs = [
            [step(graph, a, p, b, q, straight, longest, settings) for a, p, _ in columns[t - 1]]
            for b, q, _ in columns[t]
        ]
        steps.append(costs)
        ways = [[s + c for s, c in zip(score[-1], row, strict=True)] for row in costs]
        back.append([int(np.argmin(w)) for w in ways])
        score.append([min(w) + s[2] for w, s in zip(ways, columns[t], strict=True)])
        if min(score[-1]) == math.inf:
            return None
    chosen = [int(np.argmin(score[-1]))]
    for before in reversed(back):
        chosen.append(before[chosen[-1]])
    return columns, chosen[::-1], min(score[-1]), _posterior(columns, steps)


def _posterior(columns, steps):
    likely = [np.exp(-np.array([c for _, _, c in column])) for column in columns]
    move = [np.exp(-np.array(costs)) for costs in steps]
    ahead, behind = [likely[0]], [np.ones(len(likely[-1]))]
    for m, now in zip(move, likely[1:], strict=True):
        ahead.append((m @ ahead[-1]) * now)
        ahead[-1] = ahead[-1] / ahead[-1].sum()
    for m, now in zip(move[::-1], likely[:0:-1], strict=True):
        behind.append(m.T @ (behind[-1] * now))
        behind[-1] = behind[-1] / behind[-1].sum()
    made = [a * b for a, b in zip(ahead, behind[::-1], strict=True)]
    return [m / m.sum() for m in made]
