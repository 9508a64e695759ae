"""The peers of `cells` with what the product keeps: counts in bins, quantiles, layers of operators.

Both write two files: the counts by cell, layer, source, month and 1 dB bins (from which any other
rule can be judged), and the verdicts of all 24 layers. They have no probabilities, and no levels in
the layers that combine technologies or operators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Verdicts = dict[str, list[int]]
NAMES = ("covered", "weak", "none")
QUANTILES = {"p5": 0.05, "p50": 0.5}
KEYS = ["cell", "operator", "technology", "source", "period", "rsrp_bin", "sinr_bin"]
NONE_LEVEL_DBM, NONE_SHARE, MIN_SAMPLES, MAX_ERROR_M = -140.0, 0.5, 3, 50.0
STANDARDS = {"lte": (-105.0, -3.0), "nr": (-105.0, -3.0), "nbiot": (-115.0, None)}


def listed(rows: Iterator[tuple[Any, ...]]) -> Verdicts:
    """Give counts of verdicts by `operator/technology` from rows of counts."""
    return {f"{operator}/{technology}": [int(n) for n in counts]
            for operator, technology, *counts in rows}  # fmt: skip


# ---------------------------------------------------------------- pandas


def binned(rows: Any) -> Any:
    """Give the counts of one file's rows, which have a cell, in bins."""
    import numpy as np

    rows.loc[~rows.service, "technology"] = "none"
    for name in ("rsrp", "sinr"):
        level = rows[f"{name}_{'dbm' if name == 'rsrp' else 'db'}"].where(rows.service)
        rows[f"{name}_bin"] = np.floor(level).fillna(999).astype(np.int16)
        rows[f"{name}_sum_cdb"] = (level * 100).round().fillna(0).astype(np.int64)
    rows["n"] = 1
    return rows.groupby(KEYS, observed=True)[["n", "rsrp_sum_cdb", "sinr_sum_cdb"]].sum()


def whole_pandas(files: list[Path], out: Path, columns: list[str], resolution: int) -> Verdicts:
    """Read, index with h3 and group a file at a time; add the groups up; judge; write."""
    import h3.api.basic_int as h3
    import pandas as pd

    parts = []
    for path in files:
        rows = pd.read_parquet(path, columns=[*columns, "source", "period"])
        rows = rows[(rows.position_basis != "lost") & (rows.position_error_m <= MAX_ERROR_M)].copy()
        at = zip(rows.lat, rows.lon, strict=True)
        rows["cell"] = [h3.latlng_to_cell(lat, lon, resolution) for lat, lon in at]
        parts.append(binned(rows))
    cube = pd.concat(parts).groupby(level=KEYS).sum().reset_index()
    del parts
    out.mkdir(parents=True, exist_ok=True)
    cube.to_parquet(out / "cube.parquet")
    usable = cube[(cube.technology == "none") | (cube.rsrp_bin != 999)]
    silent = usable[usable.technology == "none"].groupby(["cell", "operator"]).n.sum()
    silent = silent.rename("n_none")
    layers = [pandas_layer(usable, silent, t, *least) for t, least in STANDARDS.items()]
    every = pd.concat(layers)
    both = pandas_any_technology(every, silent)
    every = pd.concat([every, both])
    operators = every.operator.nunique()
    combined = [pandas_operators(every, operators, every_one=k) for k in (False, True)]
    verdicts = pd.concat([every, *combined])
    verdicts.to_parquet(out / "verdicts.parquet")
    found = pd.crosstab([verdicts.operator, verdicts.technology], verdicts.verdict)
    found = found.reindex(columns=NAMES, fill_value=0)
    return listed((*key, *row) for key, row in zip(found.index, found.to_numpy(), strict=True))


def pandas_layer(
    usable: Any, silent: Any, technology: str, least: float, sinr: float | None
) -> Any:
    """Judge every operator in one technology."""
    import numpy as np
    import pandas as pd

    rows = usable[usable.technology == technology].copy()
    rows["known"] = rows.n.where(rows.sinr_bin != 999, 0)
    good = rows.rsrp_bin >= least
    if sinr is not None:
        good &= (rows.sinr_bin == 999) | (rows.sinr_bin >= sinr)
    rows["meets"] = rows.n.where(good, 0)
    by = ["cell", "operator"]
    sums = rows.groupby(by)[["n", "rsrp_sum_cdb", "sinr_sum_cdb", "known", "meets"]].sum()
    sums["last"] = rows.groupby(by).period.max()
    layer = sums.join(silent, how="outer").fillna(dict.fromkeys((*sums.columns[:-1], "n_none"), 0))
    layer["served"] = layer.n
    layer["n"] = layer.n + layer.n_none
    layer["mean"] = (layer.rsrp_sum_cdb + 100 * NONE_LEVEL_DBM * layer.n_none) / (100 * layer.n)
    layer["sinr"] = layer.sinr_sum_cdb / (100 * layer.known.where(layer.known > 0))
    layer["share"] = layer.meets / layer.n
    bins = rows.groupby([*by, "rsrp_bin"]).n.sum()
    below = bins.groupby(level=by).cumsum().reset_index("rsrp_bin")
    below = below.join(layer[["n", "n_none"]], rsuffix="_all")
    for name, q in QUANTILES.items():
        rank = np.maximum(np.ceil(q * below.n_all - 1e-9), 1)
        reached = below[below.n + below.n_none >= rank]
        layer[name] = reached.groupby(level=by).rsrp_bin.min()
        floor = np.maximum(np.ceil(q * layer.n - 1e-9), 1) <= layer.n_none
        layer[name] = layer[name].where(~floor, NONE_LEVEL_DBM)
    good = layer["mean"] >= least - 1e-9
    if sinr is not None:
        good &= layer.sinr.isna() | (layer.sinr >= sinr - 1e-9)
    layer["margin"] = layer["mean"] - least
    layer["verdict"] = np.select(
        [layer.n < MIN_SAMPLES, layer.n_none >= NONE_SHARE * layer.n - 1e-9, good],
        ["unmeasured", "none", "covered"], "weak",
    )  # fmt: skip
    layer["technology"] = technology
    return pd.DataFrame(layer.reset_index())


