"""Real drives as measurements of layers, cell by cell: Bremen's motorways, Cork's streets."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from covermap.core.cube.samples import cells_of
from covermap.core.prediction.observations import Observations
from covermap.core.prediction.sources import levels_in, observed
from real_logs import Report, ingest_files

RESOLUTION = 10
MAX_ERROR_M = 50.0
NO_SERVICE_DBM = -140.0
LEAST_PLACES = 300
"""A layer measured in fewer cells says nothing about distances."""
THRESHOLDS_DBM = {"lte": -105.0, "nr": -105.0, "umts": -85.0, "gsm": -80.0}
"""Those of 4G and 5G are the default pack's; of 2G and 3G hardly a cell was below its."""
BREMEN_COLUMNS = {
    "time": "timestamp", "operator": "mcc+mnc", "technology": "tech", "rsrp_dbm": "rsrp",
    "rssi_dbm": "rssi", "cell_id": "cell_id", "tac": "lac", "band": "band",
}  # fmt: skip


def bremen(real_data: Path) -> dict[str, Observations]:
    files = (real_data / "measurements" / "bremen_motorway").glob("*.geojson.gz")
    return _layers("Bremen", ingest_files(
        files, name="bremen", format="geojson-points", columns=BREMEN_COLUMNS, antenna="roof"
    ))  # fmt: skip


def cork(real_data: Path) -> dict[str, Observations]:
    path = real_data / "measurements" / "cork_gnettrack" / "5G-production-dataset.zip"
    return _layers("Cork", ingest_files(
        [path], name="cork", format="gnettrack", timezone="Europe/Dublin", operator="B",
        antenna="in-car",
    ))  # fmt: skip


def _layers(town: str, report: Report) -> dict[str, Observations]:
    samples = report.table("samples")
    cells = cells_of(samples, MAX_ERROR_M, RESOLUTION)
    levels = levels_in(samples, cells, NO_SERVICE_DBM).to_pandas()
    found = {
        f"{town} {operator} {technology}": observed(pa.Table.from_pandas(rows))
        for (operator, technology), rows in levels.groupby(["operator", "technology"])
    }
    return {
        name: seen for name, seen in sorted(found.items())
        if len(set(seen.place.tolist())) >= LEAST_PLACES
    }  # fmt: skip
