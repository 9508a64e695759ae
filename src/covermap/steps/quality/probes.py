"""Samples of fixed devices to series by hour and day, and alarms where one became worse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.core.quality.alarms import Alarms, Days, alarms, days_of
from covermap.core.quality.medians import medians
from covermap.engine.step import StepContext
from covermap.tables import PROBE_ALARMS, PROBE_SERIES, TS

SERIES, ALARMS = PROBE_SERIES.name, PROBE_ALARMS.name
BATCH_ROWS = 1 << 17
DEVICES = 200
"""So many are watched at a time."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FIGURES = {
    "level": ("level_dbm", True, 0.5),
    "downlink": ("downlink_mbps", True, 0.05),
    "uplink": ("uplink_mbps", True, 0.05),
    "latency": ("latency_ms", False, 0.05),
    "availability": ("availability", True, 0.02),
}
"""Figure -> its column, whether lower is worse, and the least standard deviation that is believed
of a day: dB, share, or of rates and latency in the natural logarithm, about a share."""
LOGARITHMIC = ("downlink", "uplink", "latency")
_SMALLEST = 1e-3
"""A rate of nothing, Mbit/s, where logarithms are taken."""

_REPORTS = """
CREATE TEMP TABLE reports AS
SELECT coalesce(device_id, regexp_replace(run_id, '/part-[0-9]+$', '')) AS device_id,
  split_part(run_id, '/', 1) AS input, CAST(epoch_ms(time) AS BIGINT) AS ms, operator, service,
  rsrp_dbm, dl_kbps, ul_kbps, latency_ms, place, key_point, lon, lat, simulated
FROM samples WHERE source = 'probe' AND time IS NOT NULL
"""
_DEVICES = """
CREATE TEMP TABLE devices AS
WITH ends AS (SELECT input, max(ms) AS end_ms FROM reports GROUP BY input),
gaps AS (SELECT device_id, ms - lag(ms) OVER (PARTITION BY device_id ORDER BY ms) AS gap
  FROM (SELECT DISTINCT device_id, ms FROM reports)),
usual AS (SELECT device_id, quantile_disc(gap, 0.5) AS gap FROM gaps GROUP BY device_id),
named AS (SELECT device_id, operator, row_number() OVER (
  PARTITION BY device_id ORDER BY count(*) DESC, operator) AS turn
  FROM reports GROUP BY device_id, operator)
SELECT device_id, any_value(named.operator) AS operator, min(place) AS place,
  min(key_point) AS key_point, quantile_disc(lon, 0.5) AS lon, quantile_disc(lat, 0.5) AS lat,
  min(ms) AS first_ms, max(end_ms) AS end_ms, any_value(usual.gap) AS gap,
  bool_or(simulated) AS simulated
FROM reports JOIN ends USING (input) JOIN usual USING (device_id)
JOIN (SELECT * FROM named WHERE turn = 1) AS named USING (device_id)
GROUP BY device_id
"""


def _steps(step: str, length_ms: int, only: str) -> str:
    """Write in SQL the rows of a series; sums are of whole numbers, in any order the same."""
    return f"""
SELECT slots.device_id, '{step}' AS step,
  make_timestamptz(slots.slot * {length_ms} * 1000) AS start,
  operator, place, key_point, lon, lat, coalesce(n, 0) AS reports, coalesce(served, 0) AS served,
  CAST(coalesce(expected, 0) AS DOUBLE) AS expected,
  CASE WHEN expected >= 1 THEN least(1, coalesce(served, 0) / expected) END AS availability,
  level / 100.0 AS level_dbm, dl / 1e6 AS downlink_mbps, ul / 1e6 AS uplink_mbps, latency_ms,
  simulated
FROM (SELECT *, greatest(0, least(end_ms + coalesce(gap, 0), (slot + 1) * {length_ms})
    - greatest(first_ms, slot * {length_ms})) / gap AS expected
  FROM (SELECT *, unnest(range(first_ms // {length_ms}, end_ms // {length_ms} + 1)) AS slot
    FROM devices WHERE {only})) AS slots
LEFT JOIN (SELECT device_id, ms // {length_ms} AS slot, count(*) AS n,
    count(*) FILTER (service) AS served,
    sum(CAST(round(rsrp_dbm * 100) AS BIGINT)) FILTER (service)
      / count(rsrp_dbm) FILTER (service) AS level,
    sum(CAST(round(dl_kbps * 1000) AS BIGINT)) / count(dl_kbps) AS dl,
    sum(CAST(round(ul_kbps * 1000) AS BIGINT)) / count(ul_kbps) AS ul,
    quantile_disc(latency_ms, 0.5) AS latency_ms
  FROM reports GROUP BY device_id, slot) AS found
ON slots.device_id = found.device_id AND slots.slot = found.slot
"""