def pandas_any_technology(every: Any, silent: Any) -> Any:
    """Combine the technologies of each operator."""
    import numpy as np

    seldom = (every.verdict == "unmeasured") & (every.served > 0) & (every.margin >= 0)
    flags = every.assign(good=every.verdict == "covered", seen=every.verdict != "unmeasured",
                         might=seldom)  # fmt: skip
    by = ["cell", "operator"]
    both = flags.groupby(by).agg(good=("good", "any"), seen=("seen", "any"), might=("might", "any"),
                                 served=("served", "sum"))  # fmt: skip
    both = both.join(silent).fillna({"n_none": 0})
    both["n"] = both.served + both.n_none
    none = (both.n >= MIN_SAMPLES) & (both.n_none >= NONE_SHARE * both.n - 1e-9)
    both["verdict"] = np.select(
        [none, both.good, both.seen & ~both.might], ["none", "covered", "weak"], "unmeasured"
    )
    both["technology"] = "any"
    return both[["n", "n_none", "verdict", "technology"]].reset_index()


def pandas_operators(every: Any, operators: int, *, every_one: bool) -> Any:
    """Combine operators: one is enough, or every one is needed."""
    import numpy as np

    flags = every.assign(**{v: every.verdict == v for v in (*NAMES, "unmeasured")})
    sums = flags.groupby(["cell", "technology"])[["n", *NAMES, "unmeasured"]].sum()
    absent = operators - sums[[*NAMES, "unmeasured"]].sum(axis=1)
    unknown = (sums.unmeasured + absent) > 0
    if every_one:
        cases = [sums.covered == operators, sums.none == operators, sums.weak + sums.none > 0]
        verdict = np.select(cases, ["covered", "none", "weak"], "unmeasured")
    else:
        cases = [sums.covered > 0, unknown, sums.none == operators]
        verdict = np.select(cases, ["covered", "unmeasured", "none"], "weak")
    found = sums[["n"]].assign(verdict=verdict, operator="all" if every_one else "any")
    return found.reset_index()


# ---------------------------------------------------------------- DuckDB


