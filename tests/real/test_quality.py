"""Service quality of Dakar and Cork, beside figures taken by hand from the logs as they are."""

from __future__ import annotations

import io
import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from covermap.pipeline import BuildOptions, build
from covermap.store import Workspace

pytestmark = [pytest.mark.real, pytest.mark.slow]

PHONES = {"Orange": "60801", "Yas": "60802", "expresso": "60803"}
LOGS = {"log_datatest": "gnettrack-datatest", "log_events": "gnettrack-events"}
HEAD = """
[workspace]
name = "service"
salt = "s"

[rules]
pack = "miit-2025"

[grid]
resolution = 9
"""
DAKAR = """
[[measurements]]
name = "{name}"
files = ["raw/{phone}_{log}.txt"]
format = "{form}"
source = "drive"
datum = "wgs84"
timezone = "Africa/Dakar"
operator = "{plmn}"
operators = {{ {phone} = "{plmn}" }}
"""
CORK = """
[[measurements]]
name = "cork"
files = ["raw/cork/*.csv"]
format = "gnettrack"
source = "drive"
datum = "wgs84"
timezone = "Europe/Dublin"
operator = "B"
tests = ["downlink", "latency"]
"""
ONES_OF_DAKAR = {"4G": "lte", "3G": "umts", "2G": "gsm"}
ONES_OF_CORK = {
    "5G": "nr", "LTE": "lte", "HSPA+": "umts", "HSDPA": "umts", "HSUPA": "umts", "UMTS": "umts",
    "EDGE": "gsm", "GPRS": "gsm",
}  # fmt: skip


@pytest.fixture(scope="module")
def verdicts(real_data, tmp_path_factory):
    """Figures of both towns: the tests of Dakar's phones, and Cork's 21 runs of downloads."""
    root = tmp_path_factory.mktemp("service")
    (root / "raw" / "cork").mkdir(parents=True)
    entries = [HEAD, CORK]
    for phone, plmn in PHONES.items():
        for log, form in LOGS.items():
            file = f"{phone}_{log}.txt"
            shutil.copy(real_data / "measurements" / "dakar_gnettrack" / file, root / "raw" / file)
            name = f"{phone}-{log}".lower().replace("_", "-")
            entries.append(DAKAR.format(name=name, phone=phone, log=log, form=form, plmn=plmn))
    for name, text in downloads(real_data):
        (root / "raw" / "cork" / name).write_bytes(text)
    (root / "covermap.toml").write_text("".join(entries), encoding="utf-8")
    build(root, BuildOptions())
    return Workspace(root).current().read("quality_verdicts").to_pandas()


def downloads(real_data):
    path = real_data / "measurements" / "cork_gnettrack" / "5G-production-dataset.zip"
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            inside = name.startswith("5G-production-dataset/Download/")
            if inside and name.endswith(".csv"):
                yield name.replace("/", "-"), archive.read(name)


def figure(verdicts, operator, technology, name):
    (row,) = verdicts[
        (verdicts["scope"] == "all") & (verdicts["operator"] == operator)
        & (verdicts["technology"] == technology) & (verdicts["figure"] == name)
    ].to_dict("records")  # fmt: skip
    return row


def smallest(values, share):
    """Take the k-th smallest value, k = ceil(share * number)."""
    return np.sort(values)[max(0, int(np.ceil(share * len(values) - 1e-9)) - 1)]


@pytest.mark.parametrize("phone", list(PHONES))
def test_figures_of_dakar_are_those_of_the_raw_test_logs(real_data, verdicts, phone):
    path = real_data / "measurements" / "dakar_gnettrack" / f"{phone}_log_datatest.txt"
    raw = pd.read_csv(path, sep="\t", index_col=False)
    raw["technology"] = raw["NetworkTech"].map(ONES_OF_DAKAR)
    checked = 0
    for technology in ("lte", "umts", "gsm", "any"):
        own = raw if technology == "any" else raw[raw["technology"] == technology]
        if own.empty:
            continue
        for name, column in (
            ("mean_downlink_mbps", "TESTDOWNLINK"), ("mean_uplink_mbps", "TESTUPLINK"),
        ):  # fmt: skip
            rates = own[column].dropna()
            row = figure(verdicts, PHONES[phone], technology, name)
            assert row["tests"] == len(rates)
            assert row["value"] == pytest.approx(rates.mean() / 1000, rel=1e-12)
            checked += 1
        pings = own["PINGAVG"].dropna()
        for name, share in (("latency_median_ms", 0.5), ("latency_p95_ms", 0.95)):
            row = figure(verdicts, PHONES[phone], technology, name)
            assert row["tests"] == len(pings)
            assert row["value"] == pytest.approx(smallest(pings, share), rel=0.01)
            checked += 1
    assert checked >= 8


