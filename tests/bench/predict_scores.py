"""Scores of prediction: simulated worlds whose truth is known, and real drives beside peers.

    python tests/bench/predict_scores.py [worlds]

Simulated: drives over 16 km squares in fields of known covariance, half of them over a model of
path loss that errs by 4 dB and a slope of 0.9; asked at places where nobody drove. Real: 2 km
blocks of Bremen and Cork held out. Half of the blocks were looked at while this was made; what is
printed is the other half, with peers in the same run.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from covermap.core.prediction.evaluate import (
    BLOCK_M,
    Held,
    block_parts,
    by_distance,
    held_out,
    reliability,
    scored,
)
from covermap.core.prediction.layer import learn, predict
from covermap.core.prediction.observations import Observations
from covermap.core.prediction.places import blocks_of, parts_of
from covermap.core.prediction.probability import lasting
from prediction_worlds import best_possible, mean_of, world

WORLDS = 24
FIRST_SEED = 1000
"""Other worlds than those looked at while this was made."""
PLACES = 1500
THRESHOLDS_DBM = (-84.0, -90.0, -96.0)
HALF_SALT = 1234
"""Blocks of half 0 were developed on; those of half 1 are reported."""
REAL = Path(__file__).resolve().parents[3] / "shared" / "data"
Figures = dict[str, float]


def one_world(seed: int) -> tuple[np.ndarray, ...]:
    """Error, error of the best possible, inside, and probability and truth by threshold."""
    made = world(seed, model=seed % 2 == 0, more=PLACES)
    ask = np.setdiff1d(np.arange(len(made.lon)), made.row)
    layer = learn(made.seen)
    said = predict(layer, made.lon[ask], made.lat[ask], made.predicted_dbm[ask])
    truth, mean = made.lasting_dbm[ask], mean_of(made)
    best, _ = best_possible(made.seen, made.lon[ask], made.lat[ask], mean[made.row], mean[ask])
    low, high = (layer.spread.quantile(q, said.mean_dbm, said.lasting_db2) for q in (0.05, 0.95))
    p = np.stack([lasting(said, layer.spread, t) for t in THRESHOLDS_DBM])
    reached = truth[None, :] >= np.array(THRESHOLDS_DBM)[:, None]
    inside = (truth >= low) & (truth <= high)
    return said.mean_dbm - truth, best - truth, inside, p, reached


def simulated(worlds: int = WORLDS) -> Figures:
    """Score worlds of known truth; print them by tenth of probability."""
    with ProcessPoolExecutor(min(os.cpu_count() or 1, 2)) as pool:
        made = list(pool.map(one_world, range(FIRST_SEED, FIRST_SEED + worlds)))
    error, best, inside = (np.concatenate([m[k] for m in made]) for k in range(3))
    p, reached = (np.concatenate([m[k].ravel() for m in made]) for k in (3, 4))
    n, said, seen = reliability(p, reached)
    by_world = np.array([_gaps(m[3].ravel(), m[4].ravel()) for m in made])
    sd = np.nanstd(by_world, axis=0) / np.sqrt(np.isfinite(by_world).sum(axis=0))
    print(f"simulated: {worlds} worlds, {len(error)} places, thresholds {THRESHOLDS_DBM}")
    for k in range(len(n)):
        print(
            f"  P {k / 10:.1f}-{(k + 1) / 10:.1f}: {n[k]:6d} said {said[k]:.3f} seen "
            f"{seen[k]:.3f} gap {seen[k] - said[k]:+.3f} (+-{sd[k]:.3f} by worlds)"
        )
    weak, called = ~reached, p < 0.5
    found = {
        "worst_reliability_gap": float(np.nanmax(np.abs(seen - said))),
        "inside_90": float(inside.mean()),
        "simulated_rmse_db": rms(error),
        "best_possible_rmse_db": rms(best),
        "simulated_weak_recall": float((weak & called).sum() / weak.sum()),
        "simulated_weak_precision": float((weak & called).sum() / called.sum()),
    }
    print("  ", {k: round(v, 4) for k, v in found.items()})
    return found


def _gaps(p: np.ndarray, reached: np.ndarray) -> np.ndarray:
    _, said, seen = reliability(p, reached)
    return seen - said


def rms(error: np.ndarray) -> float:
    return float(np.sqrt(np.mean(error**2)))


def halves(seen: Observations, half: int) -> np.ndarray:
    """Fold of each measurement in 2 km blocks of one half; -1 in the other."""
    blocks = blocks_of(seen.lon, seen.lat, BLOCK_M)
    return np.where(parts_of(blocks, 2, HALF_SALT) == half, block_parts(seen), -1)


def methods() -> dict[str, Callable[[Observations, np.ndarray, float], Held]]:
    """Ours without and with the serving cell of the place, and the peers."""
    from prediction_peers import PEERS, held_out_by

    def map_wise(seen: Observations, part: np.ndarray, threshold: float) -> Held:
        return held_out(replace(seen, group=np.full(len(seen), -1)), part, threshold)

    def with_cell(seen: Observations, part: np.ndarray, threshold: float) -> Held:
        return held_out(seen, part, threshold, with_groups=True)

    peers = {
        name: (lambda s, p, t, peer=peer: held_out_by(peer, s, p, t))
        for name, peer in PEERS.items()
    }
    return {"covermap": map_wise, "covermap + cell": with_cell, **peers}


def real(folder: Path = REAL, half: int = 1) -> Figures:
    """Score Bremen's and Cork's layers; print them by band of distance."""
    from prediction_drives import THRESHOLDS_DBM, bremen, cork

    if find_spec("pykrige") is None:
        print("pykrige is not installed: without ordinary kriging")
    squares: dict[str, list[np.ndarray]] = {}
    inside: list[np.ndarray] = []
    for name, seen in {**bremen(folder), **cork(folder)}.items():
        threshold, part = THRESHOLDS_DBM[name.split()[-1]], halves(seen, half)
        print(f"{name}: {len(seen)} cells and runs, {threshold:.0f} dBm")
        for method, ask in methods().items():
            held = ask(seen, part, threshold)
            squares.setdefault(method, []).append((held.mean_dbm - held.level_dbm) ** 2)
            print(f"  {method:18s} {_line(held, threshold)}", flush=True)
            if method == "covermap":
                inside.append((held.level_dbm >= held.low_dbm) & (held.level_dbm <= held.high_dbm))
    pooled = {k: float(np.sqrt(np.concatenate(v).mean())) for k, v in squares.items()}
    print("all layers, RMSE in dB:", {k: round(v, 3) for k, v in pooled.items()})
    ours = pooled.pop("covermap"), pooled.pop("covermap + cell")
    return {
        "rmse_db": ours[0],
        "rmse_with_cell_db": ours[1],
        "best_baseline_rmse_db": min(pooled.values()),
        "real_inside_90": float(np.concatenate(inside).mean()),
    }


def _line(held: Held, threshold: float) -> str:
    s = scored(held, threshold)
    bands = " ".join(
        f"{low / 1000:g}km:{b.rmse_db:.2f}/{b.inside_90:.2f}({b.n})"
        for low, _, b in by_distance(held, threshold)
        if b.n >= 10
    )
    weakest = np.argsort(held.covered, kind="stable")[: s.weak]
    ranked = float((held.level_dbm[weakest] < threshold).mean()) if s.weak else float("nan")
    return (
        f"n {s.n} RMSE {s.rmse_db:.2f} bias {s.bias_db:+.2f} inside {s.inside_90:.3f} "
        f"Brier {s.brier:.3f} weak {s.weak} recall {s.weak_recall:.2f} precision "
        f"{s.weak_precision:.2f} ranked {ranked:.2f} | {bands}"
    )


def speed(places: int = 20_000) -> Figures:
    """Places that one core foretells in a second, search of neighbours included."""
    made = world(FIRST_SEED, more=0)
    layer, rng = learn(made.seen), np.random.default_rng(0)
    lon = rng.uniform(made.lon.min(), made.lon.max(), places)
    lat = rng.uniform(made.lat.min(), made.lat.max(), places)
    predict(layer, lon[:9], lat[:9])  # kernels are compiled
    start = time.process_time()
    predict(layer, lon, lat)
    return {"places_per_s": places / (time.process_time() - start)}


def figures(worlds: int = WORLDS) -> Figures:
    """Give the figures of both; the real ones only where the real drives are."""
    found = {**speed(), **simulated(worlds)}
    return {**found, **(real() if REAL.is_dir() else {})}


if __name__ == "__main__":
    start = time.perf_counter()
    result = figures(int(sys.argv[1]) if len(sys.argv) > 1 else WORLDS)
    result["seconds"] = round(time.perf_counter() - start, 1)
    print(json.dumps({k: round(v, 4) for k, v in result.items()}))
