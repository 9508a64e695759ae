"""Hand-made readings for tests of ingest."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from covermap.formats.logs.base import MALFORMED, LogRead
from covermap.steps.ingest import Ingested, Origin, ingest_log
from covermap.tables import READINGS, conform
from covermap.workspace import Config, Measurements

T0_MS = 1_752_876_000_000
"""2025-07-18 22:00 UTC."""
NOW_MS = T0_MS + 86_400_000


def readings(rows: list[dict[str, Any]]) -> pa.Table:
    """READINGS of rows; line and raw are made where not given, other absent values are null."""
    full = []
    for i, row in enumerate(rows):
        shown = {k: v for k, v in row.items() if k not in ("line", "raw")}
        full.append({"line": i + 2, "raw": repr(sorted(shown.items())), **row})
    names = READINGS.names
    columns = {n: pa.array([r.get(n) for r in full], READINGS.schema.field(n).type) for n in names}
    return conform(pa.table(columns), READINGS)


def row(second: float = 0, **values: Any) -> dict[str, Any]:
    """One good LTE reading; give what is to differ."""
    good = {
        "time_ms": T0_MS + int(second * 1000), "time_text": f"{second}", "x": -17.44, "y": 14.66,
        "operator": "60801", "technology": "4G", "rsrp_dbm": -90.0,
    }  # fmt: skip
    return {**good, **values}


def declared(**values: Any) -> Measurements:
    """Declare an input called `made`."""
    given = {"name": "made", "files": ("a.csv",), "format": "table", "source": "drive"}
    return Measurements(**{**given, "datum": "wgs84", **values})


def ingest(
    rows: list[dict[str, Any]] | pa.Table,
    *,
    malformed: pa.Table | None = None,
    time_kind: str = "utc",
    file: str = "raw/a.csv",
    config: Config | None = None,
    **declaration: Any,
) -> Ingested:
    """Ingest rows as if a reader had delivered them."""
    table = rows if isinstance(rows, pa.Table) else readings(rows)
    bad = MALFORMED.empty_table() if malformed is None else malformed
    log = LogRead(table, bad, [], time_kind)  # type: ignore[arg-type]
    return ingest_log(log, Origin(file, declared(**declaration), config or Config(), NOW_MS))


def counts(ingested: Ingested) -> dict[str, int]:
    """Problem -> count."""
    table = ingested.problems
    return dict(zip(table["problem"].to_pylist(), table["count"].to_pylist(), strict=True))


def reasons(ingested: Ingested) -> dict[int, str]:
    """Line -> reason of the rejected rows."""
    table = ingested.rejected
    return dict(zip(table["line"].to_pylist(), table["reason"].to_pylist(), strict=True))