@pytest.mark.parametrize("phone", list(PHONES))
def test_shares_of_dakar_are_those_of_the_raw_logs(real_data, verdicts, phone):
    folder = real_data / "measurements" / "dakar_gnettrack"
    raw = pd.read_csv(folder / f"{phone}_log_datatest.txt", sep="\t", index_col=False)
    lte = raw[raw["NetworkTech"] == "4G"]
    down, up = lte["TESTDOWNLINK"].dropna(), lte["TESTUPLINK"].dropna()
    row = figure(verdicts, PHONES[phone], "lte", "downlink_share")
    assert (row["standard"], row["tests"]) == (10, len(down))
    assert row["value"] == pytest.approx((down >= 10_000).mean())
    met = (down >= 10_000).sum() + (up >= 2000).sum()
    row = figure(verdicts, PHONES[phone], "any", "tests_share")  # of 3G the pack asks nothing
    assert row["value"] == pytest.approx(met / (len(down) + len(up)))

    events = pd.read_csv(folder / f"{phone}_log_events.txt", sep="\t", index_col=False)
    calls = events[events["EventDetails"].fillna("").str.contains("VOICE SEQUENCE")]
    kinds = calls["EventType"].value_counts()
    ended = kinds.get("CALL_END", 0) + kinds.get("CALL_DROP", 0)
    row = figure(verdicts, PHONES[phone], "any", "connect_share")
    assert row["tests"] == ended + kinds.get("CALL_BLOCK", 0)
    assert row["value"] == pytest.approx(ended / row["tests"])


def test_one_run_of_each_phone_gives_no_interval_and_no_answer(verdicts):
    dakar = verdicts[verdicts["operator"].isin(list(PHONES.values()))]
    assert len(dakar) > 50
    assert (dakar["clusters"] == 1).all()
    assert dakar[["low", "high", "probability"]].isna().all(axis=None)
    assert set(dakar["answer"].dropna()) == {"undetermined"}


@pytest.fixture(scope="module")
def tests_by_hand(real_data):
    """Cork's downloads in tests of about 10 s, one row after the other."""
    found = []
    for name, text in downloads(real_data):
        raw = pd.read_csv(io.BytesIO(text), na_values="-")
        raw["at"] = pd.to_datetime(raw["Timestamp"], format="%Y.%m.%d_%H.%M.%S")
        raw = raw[raw["State"].isin(["D", "VD"])].sort_values("at", kind="stable")
        rows = list(zip(
            raw["at"].map(pd.Timestamp.timestamp), raw["NetworkMode"].map(ONES_OF_CORK),
            raw["DL_bitrate"], strict=True,
        ))  # fmt: skip
        transfer = [rows[0]]
        for row in [*rows[1:], None]:
            if row and row[1] == transfer[0][1] and row[0] - transfer[-1][0] <= 3:
                transfer.append(row)
                continue
            found += [(name, *one) for one in cut(transfer)]
            transfer = [row]
    return pd.DataFrame(found, columns=["run", "technology", "kbps"])


def cut(transfer):
    """Cut one transfer into tests of about 10 s: their technology and mean rate."""
    first, last = transfer[0][0], transfer[-1][0]
    lasted = last - first
    if len(transfer) > 1:
        lasted += lasted / (len(transfer) - 1)
    if lasted < 5:
        return []
    parts = max(1, int(lasted / 10 + 0.5))
    rates = [[] for _ in range(parts)]
    for at, _, rate in transfer:
        rates[min(parts - 1, int((at - first) / (lasted / parts)))].append(rate)
    return [(transfer[0][1], float(np.mean(r))) for r in rates if r]


@pytest.mark.parametrize("technology", ["nr", "lte", "umts", "any"])
def test_figures_of_cork_are_those_of_the_raw_logs(verdicts, tests_by_hand, technology):
    own = tests_by_hand
    if technology != "any":
        own = own[own["technology"] == technology]
    row = figure(verdicts, "B", technology, "mean_downlink_mbps")
    # a run is parted where its position jumps, and rows of one second have an order of their own
    assert row["tests"] == pytest.approx(len(own), rel=0.005)
    assert row["value"] == pytest.approx(own["kbps"].mean() / 1000, rel=0.005)
    assert row["runs"] == row["clusters"] == own["run"].nunique()
    low, high = interval(own)
    assert (row["low"], row["high"]) == pytest.approx((low, high), rel=0.02)
    assert (row["target"], row["answer"]) == (220, "fail")


def interval(own):
    """Take the 95 % interval of the mean of all tests by matrices, one row of them a run."""
    runs = own.groupby("run")["kbps"].agg(["size", "sum"]).to_numpy()
    n, total = runs[:, 0], runs[:, 1] / 1000
    share, mean = n / n.sum(), total.sum() / n.sum()
    residual = total - mean * n
    error = np.sqrt((residual**2 / (1 - share)).sum()) / n.sum()
    leave = np.eye(len(n)) - np.outer(share, np.ones(len(n)))
    form = leave.T @ np.diag(1 / (1 - share)) @ leave @ np.diag(share**2)
    df = np.trace(form) ** 2 / np.trace(form @ form)
    reach = stats.t.ppf(0.975, df) * error / mean
    return mean * np.exp(-reach), mean * np.exp(reach)


def test_pings_of_cork_are_each_a_test(real_data, verdicts):
    pings = pd.concat(
        pd.read_csv(io.BytesIO(text), na_values="-") for _, text in downloads(real_data)
    )["PINGAVG"].dropna()
    row = figure(verdicts, "B", "any", "latency_median_ms")
    assert row["tests"] == len(pings)
    assert row["value"] == pytest.approx(smallest(pings, 0.5), rel=0.01)
    assert row["low"] < row["value"] < row["high"]


def test_nothing_is_said_of_the_uplink_that_only_acknowledged(verdicts):
    assert verdicts[
        (verdicts["operator"] == "B") & (verdicts["figure"] == "mean_uplink_mbps")
    ].empty
