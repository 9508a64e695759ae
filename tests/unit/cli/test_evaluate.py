"""`covermap evaluate` on a small road: what it prints, keeps and draws."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from commands import covermap
from covermap.core.prediction.evaluate import reliability
from covermap.formats.evaluated import COLOURS, Curve, ErrorMap, errors_png, reliability_png
from covermap.pipeline import BuildOptions, build
from covermap.store import Workspace
from workspaces import make_workspace


@pytest.fixture(scope="module")
def own_scores(root):
    """Scores as the build made them itself, before anything was evaluated."""
    return Workspace(root).current().read("prediction_scores").to_pandas()


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = make_workspace(tmp_path_factory.mktemp("evaluate") / "road", runs=4)
    with (root / "covermap.toml").open("a") as file:
        file.write("\n[predict]\nnear_m = 500\n")
    build(root, BuildOptions(workers=1))
    return root


@pytest.mark.slow
def test_a_build_scores_itself_much_as_learning_anew_would(root, own_scores):
    assert set(own_scores["learnt"]) == {"once"}
    anew = pd.DataFrame(covermap("evaluate", str(root), "--workers", "1", "--json").data)
    assert set(anew["learnt"]) == {"anew"}
    key = ["operator", "technology", "held", "from_m", "to_m"]
    both = own_scores.merge(anew, on=key, suffixes=("", "_anew"))
    assert len(both) == len(own_scores) == len(anew)
    assert both["n"].tolist() == both["n_anew"].tolist()
    whole = both[(both["from_m"] == 0) & both["to_m"].isna() & (both["n"] > 0)]
    assert set(whole["operator"]) == {"46000", "46001", "any"}
    assert whole["rmse_db"].to_numpy() == pytest.approx(whole["rmse_db_anew"].to_numpy(), rel=0.15)
    assert (whole["rmse_db"] != whole["rmse_db_anew"]).any()


@pytest.mark.slow
def test_scores_are_printed_kept_in_the_build_and_written(root, own_scores, tmp_path):
    done = covermap(
        "evaluate", str(root), "--blocks", "600", "--workers", "1", "--out", str(tmp_path)
    )
    assert done.code == 0, done.err
    assert "46000/lte" in done.out
    assert "kept in the build" in done.out
    kept = Workspace(root).current().read("prediction_scores").to_pandas()
    whole = kept[(kept["from_m"] == 0) & kept["to_m"].isna()]
    pairs = whole.set_index(["operator", "held"])["n"]
    assert pairs["46000", "blocks"] > 20
    assert pairs["any", "blocks"] == pairs["46000", "blocks"] + pairs["46001", "blocks"]
    bands = kept[(kept["operator"] == "46000") & (kept["held"] == "blocks")]
    assert bands["n"].sum() == 2 * pairs["46000", "blocks"]
    places = pd.read_csv(tmp_path / "places.csv")
    own = places[(places["operator"] == 46000) & (places["held"] == "blocks")]
    off = own["mean_dbm"] - own["level_dbm"]
    row = whole[(whole["operator"] == "46000") & (whole["held"] == "blocks")].iloc[0]
    assert row["rmse_db"] == pytest.approx(np.sqrt((off**2).mean()))
    assert row["bias_db"] == pytest.approx(off.mean())
    inside = own["level_dbm"].between(own["low_dbm"], own["high_dbm"])
    assert row["inside_90"] == pytest.approx(inside.mean())
    assert row["block_m"] == 600
    assert set(kept["learnt"]) == {"anew"} != set(own_scores["learnt"])
    tenths = Workspace(root).current().read("prediction_reliability").to_pandas()
    mine = tenths[(tenths["operator"] == "46000") & (tenths["held"] == "blocks")]
    n, _, seen = reliability(own["covered"].to_numpy(), (own["level_dbm"] >= -105).to_numpy())
    assert mine["n"].tolist() == n.tolist()
    assert mine["seen"].fillna(-1).tolist() == pytest.approx(np.nan_to_num(seen, nan=-1).tolist())
    assert json.loads((tmp_path / "scores.json").read_text())[0]["n"] > 0
    for name in ("reliability.png", "errors.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.size[0] > 500


@pytest.mark.slow
def test_one_layer_alone_is_told_and_not_kept(root):
    before = Workspace(root).current().rows("prediction_scores")
    done = covermap("evaluate", str(root), "--layer", "46001/lte", "--workers", "1", "--csv")
    rows = pd.read_csv(io.StringIO(done.out), dtype={"operator": str})
    assert set(rows["operator"]) == {"46001", "any"}
    assert Workspace(root).current().rows("prediction_scores") == before


@pytest.mark.slow
def test_a_layer_that_is_not_there_is_named(root):
    done = covermap("evaluate", str(root), "--layer", "46001/nr")
    assert done.code == 2
    assert (
        "no layer '46001/nr' whose measurements can be held out. There are: 46000/lte," in done.err
    )
    done = covermap("evaluate", str(root), "--layer", "lte")
    assert "operator/technology" in done.err


@pytest.mark.slow
def test_a_build_that_foretells_nothing_says_what_to_declare(tmp_path):
    root = make_workspace(tmp_path / "road", runs=1)
    build(root, BuildOptions(workers=1))
    done = covermap("evaluate", str(root))
    assert done.code == 2
    assert "Declare [predict] in covermap.toml" in done.err


def test_points_of_the_reliability_diagram_lie_where_they_belong():
    n = np.array([0] * 9 + [500])
    said, seen = np.full(10, np.nan), np.full(10, np.nan)
    said[9], seen[9] = 0.9, 0.5
    picture = Image.open(io.BytesIO(reliability_png([Curve("blocks", n, said, seen)])))
    # two pixels for one of the drawing; 420 wide from (70, 70)
    assert picture.getpixel((2 * (70 + 378), 2 * (70 + 210))) == (0x2F, 0x7F, 0xC1)
    assert picture.getpixel((2 * (70 + 378), 2 * (70 + 250))) == (255, 255, 255)


def test_the_error_map_shows_too_high_in_red_and_too_low_in_blue():
    lon, lat = np.array([9.0, 9.1]), np.array([53.0, 53.0])
    one = ErrorMap("a/lte", lon, lat, np.array([20.0, -20.0]))
    picture = Image.open(io.BytesIO(errors_png([one])))
    pixels = np.array(picture)[100:200]
    red, blue = (tuple(int(c[k : k + 2], 16) for k in (1, 3, 5)) for c in (COLOURS[-1], COLOURS[0]))
    found = [np.argwhere((pixels == colour).all(axis=2))[:, 1].mean() for colour in (red, blue)]
    assert found[0] < found[1]  # west before east


def test_pictures_of_nothing_are_pictures():
    assert reliability_png([]).startswith(b"\x89PNG")
    assert errors_png([]).startswith(b"\x89PNG")
