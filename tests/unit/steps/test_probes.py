"""Fixed devices over time: series that leave no hour out, and alarms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from covermap.pipeline import BuildOptions, build
from covermap.store import Workspace

CONFIG = """
[workspace]
name = "probes"
salt = "s"

[[measurements]]
name = "probes"
files = ["raw/*.csv"]
format = "table"
source = "probe"
datum = "wgs84"
columns = { time = "time", x = "x", y = "y", operator = "plmn", technology = "rat", device = "device", run_key = "device", rsrp_dbm = "rsrp", dl_kbps = "dl", latency_ms = "ping", service = "service", place = "place" }
"""  # noqa: E501
START = pd.Timestamp("2026-01-01", tz="UTC")
DAYS = 50


def probe(name, number, **changes):
    """Reports of a probe, each half hour; `changes` are columns by name, functions of the day."""
    rng = np.random.default_rng(number)
    time = pd.date_range(START, periods=48 * DAYS, freq="30min")
    rows = pd.DataFrame({
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "x": 116.3 + 0.01 * number, "y": 39.9,
        "plmn": "46000", "rat": "NR", "device": name, "service": "yes",
        "rsrp": rng.normal(-85, 2, len(time)).round(1), "place": f"P{number}",
        "dl": rng.normal(300_000, 20_000, len(time)).round(),
        "ping": rng.normal(20, 2, len(time)).round(1),
    })  # fmt: skip
    day = np.arange(len(rows)) // 48
    for column, change in changes.items():
        rows[column] = change(rows[column], day)
    return rows


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp("probes")
    (root / "raw").mkdir()
    (root / "covermap.toml").write_text(CONFIG, encoding="utf-8")
    rows = [
        probe("good", 1),
        probe("weaker", 2, rsrp=lambda v, day: v - 6.0 * (day >= 30)),
        probe("slower", 3, ping=lambda v, day: v * np.where((day >= 25) & (day < 35), 2.0, 1.0)),
        probe("dead", 4).iloc[: 48 * 40],
        probe("silent", 5, service=lambda v, day: v.where((day != 20) | (v.index % 2 == 0), "no")),
    ]  # fmt: skip
    pd.concat(rows).to_csv(root / "raw" / "probes.csv", index=False)
    build(root, BuildOptions())
    current = Workspace(root).current()
    runs = current.read("samples", ["device_id", "lon"]).to_pandas().dropna()
    names = {d: ["good", "weaker", "slower", "dead", "silent"][round((x - 116.31) / 0.01)]
             for d, x in runs.drop_duplicates("device_id").itertuples(index=False)}  # fmt: skip
    tables = [current.read(n).to_pandas() for n in ("probe_series", "probe_alarms")]
    for table in tables:
        table["device_id"] = table["device_id"].map(names)
    return root, *tables


def test_every_hour_and_day_of_a_probe_has_a_row(built):
    _, series, _ = built
    for name in ("good", "dead"):
        own = series[series["device_id"] == name]
        hours, days = (own[own["step"] == step] for step in ("hour", "day"))
        assert (len(hours), len(days)) == (24 * DAYS, DAYS)
        assert (hours["expected"].iloc[:-1] == 2).all()
    assert (series.groupby(["device_id", "step"])["start"].diff().dropna() > pd.Timedelta(0)).all()


def test_figures_of_a_day_are_those_of_its_reports(built):
    _, series, _ = built
    reports = probe("good", 1).iloc[48 * 3 : 48 * 4]
    daily = series[(series["device_id"] == "good") & (series["step"] == "day")]
    (row,) = daily[daily["start"] == START + pd.Timedelta(days=3)].to_dict("records")
    assert (row["reports"], row["served"], row["expected"]) == (48, 48, 48)
    assert row["availability"] == 1
    assert row["level_dbm"] == pytest.approx(reports["rsrp"].mean(), abs=0.01)
    assert row["downlink_mbps"] == pytest.approx(reports["dl"].mean() / 1000)
    assert row["latency_ms"] == np.sort(reports["ping"])[23]
    assert (row["operator"], row["place"]) == ("46000", "P1")
    assert row["lon"] == pytest.approx(116.31)


def test_reports_without_service_or_that_never_came_lower_the_availability(built):
    _, series, _ = built
    daily = series[series["step"] == "day"].set_index(["device_id", "start"])["availability"]
    assert daily["silent", START + pd.Timedelta(days=20)] == 0.5
    assert daily["silent", START + pd.Timedelta(days=21)] == 1
    assert daily["dead", START + pd.Timedelta(days=39)] == 1
    assert daily["dead", START + pd.Timedelta(days=45)] == 0


def test_what_became_worse_than_its_own_history_raises_an_alarm_and_nothing_else(built):
    _, _, found = built
    told = found.set_index("device_id")
    assert sorted(zip(found["device_id"], found["figure"], strict=True)) == [
        ("dead", "availability"), ("slower", "latency"), ("weaker", "level"),
    ]  # fmt: skip
    assert told.loc["weaker", "first"] == START + pd.Timedelta(days=30)
    assert told.loc["weaker", "open"]
    assert told.loc["weaker", "usual"] == pytest.approx(-85, abs=0.3)
    assert told.loc["weaker", "now"] == pytest.approx(-91, abs=0.3)
    assert told.loc["slower", "now"] == pytest.approx(40, rel=0.1)
    assert not told.loc["slower", "open"]
    assert told.loc["dead", "first"] == START + pd.Timedelta(days=40)
    assert (told["raised"] - told["first"] < pd.Timedelta(days=5)).all()


def test_drives_make_no_series(built, tmp_path):
    root, _, _ = built
    (tmp_path / "raw").mkdir()
    (tmp_path / "covermap.toml").write_text(
        CONFIG.replace('source = "probe"', 'source = "drive"'), encoding="utf-8"
    )
    probe("good", 1).iloc[:100].to_csv(tmp_path / "raw" / "probes.csv", index=False)
    build(tmp_path, BuildOptions())
    for name in ("probe_series", "probe_alarms"):
        assert Workspace(tmp_path).current().read(name).num_rows == 0
    assert Workspace(root).current().read("probe_series").num_rows > 0


def test_a_device_that_reported_once_has_its_row_and_no_availability(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "covermap.toml").write_text(CONFIG, encoding="utf-8")
    probe("once", 1).iloc[:1].to_csv(tmp_path / "raw" / "probes.csv", index=False)
    build(tmp_path, BuildOptions(workers=1))
    rows = Workspace(tmp_path).current().read("probe_series").to_pylist()
    assert [(r["step"], r["reports"], r["expected"], r["availability"]) for r in rows] == [
        ("day", 1, 0.0, None),  # and no hours: how often it reports is not known
    ]
