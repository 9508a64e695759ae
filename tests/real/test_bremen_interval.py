"""Real drives: one direction of a motorway predicts the other, as often as stated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bremen_runs import line_runs, segment_runs
from covermap.core.interval.estimands import interval, reached_m
from covermap.core.interval.model import IntervalSettings
from covermap.core.interval.posterior import posterior_paths
from interval_peers import block_bootstrap, wilson

pytestmark = pytest.mark.real

THRESHOLD_DBM = -105.0
SECTION = 100
"""Segments of 100 m in a section of 10 km."""
LEAST = 30
"""Segments that both directions must have measured of a section."""


@pytest.fixture(scope="module")
def rows(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return segment_runs(real_data, tmp_path_factory.mktemp("bremen"))


@pytest.fixture(scope="module")
def table(rows: pd.DataFrame) -> pd.DataFrame:
    """For each road, operator, direction fitted and section: is the other's share inside?"""
    rng = np.random.default_rng(5)
    made: list[tuple] = []
    for _, both in rows.groupby(["ref", "operator"]):
        for direction in (-1, 1):
            one, other = (both[both["direction"] == d] for d in (direction, -direction))
            made += compared(one, other, rng)
    names = ["kind", "ours", "width", "wilson", "wilson_width", "block", "block_width"]
    return pd.DataFrame(made, columns=names).groupby("kind").mean()


def compared(one: pd.DataFrame, other: pd.DataFrame, rng: np.random.Generator) -> list[tuple]:
    runs, first = line_runs(one), int(one["segment"].min())
    segments, made = int(runs.line[-1]), []
    settings = IntervalSettings(drive="same_campaign")
    bits = posterior_paths(runs, THRESHOLD_DBM, settings, draws=512).drive
    seen, good = np.zeros(segments), np.zeros(segments, bool)
    at = other["segment"].to_numpy() - first
    inside = (at >= 0) & (at < segments)
    seen[at[inside]] = 1.0
    good[at[inside]] = other["mean"].to_numpy()[inside] >= THRESHOLD_DBM
    own = np.full(segments, np.nan)
    own[runs.segment] = runs.y_dbm
    pieces = [("line", 0, segments)]
    pieces += [("10 km", a, a + SECTION) for a in range(0, segments - SECTION // 2, SECTION)]
    for kind, a, b in pieces:
        trained = own[a:b][~np.isnan(own[a:b])] >= THRESHOLD_DBM
        if seen[a:b].sum() < LEAST or len(trained) < LEAST:
            continue
        share = good[a:b].sum() / seen[a:b].sum()
        ours = interval(reached_m(bits[a:b], seen[a:b]) / seen[a:b].sum())[1:]
        row: list = [kind]
        for low, high in (ours, wilson(trained), block_bootstrap(trained, rng)):
            row += [low - 1e-9 <= share <= high + 1e-9, high - low]
        made.append(tuple(row))
    return made


def test_the_other_direction_lies_inside_about_as_often_as_stated(table: pd.DataFrame):
    """Twelve whole lines and 108 sections of six road x operator clusters: a wide margin.

    Measured: whole lines 92 %, sections of 10 km 89 % (Wilson 50 and 65, block bootstrap 75 and
    83). Nominal is 95 %: this is what it is on one repeat data set, never a proof.
    """
    print(table.round(3).to_string())
    assert 0.83 <= table.loc["line", "ours"] <= 1.0
    assert 0.85 <= table.loc["10 km", "ours"] <= 0.99


def test_it_holds_more_often_than_wilson_and_the_block_bootstrap(table: pd.DataFrame):
    for kind in ("line", "10 km"):
        ours = table.loc[kind, "ours"]
        assert ours > table.loc[kind, "block"] > table.loc[kind, "wilson"]


def test_shares_out_and_back_are_those_known_of_this_campaign(rows: pd.DataFrame):
    """Known (80 km of Bremen-Bremerhaven and its feeders): .849/.792, .517/.494, .814/.762.

    On the 71 km that lie on the A 27 itself, where both directions measured: .838/.818,
    .489/.483, .834/.818.
    """
    a27 = rows[rows["ref"] == "A 27"]
    wide = a27.pivot_table(index=["operator", "segment"], columns="direction", values="mean")
    shares = (wide.dropna() >= THRESHOLD_DBM).groupby("operator").mean()
    known = np.array([[0.849, 0.792], [0.517, 0.494], [0.814, 0.762]])
    assert np.abs(shares.to_numpy() - known).max() < 0.06
    assert np.abs(shares.to_numpy().mean(axis=1) - known.mean(axis=1)).max() < 0.045
