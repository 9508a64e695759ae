"""`covermap alerts`: what got worse between two builds, printed, as CSV and JSON, and sent."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from commands import covermap
from covermap.rules import load_pack
from covermap.store import MANIFEST, Workspace, write_table
from covermap.tables import LINE_VERDICTS, PLACE_VERDICTS, VILLAGE_VERDICTS, conform, in_order

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
    ):
        write_table(folder / f"{table.name}.parquet", in_order(rows, table), table)
    (folder / MANIFEST).write_text(json.dumps(said), encoding="utf-8")
    os.utime(folder / MANIFEST, (at, at))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("alerts")
    names = list(LINES)
    write(root, "first", 0, names, "eirene", 1)
    write(root, "before", 0, names, "project-default", 2)
    write(root, "after", 1, names, "project-default", 3)
    Workspace(root).publish("after")
    return root


def test_what_fell_is_told_and_what_is_only_known_better_is_not(two: Path) -> None:
    rows = covermap("alerts", two, "--json").data
    assert {(row["kind"], row["subject_id"]): row["beyond_noise"] for row in rows} == {
        ("line", "fell"): True, ("line", "perhaps"): False, ("place", "fails now"): False,
        ("village", "went dark"): False,
    }  # fmt: skip
    fell, perhaps = (row for row in rows if row["kind"] == "line")
    assert (fell["before"], fell["after"]) == ("pass", "fail")
    assert (fell["value_before"], fell["low_before"], fell["high_after"]) == (0.97, 0.96, 0.83)
    assert fell["p_noise"] < 1e-6 < perhaps["p_noise"]
    assert fell["simulated"]


def test_the_list_names_both_builds_and_says_that_it_is_simulated(two: Path) -> None:
    said = covermap("alerts", two)
    assert said.out.splitlines()[0] == "before -> after: 4 got worse"
    assert "Line fell" in said.out
    assert "pass 97.0 %" in said.out
    assert "fail 80.0 %" in said.out
    assert "not measured" in said.out
    assert "different rules" not in said.out


def test_builds_of_different_packs_are_compared_with_a_warning(two: Path) -> None:
    said = covermap("alerts", two, "--against", "first")
    assert "judged by different rules (eirene 1 and project-default" in said.out


def test_one_operator_alone_and_csv_with_every_column(two: Path) -> None:
    said = covermap("alerts", two, "--operator", "46000", "--csv")
    assert said.out.startswith("kind,subject_id,name,operator,technology,before,after,")
    assert len(said.out.splitlines()) == 3  # the lines alone
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
    assert [row["subject_id"] for row in body["alerts"]] == [
        "fell", "perhaps", "fails now", "went dark",
    ]  # fmt: skip


def test_what_cannot_be_sent_is_one_line(two: Path, inbox: tuple[str, list[Any]]) -> None:
    for address in ("ftp://x", f"{inbox[0]}/broken", "http://127.0.0.1:1/in"):
        said = covermap("alerts", two, "--webhook", address)
        assert said.code == 2
        assert address in said.errors[0]
        assert len(said.errors) == 1
