"""`covermap probes`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from commands import covermap
from covermap.tables import TABLES
from handmade import write, write_build


def rows(name: str, *records: dict[str, object]) -> pa.Table:
    schema = TABLES[name].schema
    return pa.Table.from_pylist([{f.name: r.get(f.name) for f in schema} for r in records], schema)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("probes")
    build = write_build(root)
    common = {"operator": "46000", "simulated": True}
    days = [
        {**common, "device_id": device, "step": "day", "reports": 96, "served": served,
         "start": dt.datetime(2026, 1, 1 + k, tzinfo=dt.UTC), "expected": 96.0,
         "availability": served / 96, "level_dbm": -85.0 - k, "latency_ms": 20.0,
         "place": "Hall" if device == "a" else None}
        for device, served in (("a", 96), ("b", 48)) for k in range(3)
    ]  # fmt: skip
    alarm = {
        **common, "device_id": "b", "figure": "availability", "open": True, "usual": 1.0,
        "now": 0.5, "strength": 25.0, "days": 30,
        **{n: dt.datetime(2026, 1, d, tzinfo=dt.UTC) for n, d in
           (("first", 1), ("raised", 2), ("last", 3))},
    }  # fmt: skip
    write(build, "probe_series", rows("probe_series", *days))
    write(build, "probe_alarms", rows("probe_alarms", alarm))
    return root


def test_devices_are_listed_with_their_open_alarms(served: Path) -> None:
    said = covermap("probes", served)
    assert said.code == 0, said.err
    table = [line.split() for line in said.out.splitlines()]
    assert table[1] == ["a", "46000", "Hall", "3", "288", "100.0", "%", "-86.0", "not", "known",
                        "20.0", "-"]  # fmt: skip
    assert table[2][5:7] == ["50.0", "%"]
    assert table[2][-1] == "availability"
    assert "simulated" in said.out


def test_days_of_a_device_are_listed(served: Path) -> None:
    said = covermap("probes", served, "--device", "b")
    table = [line.split() for line in said.out.splitlines()]
    assert [row[0] for row in table[1:4]] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert table[3][1:6] == ["96", "96.0", "50.0", "%", "-87.0"]
    assert covermap("probes", served, "--device", "c").code == 2


def test_alarms_are_listed_and_given_as_data(served: Path) -> None:
    said = covermap("probes", served, "--alarms")
    assert said.out.splitlines()[1].split() == [
        "b", "46000", "availability", "2026-01-01", "2026-01-02", "now", "100.0", "%", "50.0", "%",
        "25.0",
    ]  # fmt: skip
    (alarm,) = covermap("probes", served, "--alarms", "--json").data
    assert alarm["open"] is True
    assert covermap("probes", served, "--csv").out.startswith("device_id,operator,place,days,")


def test_a_build_without_probes_says_so(tmp_path: Path) -> None:
    write_build(tmp_path)
    assert "no fixed devices" in covermap("probes", tmp_path).out
