"""`covermap alerts`: what got worse between two builds, printed, as CSV and JSON, and sent."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from commands import covermap
from covermap.rules import load_pack
from covermap.store import MANIFEST, Workspace, write_table
from covermap.tables import (
    LINE_VERDICTS,
    PLACE_VERDICTS,
    PROBE_ALARMS,
    QUALITY_VERDICTS,
    STAR_RATINGS,
    VILLAGE_VERDICTS,
    conform,
    in_order,
)

KM = [c.name for c in LINE_VERDICTS.columns if c.name.endswith("_km")]
LINES = {  # name: answer and share with its interval before, and after
    "fell": (("pass", 0.97, 0.96, 0.98), ("fail", 0.80, 0.77, 0.83)),
    "known": (("undetermined", 0.90, 0.80, 0.99), ("fail", 0.90, 0.88, 0.92)),
    "noise": (("pass", 0.97, 0.95, 0.98), ("pass", 0.965, 0.95, 0.98)),
    "perhaps": (("pass", 0.96, 0.951, 0.97), ("undetermined", 0.955, 0.94, 0.97)),
    "rose": (("fail", 0.5, 0.4, 0.6), ("pass", 0.97, 0.96, 0.98)),
    "unmeasured": (("undetermined", None, None, None), ("undetermined", 0.2, 0.1, 0.3)),
}


def line_verdicts(which: int, names: list[str]) -> pa.Table:
    rows = []
    for name in names:
        answer, share, low, high = LINES[name][which]
        rows.append(dict.fromkeys(KM, 0.0) | {
            "line_id": name, "name": f"Line {name}", "class": "rail", "operator": "46000",
            "technology": "nr", "share_if_rest_bad": 0.0, "share_if_rest_good": 1.0,
            "share_expected": share, "share_low": low, "share_high": high, "answer": answer,
            "simulated": True,
        })  # fmt: skip
    made = pa.Table.from_pylist(rows, LINE_VERDICTS.schema)
    return in_order(conform(made, LINE_VERDICTS), LINE_VERDICTS)


VILLAGES = {  # verdict and probability before, and after
    "went dark": (("lit", 0.98), ("dark", 0.01)),
    "not measured now": (("lit", 0.98), ("unmeasured", None)),
    "better known": (("weak", 0.30), ("dark", 0.31)),
}
PLACES = {
    "fails now": (("undetermined", 1.0), ("no", 0.02)),
    "a point is missing": (("yes", 0.99), ("undetermined", 0.99)),
}


QUALITY = {  # figure: value with its interval before, and after
    "mean_downlink_mbps": ((220.0, 210.0, 230.0), (150.0, 140.0, 160.0)),
    "latency_median_ms": ((20.0, 19.0, 21.0), (40.0, 38.0, 42.0)),
    "stall_share": ((0.20, 0.18, 0.22), (0.02, 0.01, 0.03)),
    "connect_share": ((0.99, 0.97, 1.0), (0.985, 0.97, 1.0)),
}


def quality_verdicts(which: int) -> pa.Table:
    zeros = ("extremes", "tests", "runs", "devices", "clusters")
    rows = [dict.fromkeys(zeros, 0) | {
        "scope": "region", "level": "city", "scope_id": "3205", "name": "Suzhou",
        "operator": "46000", "technology": "nr", "source": "probe", "figure": figure,
        "confidence": 0.95, "clusters_by": "device", "basis": "measured", "simulated": True,
        **dict(zip(("value", "low", "high"), said[which], strict=True)),
    } for figure, said in QUALITY.items()]  # fmt: skip
    return conform(pa.Table.from_pylist(rows, QUALITY_VERDICTS.schema), QUALITY_VERDICTS)


def probe_alarms(which: int) -> pa.Table:
    """One that was open before already, one that closed, and a new one."""
    day = datetime(2026, 5, 1, tzinfo=UTC)
    open_ = {"old": True, "closed": which == 0} | ({"new": True} if which else {})
    rows = [{
        "device_id": device, "operator": "46000", "figure": "level", "first": day, "raised": day,
        "last": day, "open": is_open, "usual": -80.0, "now": -95.0, "strength": 6.0, "days": 30,
        "simulated": True,
    } for device, is_open in open_.items()]  # fmt: skip
    return conform(pa.Table.from_pylist(rows, PROBE_ALARMS.schema), PROBE_ALARMS)


STARS = {"a star less": ((4, 0.75), (3, 0.60)), "a point less": ((4, 0.75), (4, 0.74))}


def star_ratings(which: int) -> pa.Table:
    rows = [{
        "kind": "place", "id": name, "operator": "any", "technology": "nr",
        "stars": said[which][0], "points": said[which][1], "known_weight": 1.0, "why": "",
        "n": 9, "tests": 9, "formula": "", "simulated": True,
    } for name, said in STARS.items()]  # fmt: skip
    return conform(pa.Table.from_pylist(rows, STAR_RATINGS.schema), STAR_RATINGS)


def village_verdicts(which: int) -> pa.Table:
    zeros = ("key_points", "key_points_measured", "cells", "cells_covered", "n", "settles")
    rows = [dict.fromkeys(zeros, 0) | {
        "village_id": name, "operator": "any", "technology": "nr", "verdict": said[which][0],
        "probability": said[which][1], "simulated": True,
    } for name, said in VILLAGES.items()]  # fmt: skip
    return conform(pa.Table.from_pylist(rows, VILLAGE_VERDICTS.schema), VILLAGE_VERDICTS)


def place_verdicts(which: int) -> pa.Table:
    zeros = ("key_points", "met", "missed", "unmeasured", "n", "n_none", "runs", "lon", "lat")
    rows = [dict.fromkeys(zeros, 0) | {
        "place_id": name, "operator": "any", "technology": "nr", "deep": said[which][0],
        "probability_low": 0.0, "probability_high": said[which][1], "simulated": True,
    } for name, said in PLACES.items()]  # fmt: skip
    return conform(pa.Table.from_pylist(rows, PLACE_VERDICTS.schema), PLACE_VERDICTS)


def write(root: Path, build: str, which: int, names: list[str], pack: str, at: int) -> None:
    folder = root / "builds" / build
    folder.mkdir(parents=True)
    rules = load_pack(pack).model_dump(mode="json")
    said = {"id": build, "rules": rules, "workspace": {"name": "w", "simulated": True}}
    write_table(folder / "line_verdicts.parquet", line_verdicts(which, names), LINE_VERDICTS)
    for table, rows in (
        (VILLAGE_VERDICTS, village_verdicts(which)),
        (PLACE_VERDICTS, place_verdicts(which)),
        (QUALITY_VERDICTS, quality_verdicts(which)),
        (PROBE_ALARMS, probe_alarms(which)),
        (STAR_RATINGS, star_ratings(which)),
    ):
        write_table(folder / f"{table.name}.parquet", in_order(rows, table), table)
    (folder / MANIFEST).write_text(json.dumps(said), encoding="utf-8")
    os.utime(folder / MANIFEST, (at, at))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("alerts")
    names = list(LINES)
    write(root, "first", 0, names, "eirene", 1)
    write(root, "before", 0, names, "miit-2025", 2)
    write(root, "after", 1, names, "miit-2025", 3)
    Workspace(root).publish("after")
    return root


def test_what_fell_is_told_and_what_is_only_known_better_is_not(two: Path) -> None:
    rows = covermap("alerts", two, "--json").data
    place = "region/city/3205/probe"
    names = ("kind", "subject_id", "figure", "beyond_noise")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("line", "fell", "share_expected", True), ("line", "perhaps", "share_expected", False),
        ("place", "fails now", "probability_high", False), ("probe", "new", "level", True),
        ("quality", place, "latency_median_ms", True),
        ("quality", place, "mean_downlink_mbps", True),
        ("star", "place/a star less", "points", False),
        ("village", "went dark", "probability", False),
    ]  # fmt: skip
    fell, perhaps = (row for row in rows if row["kind"] == "line")
    assert (fell["before"], fell["after"]) == ("pass", "fail")
    assert (fell["value_before"], fell["low_before"], fell["high_after"]) == (0.97, 0.96, 0.83)
    assert fell["p_noise"] < 1e-6 < perhaps["p_noise"]
    assert fell["simulated"]


def test_the_list_names_both_builds_and_says_that_it_is_simulated(two: Path) -> None:
    said = covermap("alerts", two)
    assert said.out.splitlines()[0] == "before -> after: 8 got worse"
    assert "Line fell" in said.out
    assert "pass 97.0 %" in said.out
    assert "fail 80.0 %" in said.out
    assert "220.00 Mbit/s" in said.out
    assert "-95.00 dBm" in said.out
    assert "not measured" in said.out
    assert "different rules" not in said.out


def test_builds_of_different_packs_are_compared_with_a_warning(two: Path) -> None:
    said = covermap("alerts", two, "--against", "first")
    assert "judged by different rules (eirene 1 and miit-2025" in said.out


def test_one_operator_alone_and_csv_with_every_column(two: Path) -> None:
    said = covermap("alerts", two, "--operator", "any", "--csv")
    assert said.out.startswith("kind,subject_id,name,operator,technology,before,after,")
    assert len(said.out.splitlines()) == 4
    assert covermap("alerts", two, "--operator", "x").code == 2


def test_a_build_that_is_not_there_or_the_only_one_is_said(two: Path, tmp_path: Path) -> None:
    assert "no build 'x'" in covermap("alerts", two, "--against", "x").errors[0]
    write(tmp_path, "only", 0, ["fell"], "project-default", 1)
    Workspace(tmp_path).publish("only")
    assert "the only one" in covermap("alerts", tmp_path).errors[0]


class Inbox(BaseHTTPRequestHandler):
    taken: list[Any]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append((self.headers["Content-Type"], json.loads(body)))
        self.send_response(204 if self.path == "/in" else 500)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def inbox() -> Iterator[tuple[str, list[Any]]]:
    taken: list[Any] = []
    handler = type("Own", (Inbox,), {"taken": taken})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", taken
        server.shutdown()
        thread.join()


def test_the_list_is_sent_where_it_is_asked_for(two: Path, inbox: tuple[str, list[Any]]) -> None:
    address, taken = inbox
    assert covermap("alerts", two, "--webhook", f"{address}/in").code == 0
    ((kind, body),) = taken
    assert kind.startswith("application/json")
    assert (body["build"], body["against"], body["workspace"]) == ("after", "before", "w")
    assert len(body["alerts"]) == 8
    assert body["alerts"][0]["subject_id"] == "fell"


def test_what_cannot_be_sent_is_one_line(two: Path, inbox: tuple[str, list[Any]]) -> None:
    for address in ("ftp://x", f"{inbox[0]}/broken", "http://127.0.0.1:1/in"):
        said = covermap("alerts", two, "--webhook", address)
        assert said.code == 2
        assert address in said.errors[0]
        assert len(said.errors) == 1
