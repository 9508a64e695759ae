"""Cells located from samples: which, from what, and written as rows of `sites`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from covermap.core.geodesy import lengths_m, metres_per_degree_lat, metres_per_degree_lon
from covermap.engine.step import StepContext
from covermap.pipeline import BuildOptions, build
from covermap.rules import load_pack
from covermap.steps.sites import locate_cells
from covermap.store import Tables, Workspace, write_table
from covermap.tables import SAMPLES, SITES, conform, in_order
from covermap.workspace import Config, Locate
from workspaces import make_workspace, table_bytes

LON, LAT = 9.0, 53.2
MX, MY = metres_per_degree_lon(LAT), metres_per_degree_lat(LAT)


def samples(cell_id: Any, lon: Any, lat: Any, level: Any, **columns: Any) -> pa.Table:
    """Samples of a drive, a row each; further columns in place of the usual values."""
    n = max(np.size(v) for v in (lon, lat, level))
    usual: dict[str, Any] = {
        "run_id": "r", "seq": np.arange(n, dtype=np.int32), "campaign": "c", "source": "drive",
        "lon": lon, "lat": lat, "position_basis": "fix", "position_error_m": 5.0,
        "operator": "26201", "technology": "lte", "service": True, "rsrp_dbm": level,
        "cell_id": cell_id, "antenna": "roof", "period": "2026-01", "simulated": False,
    }  # fmt: skip
    whole = {
        name: [value] * n if np.ndim(value) == 0 else list(value)
        for name, value in (usual | columns).items()
    }
    types = {c.name: c.type for c in SAMPLES.columns}
    return conform(pa.table({k: pa.array(v, types[k]) for k, v in whole.items()}), SAMPLES)


def round_a_mast(cell_id: str, lon: float = LON, lat: float = LAT, **columns: Any) -> pa.Table:
    """Samples all round a mast, without noise."""
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    far = np.where(np.arange(40) % 2, 600.0, 1500.0)
    return samples(
        cell_id, lon + far * np.sin(turn) / MX, lat + far * np.cos(turn) / MY,
        np.round(-88 - 33 * np.log10(far / 1000)), **columns,
    )  # fmt: skip


def declared(operator: str | None, technology: str) -> pa.Table:
    row = {
        "site_id": "s", "cell_id": "c", "operator": operator, "technology": technology,
        "lon": LON, "lat": LAT, "input": "table", "simulated": False,
    }  # fmt: skip
    return conform(pa.table({k: [v] for k, v in row.items()}), SITES)


def located(
    tmp_path: Path, *heard: pa.Table, sites: pa.Table | None = None
) -> list[dict[str, Any]]:
    before, out = tmp_path / "before", tmp_path / "out"
    out.mkdir(parents=True)
    for number, part in enumerate(heard):
        write_table(before / "samples" / f"{number}.parquet", part, SAMPLES)
    if sites is not None:
        write_table(before / "sites.parquet", sites, SITES)
    context = StepContext(
        Tables(before), out, Config(locate=Locate()), load_pack("project-default", tmp_path)
    )
    locate_cells(context)
    assert [p.name for p in out.iterdir()] == ["sites.parquet"]
    made = Tables(out).read("sites")
    assert made.equals(in_order(made, SITES))
    return made.to_pylist()


def off_m(row: dict[str, Any], lon: float = LON, lat: float = LAT) -> float:
    return float(lengths_m(*(np.array([v]) for v in (row["lon"], row["lat"], lon, lat)))[0])


def test_a_cell_without_a_table_becomes_a_site_of_unknown_power(tmp_path: Path) -> None:
    (row,) = located(tmp_path, round_a_mast("25762305", tac="22494", pci=7, arfcn=1300))
    assert off_m(row) < 60
    assert 100 < row["uncertainty_m"] < 600
    assert (row["site_id"], row["cell_id"]) == ("100634", "25762305")  # ECI / 256
    assert (row["located"], row["samples"], row["input"]) == (True, 40, "measurements")
    assert (row["tac"], row["pci"], row["arfcn"]) == ("22494", 7, 1300)
    assert [row[n] for n in ("power_dbm", "tx_power_dbm", "eirp_dbm", "height_m")] == [None] * 4


def test_levels_of_gsm_and_umts_are_compared_as_of_their_own_reference(tmp_path: Path) -> None:
    weak = [samples("7", [LON], [LAT], [level], technology=t, tac="1")
            for t, level in (("lte", -100.0), ("umts", -82.0), ("gsm", -72.0))]  # fmt: skip
    radii = [row["uncertainty_m"] for row in located(tmp_path, *weak)]
    assert max(radii) - min(radii) < 0.02 * max(radii)


def test_what_a_site_table_has_is_not_located(tmp_path: Path) -> None:
    heard = [round_a_mast("7", technology=t) for t in ("lte", "nr")]
    rows = located(tmp_path / "a", *heard, sites=declared("26201", "lte"))
    assert [(r["cell_id"], r["technology"], r["located"]) for r in rows] == [
        ("7", "nr", True), ("c", "lte", None),
    ]  # fmt: skip
    rows = located(tmp_path / "b", *heard, sites=declared(None, "nr"))  # of all operators
    assert {(r["technology"], r["located"]) for r in rows} == {("lte", True), ("nr", None)}


def test_an_identity_in_two_towns_is_two_sites_told_apart(tmp_path: Path) -> None:
    rows = located(tmp_path, round_a_mast("7"), round_a_mast("7", LON + 2.0).slice(0, 20))
    assert [(r["site_id"], r["cell_id"], r["samples"]) for r in rows] == [
        ("7", "7", 40), ("7#2", "7", 20),
    ]  # fmt: skip
    assert off_m(rows[1], LON + 2.0) < 2 * rows[1]["uncertainty_m"]


def test_local_identities_of_gsm_are_told_apart_by_their_area(tmp_path: Path) -> None:
    one, other = (round_a_mast("7", technology="gsm", tac=tac) for tac in ("1", "2"))
    assert [r["site_id"] for r in located(tmp_path, one, other)] == ["1-7", "2-7"]


def test_samples_without_place_level_or_service_locate_nothing(tmp_path: Path) -> None:
    none = [
        round_a_mast("1", position_error_m=51.0),
        samples("2", [None], [None], [-90.0], position_error_m=None, position_basis="lost"),
        samples("3", [LON], [LAT], [None]),
        samples(None, [LON], [LAT], [-90.0]),
        samples("4", [LON], [LAT], [-90.0], technology="none", service=False),
    ]
    assert located(tmp_path, *none) == []


@pytest.mark.slow
def test_a_build_locates_cells_where_it_is_asked_to_and_the_same_from_shuffled_files(
    tmp_path: Path,
) -> None:
    roots = [with_cells(make_workspace(tmp_path / str(s), shuffle=s)) for s in (None, 3)]
    assert Tables(build(roots[0], BuildOptions(workers=1)).folder).rows("sites") == 0
    for root in roots:
        with (root / "covermap.toml").open("a", encoding="utf-8") as file:
            file.write("\n[locate]\n")
    folders = [
        build(root, BuildOptions(workers=w)).folder for root, w in zip(roots, (1, 2), strict=True)
    ]
    told, others = (table_bytes(f, leave=("rejected", "problems")) for f in folders)
    assert told == others
    rows = Workspace(roots[0]).current().read("sites").to_pylist()
    assert {(r["operator"], r["cell_id"]) for r in rows} == {("46000", "77"), ("46001", "77")}
    again = build(roots[0], BuildOptions(workers=1))
    assert next(s for s in again.steps if s.step == "locate").cached == 1


def with_cells(root: Path) -> Path:
    """Let every row of the logs name a cell."""
    for log in (root / "raw").glob("*.csv"):
        head, *rows = log.read_text(encoding="utf-8").splitlines()
        log.write_text(
            "\n".join([f"{head},cell", *(f"{r},77" for r in rows)]) + "\n", encoding="utf-8"
        )
    toml = (root / "covermap.toml").read_text(encoding="utf-8")
    toml = toml.replace('time = "time",', 'time = "time", cell_id = "cell",')
    (root / "covermap.toml").write_text(toml, encoding="utf-8")
    return root
