"""Small workspaces for tests: a few kilometres of road, two operators, known signal."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import numpy as np

from covermap.pipeline import BuildOptions, build
from shelf import copy_of

CONFIG = """
[workspace]
name = "test road"
salt = "s"

[grid]
resolution = 10

[[measurements]]
name = "drive"
files = ["raw/*.csv"]
format = "table"
source = "drive"
datum = "wgs84"
timezone = "Asia/Shanghai"
antenna = "roof"
columns = { time = "time", x = "lon", y = "lat", operator = "plmn", technology = "tech", rsrp_dbm = "rsrp", sinr_db = "sinr", speed_mps = "speed", service = "service" }

[[lines]]
name = "roads"
files = ["raw/roads.geojson"]
line_class = "provincial"
fields = { name = "name", ref = "ref" }
"""  # noqa: E501

HEADER = "time,lon,lat,plmn,tech,rsrp,sinr,speed,service"


def make_workspace(root: Path, *, runs: int = 3, shuffle: int | None = None) -> Path:
    """Write a workspace; `shuffle` puts the rows of every file into another order."""
    raw = root / "raw"
    raw.mkdir(parents=True)
    (root / "covermap.toml").write_text(CONFIG, encoding="utf-8")
    names = [f"run{n}.csv" for n in range(runs)]
    if shuffle is not None:
        random.Random(shuffle).shuffle(names)
    for name in names:
        rows = _rows(int(name[3:-4]))
        if shuffle is not None:
            random.Random(f"{shuffle}{name}").shuffle(rows)
        (raw / name).write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    (raw / "roads.geojson").write_text(json.dumps(_roads()), encoding="utf-8")
    return root


def built_workspace(root: Path, *, runs: int = 3) -> Path:
    """Copy of a workspace that `make_workspace` wrote and that was built once."""

    def make(folder: Path) -> None:
        build(make_workspace(folder, runs=runs), BuildOptions(workers=1))

    return copy_of(f"built-{runs}", make, root)


def table_bytes(folder: Path, leave: tuple[str, ...] = ()) -> dict[str, str]:
    """Hash of every table and tile archive of a build."""
    found = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).as_posix()
        if path.is_file() and path.suffix != ".json" and not inside.startswith(leave):
            found[inside] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _roads() -> dict[str, object]:
    course = [[120.60 + 0.002 * k, 31.30 + 0.0003 * k] for k in range(31)]
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"name": "Test road", "ref": "S1"},
                "geometry": {"type": "LineString", "coordinates": course},
            }
        ],
    }


def _rows(run: int) -> list[str]:
    rng = np.random.default_rng(run)
    rows = []
    for k in range(600):
        share = k / 599
        lon, lat = 120.60 + 0.06 * share, 31.30 + 0.009 * share
        clock = f"2026-03-{run + 1:02d} 08:{k // 60:02d}:{k % 60:02d}"
        plmn = "46000" if run % 2 == 0 else "46001"
        if 0.55 < share < 0.60:
            rows.append(f"{clock},{lon:.7f},{lat:.7f},{plmn},,,,10,false")
            continue
        level = -90 if share < 0.3 or share > 0.5 else -115
        rsrp = round(level + rng.normal(0, 2), 1)
        rows.append(f"{clock},{lon:.7f},{lat:.7f},{plmn},LTE,{rsrp},{rng.integers(0, 20)},10,true")
    rows.append(rows[5])  # an exact duplicate
    rows.append(f"2026-03-{run + 1:02d} 08:20:00,NaN,31.3,46000,LTE,-90,5,10,true")
    return rows
