"""Publishing the map of a country's lines: SIZE lines (60 000) of SEGMENTS segments, LAYERS layers.

Prints seconds, files and megabytes of `covermap publish map`, and milliseconds a line and layer.
Tables are made by hand, without tiles: copying archives is not what is measured.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import handmade
from covermap.service.publishing import publish_map
from covermap.store import Workspace, write_text

SEGMENTS = 10
LAYERS = ("any", "46000")


def write_workspace(root: Path, size: int) -> None:
    """Write a build with lines, their segments and verdicts in each layer."""
    folder = root / "builds" / "bench"
    folder.mkdir(parents=True)
    random = np.random.default_rng(3)
    start = random.uniform((100, 25), (120, 40), (size, 2))
    ids = np.array([f"line-{k:06d}" for k in range(size)])
    whole = shapely.linestrings(np.stack([start, start + 0.01], axis=1))
    length = 100.0 * SEGMENTS
    simulated = pa.repeat(True, size)
    handmade.write(folder, "lines", pa.table({
        "line_id": ids, "name": ids, "class": np.full(size, "primary"),
        "length_m": np.full(size, length), "route_length_m": np.full(size, length),
        "segment_m": np.full(size, 100.0), "geometry": shapely.to_wkb(whole),
        "input": np.full(size, "bench"), "simulated": simulated,
    }))  # fmt: skip
    n = size * SEGMENTS
    number = np.tile(np.arange(SEGMENTS), size)
    step = 0.01 / SEGMENTS
    at = np.repeat(start, SEGMENTS, axis=0) + step * number[:, None]
    segments = {
        "line_id": np.repeat(ids, SEGMENTS), "segment": number, "length_m": np.full(n, 100.0),
        "route_length_m": np.full(n, 100.0),
    }  # fmt: skip
    handmade.write(folder, "segments", pa.table({
        **segments, "from_m": 100.0 * number, "to_m": 100.0 * (number + 1),
        "geometry": shapely.to_wkb(shapely.linestrings(np.stack([at, at + step], axis=1))),
    }))  # fmt: skip
    judged = [
        pa.table({**segments, "operator": np.full(n, layer), "technology": np.full(n, "any"),
                  **handmade.judged(random, n), "runs": np.ones(n, np.int64)})
        for layer in LAYERS
    ]  # fmt: skip
    handmade.write(folder, "segment_verdicts", pa.concat_tables(judged))
    km = {f"{p}{v}_km": np.full(size, 0.25 * length / 1000) for p in ("", "route_")
          for v in ("covered", "weak", "none", "unmeasured")}  # fmt: skip
    answers = [
        pa.table({
            "line_id": ids, "name": ids, "class": np.full(size, "primary"),
            "operator": np.full(size, layer), "technology": np.full(size, "any"), **km,
            "length_km": np.full(size, length / 1000),
            "route_length_km": np.full(size, length / 1000),
            "longest_gap_km": np.zeros(size), "share_if_rest_bad": np.zeros(size),
            "share_if_rest_good": np.ones(size), "answer": np.full(size, "undetermined"),
            "simulated": simulated,
        })
        for layer in LAYERS
    ]  # fmt: skip
    handmade.write(folder, "line_verdicts", pa.concat_tables(answers))
    write_text(folder / "build.json", json.dumps({"id": "bench", "config": {}, "rules": {}}))
    Workspace(root).publish("bench")


def main(size: int) -> dict[str, float]:
    """Publish once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_workspace(folder / "workspace", size)
        static = folder / "static"
        static.mkdir()
        (static / "index.html").write_text('<meta charset="utf-8" />', "utf-8")
        build = Workspace(folder / "workspace").current()
        started, used = time.perf_counter(), time.process_time()
        made = publish_map(build, folder / "map", static)
        took, used = time.perf_counter() - started, time.process_time() - used
    return {
        "lines": size, "layers": made.layers, "seconds": round(took, 1),
        "processor_seconds": round(used, 1), "files": made.files,
        "megabytes": round(made.bytes / 1e6, 1),
        "ms_per_line_and_layer": round(1000 * took / size / made.layers, 2),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60_000)))
