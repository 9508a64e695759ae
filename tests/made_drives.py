"""Lines and drives made by hand, in metres around a point: what tests of matching are made of."""

from types import SimpleNamespace

import geopandas as gpd
import pyarrow as pa
import shapely

from covermap.core.lines.network import network_of
from covermap.steps.lines import read_lines
from covermap.tables import SAMPLES, conform, in_order
from covermap.workspace import Config, Lines

LON, LAT = 121.5, 31.2
EAST_M = 1 / 95_300
NORTH_M = 1 / 110_860
CONFIG = Config()


def at(x, y):
    return LON + x * EAST_M, LAT + y * NORTH_M


def road(*points):
    return shapely.LineString([at(x, y) for x, y in points])


def network(folder, rows, stations=()):
    """A network of (geometry, class, ref) rows, through files as a workspace has them."""
    frame = gpd.GeoDataFrame(
        {"kind": [r[1] for r in rows], "ref": [r[2] for r in rows]},
        geometry=[r[0] for r in rows],
        crs=4326,
    )
    frame.to_parquet(folder / "ways.parquet")
    more = {}
    if stations:
        gpd.GeoDataFrame(
            {"name": [s[0] for s in stations]},
            geometry=[shapely.Point(*at(*s[1:])) for s in stations],
            crs=4326,
        ).to_parquet(folder / "stations.parquet")
        more = {"stations": "stations.parquet"}
    declaration = Lines(
        name="lines", files=("ways.parquet",), fields={"class": "kind", "ref": "ref"}, **more
    )
    made = read_lines(folder, (declaration,))
    return made, network_of(made.lines, made.segments, made.stations)


def samples(points, **given):
    """Samples of one run at points (metres), one a second."""
    n = len(points)
    lonlat = [at(*p) if p is not None else (None, None) for p in points]
    columns = {
        "run_id": ["drive/1"] * n,
        "seq": list(range(n)),
        "campaign": ["drive"] * n,
        "source": ["drive"] * n,
        "time": [1_700_000_000_000 + 1000 * k for k in range(n)],
        "lon": [p[0] for p in lonlat],
        "lat": [p[1] for p in lonlat],
        "position_basis": ["fix" if p is not None else "lost" for p in points],
        "position_error_m": [10.0 if p is not None else None for p in points],
        "operator": ["46000"] * n,
        "technology": ["lte"] * n,
        "service": [True] * n,
        "rsrp_dbm": [-90.0] * n,
        "antenna": ["in-car"] * n,
        "period": ["2023-11"] * n,
        "simulated": [True] * n,
    }
    for name, value in given.items():
        columns[name] = value if isinstance(value, list) else [value] * n
    made = pa.table(
        {c.name: pa.array(columns[c.name], c.type) for c in SAMPLES.columns if c.name in columns}
    )
    return in_order(conform(made, SAMPLES), SAMPLES)


def drive(x0, x1, y, step=25):
    return [(x, y) for x in range(x0, x1, step if x1 > x0 else -step)]


def rows(table):
    return [SimpleNamespace(**r) for r in table.to_pylist()]


ONE_ROAD = [(road((0, 0), (3000, 0)), "primary", "G1")]
