"""`covermap probes`: fixed devices over time, and which became worse than they were."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from covermap.cli.by_region import only
from covermap.cli.printing import NOT_KNOWN, known, percent, print_data, print_table
from covermap.store import Build, Workspace

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

DEVICES = ["device", "operator", "place", "days", "reports", "available", "level dBm",
           "down Mbit/s", "latency ms", "alarms"]  # fmt: skip
SERIES = ["start", "reports", "expected", "available", "level dBm", "down Mbit/s", "up Mbit/s",
          "latency ms"]  # fmt: skip
ALARMS = ["device", "operator", "figure", "since", "raised", "until", "usual", "now",
          "deviations"]  # fmt: skip
NONE = "-"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("probes")(probes)


def probes(
    directory: Path = typer.Argument(Path(), help="The workspace."),
    device: str | None = typer.Option(None, "--device", help="The days of this device."),
    hours: bool = typer.Option(False, "--hours", help="With --device: its hours."),
    alarms: bool = typer.Option(
        False, "--alarms", help="Where one became worse than its own history."
    ),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV with every column."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON with every column."),
) -> None:
    """Tell of fixed devices how available they were, what they measured, and which became worse.

    Available: the share of the reports that its usual interval lets expect, that came and had
    service. An alarm compares a device with its own days before; false ones are rare (see the
    README).
    """
    build = Workspace(directory).current()
    if not build.rows("probe_series"):
        typer.echo('The current build has no fixed devices. Declare [[measurements]] of "probe".')
        return
    rows, headings, shown, left = _asked(build, device, hours, alarms)
    if as_csv or as_json:
        print_data(rows, "csv" if as_csv else "json")
        return
    print_table(headings, [shown(row) for row in rows.to_dict("records")], left)
    if rows["simulated"].any():
        typer.echo("simulated: made by the simulator, not measured")


def _asked(
    build: Build, device: str | None, hours: bool, alarms: bool
) -> tuple[pd.DataFrame, list[str], Any, int]:
    found = only(build.read("probe_alarms").to_pandas(), {"device_id": device if alarms else None})
    if alarms:
        return found, ALARMS, _alarm, 3
    series = build.read("probe_series").to_pandas()
    if device is not None:
        wanted = {"step": "hour" if hours else "day", "device_id": device}
        return only(series, wanted), SERIES, _slot, 1
    return _devices(series[series["step"] == "day"], found), DEVICES, _device, 3


def _devices(days: pd.DataFrame, alarms: pd.DataFrame) -> pd.DataFrame:
    """Sum the days of each device up; medians of its days."""
    made = days.groupby("device_id", as_index=False).agg(
        operator=("operator", "first"), place=("place", "first"), days=("start", "size"),
        reports=("reports", "sum"), served=("served", "sum"), expected=("expected", "sum"),
        level_dbm=("level_dbm", "median"), downlink_mbps=("downlink_mbps", "median"),
        uplink_mbps=("uplink_mbps", "median"), latency_ms=("latency_ms", "median"),
        simulated=("simulated", "any"),
    )  # fmt: skip
    made.insert(7, "availability", (made["served"] / made["expected"]).clip(upper=1))
    still = alarms[alarms["open"]].groupby("device_id")["figure"].agg(", ".join)
    made["alarms"] = made["device_id"].map(still)
    return made


def _device(row: dict[Any, Any]) -> list[str]:
    return [
        str(row["device_id"]), str(row["operator"]), _text(row["place"]), str(row["days"]),
        str(row["reports"]), percent(row["availability"]), _number(row["level_dbm"]),
        _number(row["downlink_mbps"]), _number(row["latency_ms"]), _text(row["alarms"]),
    ]  # fmt: skip


def _slot(row: dict[Any, Any]) -> list[str]:
    start = row["start"]
    return [
        f"{start:%Y-%m-%d %H:%M}" if row["step"] == "hour" else f"{start:%Y-%m-%d}",
        str(row["reports"]), _number(row["expected"]), percent(row["availability"]),
        _number(row["level_dbm"]), _number(row["downlink_mbps"]), _number(row["uplink_mbps"]),
        _number(row["latency_ms"]),
    ]  # fmt: skip


def _alarm(row: dict[Any, Any]) -> list[str]:
    until = "now" if row["open"] else f"{row['last']:%Y-%m-%d}"
    return [
        str(row["device_id"]), str(row["operator"]), str(row["figure"]),
        f"{row['first']:%Y-%m-%d}", f"{row['raised']:%Y-%m-%d}", until,
        *(_figure(row[name], row["figure"]) for name in ("usual", "now")),
        f"{row['strength']:.1f}",
    ]  # fmt: skip


def _figure(value: float, figure: str) -> str:
    return percent(value) if figure == "availability" else _number(value)


def _number(value: Any) -> str:
    return f"{value:.1f}" if known(value) else NOT_KNOWN


def _text(value: Any) -> str:
    return str(value) if known(value) else NONE