def whole_duckdb(
    files: list[Path],
    out: Path,
    batches: Callable[[list[Path], list[str]], Any],
    columns: list[str],
) -> Verdicts:
    """Add a column of cells by h3ronpy to Arrow batches; DuckDB counts, judges and writes."""
    import duckdb

    out.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(out / "work.duckdb"))
    connection.execute("SET enable_progress_bar=false; SET memory_limit='16GB'")
    connection.register("rows", batches(files, [*columns, "source", "period"]))
    connection.execute(
        f"""CREATE TABLE cube AS
        SELECT cell, operator, CASE WHEN service THEN technology ELSE 'none' END AS technology,
               source, period, CASE WHEN service THEN floor(rsrp_dbm)::SMALLINT END AS rsrp_bin,
               CASE WHEN service THEN floor(sinr_db)::SMALLINT END AS sinr_bin, count(*) AS n,
               coalesce(sum(round(rsrp_dbm * 100)) FILTER (service), 0)::BIGINT AS rsrp_sum_cdb,
               coalesce(sum(round(sinr_db * 100)) FILTER (service), 0)::BIGINT AS sinr_sum_cdb
        FROM rows WHERE position_basis <> 'lost' AND position_error_m <= {MAX_ERROR_M}
        GROUP BY ALL"""
    )
    connection.execute(f"COPY cube TO '{out / 'cube.parquet'}' (COMPRESSION zstd)")
    connection.execute(
        """CREATE TABLE silent AS SELECT cell, operator, sum(n) AS n_none FROM cube
        WHERE technology = 'none' GROUP BY ALL"""
    )
    layers = " UNION ALL ".join(duckdb_layer(t, *least) for t, least in STANDARDS.items())
    connection.execute(f"CREATE TABLE layers AS {layers}")
    connection.execute(
        f"""CREATE TABLE own AS FROM layers UNION ALL BY NAME
        SELECT cell, operator, 'any' AS technology, n, n_none, CASE
            WHEN n >= {MIN_SAMPLES} AND n_none >= {NONE_SHARE} * n - 1e-9 THEN 'none'
            WHEN good THEN 'covered' WHEN seen AND NOT might THEN 'weak' ELSE 'unmeasured'
          END AS verdict
        FROM (SELECT cell, operator, sum(served) + max(n_none) AS n, max(n_none) AS n_none,
                bool_or(verdict = 'covered') AS good, bool_or(verdict <> 'unmeasured') AS seen,
                bool_or(verdict = 'unmeasured' AND served > 0 AND margin >= 0) AS might
              FROM layers GROUP BY ALL)"""
    )
    count = "(SELECT count(DISTINCT operator) FROM own)"
    connection.execute(
        f"""CREATE TABLE sums AS SELECT cell, technology, sum(n) AS n,
          count(*) FILTER (verdict = 'covered') AS covered, count(*) FILTER (verdict = 'none') AS
          dead, count(*) FILTER (verdict = 'weak') AS weak,
          {count} - covered - dead - weak AS unknown, {count} AS every FROM own GROUP BY ALL"""
    )
    connection.execute(
        f"""COPY (FROM own UNION ALL BY NAME
        SELECT cell, 'any' AS operator, technology, n, CASE WHEN covered > 0 THEN 'covered'
          WHEN unknown > 0 THEN 'unmeasured' WHEN dead = every THEN 'none' ELSE 'weak' END
          AS verdict
        FROM sums UNION ALL BY NAME
        SELECT cell, 'all' AS operator, technology, n, CASE WHEN covered = every THEN 'covered'
          WHEN dead = every THEN 'none' WHEN weak + dead > 0 THEN 'weak' ELSE 'unmeasured' END
          AS verdict FROM sums) TO '{out / "verdicts.parquet"}' (COMPRESSION zstd)"""
    )
    counts = ", ".join(f"count(*) FILTER (verdict = '{name}')" for name in NAMES)
    return listed(
        connection.execute(
            f"SELECT operator, technology, {counts} FROM '{out / 'verdicts.parquet'}' GROUP BY ALL"
        ).fetchall()
    )


def duckdb_layer(technology: str, least: float, sinr: float | None) -> str:
    """Give the query that judges every operator in one technology."""
    meets = f"rsrp_bin >= {least}"
    passes = f"mean >= {least} - 1e-9"
    if sinr is not None:
        meets += f" AND (sinr_bin IS NULL OR sinr_bin >= {sinr})"
        passes += f" AND (sinr IS NULL OR sinr >= {sinr} - 1e-9)"
    ranks = {q: f"greatest(ceil({share} * all_n - 1e-9), 1)" for q, share in QUANTILES.items()}
    quantiles = ", ".join(
        f"CASE WHEN any_value({rank}) <= any_value(n_none) THEN {NONE_LEVEL_DBM} "
        f"ELSE min(rsrp_bin) FILTER (below + n_none >= {rank}) END AS {q}"
        for q, rank in ranks.items()
    )
    return f"""
      SELECT *, mean - {least} AS margin, CASE WHEN n < {MIN_SAMPLES} THEN 'unmeasured'
        WHEN n_none >= {NONE_SHARE} * n - 1e-9 THEN 'none' WHEN {passes} THEN 'covered'
        ELSE 'weak' END AS verdict
      FROM (SELECT cell, operator, '{technology}' AS technology, any_value(all_n) AS n,
              any_value(n_none) AS n_none, any_value(served) AS served,
              (sum(level) + 100 * {NONE_LEVEL_DBM} * any_value(n_none)) / (100 * n) AS mean,
              sum(sinr_cdb) / (100 * nullif(sum(known), 0)) AS sinr, sum(meets) / n AS share,
              max(last) AS last, {quantiles}
            FROM (SELECT *, coalesce(heard, 0) + coalesce(lost, 0) AS all_n,
                    coalesce(lost, 0) AS n_none, coalesce(heard, 0) AS served
                  FROM (SELECT cell, operator, rsrp_bin, sum(rsrp_sum_cdb) AS level,
                          sum(sinr_sum_cdb) AS sinr_cdb, max(period) AS last,
                          coalesce(sum(n) FILTER (sinr_bin IS NOT NULL), 0) AS known,
                          coalesce(sum(n) FILTER ({meets}), 0) AS meets,
                          sum(sum(n)) OVER (PARTITION BY cell, operator ORDER BY rsrp_bin) AS below,
                          sum(sum(n)) OVER (PARTITION BY cell, operator) AS heard
                        FROM cube WHERE technology = '{technology}' AND rsrp_bin IS NOT NULL
                        GROUP BY cell, operator, rsrp_bin) bins
                  FULL JOIN (SELECT cell, operator, n_none AS lost FROM silent) s
                    USING (cell, operator))
            GROUP BY cell, operator)"""