def run(ctx: StepContext) -> None:
    """Write `probe_series` and `probe_alarms`."""
    with ctx.connect("samples") as build:
        build.execute(_REPORTS)
        build.execute(_DEVICES)
        ctx.write_sorted(SERIES, _series(build))
    found = [PROBE_ALARMS.schema.empty_table(), *_watched(ctx)]
    ctx.write(ALARMS, pa.concat_tables(found))


def _series(build: Any) -> Iterator[pa.RecordBatch]:
    query = (
        f"{_steps('hour', HOUR_MS, f'gap <= {HOUR_MS}')} UNION ALL {_steps('day', DAY_MS, 'true')}"
    )
    rows = build.sql(f"SELECT {', '.join(PROBE_SERIES.names)} FROM ({query}) "
                     f"ORDER BY {', '.join(PROBE_SERIES.key)}")  # fmt: skip
    for batch in rows.to_arrow_reader(BATCH_ROWS):
        yield batch.cast(PROBE_SERIES.schema)


def _watched(ctx: StepContext) -> Iterator[pa.Table]:
    """Watch devices, some at a time."""
    with ctx.connect() as build:
        build.read_parquet(str(ctx.out / f"{SERIES}.parquet")).create_view("series")
        names = build.sql("SELECT DISTINCT device_id FROM series ORDER BY ALL").to_arrow_table()
        for first in range(0, names.num_rows, DEVICES):
            some = names.slice(first, DEVICES)
            build.register("asked", some)
            rows = build.sql(
                "SELECT series.* FROM series SEMI JOIN asked USING (device_id) "
                "ORDER BY device_id, step, start"
            ).to_arrow_table()
            build.unregister("asked")
            for name in FIGURES:
                yield _alarms(name, rows)


def _alarms(name: str, rows: pa.Table) -> pa.Table:
    """Alarms of one figure. Of devices that report less than hourly, whole days are told."""
    column, falling, least = FIGURES[name]
    hourly = pc.equal(rows.column("step"), "hour").to_numpy(zero_copy_only=False)
    device = rows.column("device_id").combine_chunks().dictionary_encode()
    number = device.indices.to_numpy().astype(np.int64)
    value = np.array(rows.column(column).to_numpy(), np.float64)
    if name in LOGARITHMIC:
        value = np.log(np.maximum(value, _SMALLEST))
    often = _often(number, hourly, rows)
    used = np.flatnonzero(hourly == often[number])
    hour = rows.column("start").cast(TS).cast(pa.int64()).to_numpy() // HOUR_MS
    days = days_of(number[used], hour[used], value[used])
    found = alarms(days, np.full(len(often), least), falling=falling)
    return _rows(name, found, days, device.dictionary, rows)


def _often(number: np.ndarray, hourly: np.ndarray, rows: pa.Table) -> np.ndarray:
    """Tell which devices report at least once an hour, as a rule."""
    expected = rows.column("expected").to_numpy()
    return medians(number[hourly], expected[hourly], int(number.max(initial=-1)) + 1) >= 1


def _rows(name: str, found: Alarms, days: Days, names: pa.Array, rows: pa.Table) -> pa.Table:
    series = days.series[found.first]
    length = found.last - found.first + 1
    inside = np.repeat(np.arange(len(length)), length)
    at = np.arange(len(inside)) - np.repeat(np.cumsum(length) - length, length)
    value = days.value[np.repeat(found.first, length) + at]
    seen = np.isfinite(value)
    now = medians(inside[seen], value[seen], len(length))
    both = [found.usual, now]
    last_of = np.flatnonzero(np.diff(days.series, append=-1) != 0)
    own = rows.take(pc.index_in(names.take(pa.array(series)), rows.column("device_id")))
    return pa.table(
        {
            "device_id": names.take(pa.array(series)),
            "operator": own.column("operator"),
            "figure": pa.array([name] * len(length), pa.string()),
            **{column: _starts(days.day[getattr(found, column)])
               for column in ("first", "raised", "last")},
            "open": pa.array(last_of[series] == found.last),
            **{column: pa.array(np.exp(v) if name in LOGARITHMIC else v)
               for column, v in zip(("usual", "now"), both, strict=True)},
            "strength": pa.array(np.abs(now - found.usual) / found.spread),
            "days": pa.array(found.days.astype(np.int32)),
            "simulated": own.column("simulated"),
        },
        schema=PROBE_ALARMS.schema,
    )  # fmt: skip


def _starts(day: np.ndarray) -> pa.Array:
    return pa.array(day * DAY_MS, pa.int64()).cast(TS)
