"""Ingest real logs and add up what `covermap build` would report about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from covermap.formats.source import expand
from covermap.steps.ingest import Ingested, ingest_source
from covermap.workspace import Config, Measurements

CORK = """
[[measurements]]
name = "cork"
files = ["{data}/measurements/cork_gnettrack/5G-production-dataset.zip"]
format = "gnettrack"
source = "drive"
datum = "wgs84"
timezone = "Europe/Dublin"
antenna = "in-car"
operator = "B"
"""
BREMEN_LOGS = """
[[measurements]]
name = "bremen"
files = ["{data}/measurements/bremen_motorway/*.geojson.gz"]
format = "geojson-points"
source = "drive"
datum = "wgs84"
antenna = "roof"
columns = {{ time = "timestamp", operator = "mcc+mnc", technology = "tech", rsrp_dbm = "rsrp", \
rsrq_db = "rsrq", rssi_dbm = "rssi", cell_id = "cell_id", tac = "lac", band = "band" }}
units = {{ time = "ms" }}
"""
BREMEN = f"""
[matching]
max_distance_m = 200   # the lines are drawn that coarsely

{BREMEN_LOGS}
[[lines]]
name = "motorways"
files = ["{{data}}/lines/de_hamburg_bremen_roads_omt_z7_2021.parquet"]
fields = {{{{ class = "class", tunnel = "brunnel" }}}}
classes = {{{{ motorway = "motorway" }}}}
names_from = "{{data}}/lines/de_hamburg_bremen_motorway_names_omt_z7.parquet"
only_refs = ["A 1", "A 27"]
"""
"""Declarations of real inputs; `data` is their folder."""

NOW_MS = 1_800_000_000_000
"""2027-01-15: later than every real log."""


@dataclass
class Report:
    """Sums over the sources of one input."""

    by_file: dict[str, Ingested] = field(default_factory=dict)

    def table(self, name: str) -> pa.Table:
        return pa.concat_tables([getattr(made, name) for made in self.by_file.values()])

    @property
    def read(self) -> int:
        return pc.sum(self.table("runs")["read"]).as_py()

    @property
    def accepted(self) -> int:
        return self.table("samples").num_rows

    @property
    def rejected(self) -> dict[str, int]:
        return dict(Counter(self.table("rejected")["reason"].to_pylist()))

    @property
    def problems(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for problem in self.table("problems").to_pylist():
            total[problem["problem"]] += problem["count"]
        return dict(total)

    def count(self, column: str) -> dict[Any, int]:
        return dict(Counter(self.table("samples")[column].to_pylist()))

    def adds_up(self) -> bool:
        """accepted + rejected = read, in every file."""
        return all(
            made.samples.num_rows + made.rejected.num_rows == pc.sum(made.runs["read"]).as_py()
            for made in self.by_file.values()
        )

    def only(self, word: str) -> Report:
        """Give the files whose name has a word."""
        return Report({name: made for name, made in self.by_file.items() if word in name})


def ingest_files(files: Iterable[Path], **declaration: Any) -> Report:
    """Ingest files under one declaration."""
    said = Measurements(**{"files": ("x",), "source": "drive", "datum": "wgs84", **declaration})
    report = Report()
    for path in sorted(files):
        for source in expand(path, path.name):
            report.by_file[source.shown] = ingest_source(source, said, Config(), NOW_MS)
    return report
