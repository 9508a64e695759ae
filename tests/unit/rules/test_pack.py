import tomllib
from importlib.resources import files

import pytest

from covermap.errors import NotKnownError, RulePackError
from covermap.rules import load_pack, pack_names, pack_text
from covermap.tables import TECHNOLOGIES

OFFICIAL = {
    "eirene": {"segment", "line"},
    "korea": {"standards.lte", "cell", "segment", "line"},
    "project-default": {"line"},
    "trai": {"standards.lte", "line"},
}
"""Parts of each pack whose figure has a source outside this project."""


def test_the_shipped_packs_are_these():
    assert pack_names() == sorted(OFFICIAL)


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_a_shipped_pack_judges_every_technology_and_is_named_after_its_file(name):
    pack = load_pack(name)
    assert pack.id == name
    assert set(pack.standards) == set(TECHNOLOGIES)


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_every_figure_without_a_source_of_its_own_is_labelled_project_default(name):
    data = tomllib.loads(pack_text(name))
    nested = ("standards", "targets")
    parts = {k: v for k, v in data.items() if isinstance(v, dict) and k not in nested}
    parts |= {f"{n}.{k}": v for n in nested for k, v in data[n].items()}
    for part, values in parts.items():
        if part.startswith("targets."):
            assert "MIIT 2023 no. 257" in values["source"], part
        elif part not in OFFICIAL[name]:
            assert "project default" in values["source"], part
    assert "project default" in data["title"].lower() or "not official" in data["title"].lower()


def test_the_packs_hold_the_figures_that_they_are_named_for():
    eirene, trai, korea = (load_pack(n) for n in ("eirene", "trai", "korea"))
    assert (eirene.segment.rule, eirene.segment.share) == ("share", 0.95)
    assert trai.standards["lte"].rsrp_dbm == -110
    assert korea.standards["lte"].rsrp_dbm == -105
    assert (korea.segment.rule, korea.segment.share, korea.segment.exceed) == ("share", 0.9, True)


def write(folder, **changes):
    text = pack_text("project-default")
    for old, new in changes.items():
        before = {"rsrp": "rsrp_dbm = -95", "id": 'id = "project-default"',
                  "rule": 'rule = "mean"', "cell": "[cell]",
                  "passing": "passing = 0.2", "runs": 'runs = "pooled"'}[old]  # fmt: skip
        assert before in text
        text = text.replace(before, new, 1)
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_file_of_ones_own_is_a_pack(tmp_path):
    pack = load_pack("mine.toml", write(tmp_path, id='id = "mine"', rsrp="rsrp_dbm = -91"))
    assert (pack.id, pack.standards["gsm"].rsrp_dbm) == ("mine", -91)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rsrp": 'rsrp_dbm = "loud"'}, "standards.gsm.rsrp_dbm"),
        ({"rsrp": "rsrp_dbm = -95\nlevel = 3"}, "standards.gsm.level"),
        ({"rule": 'rule = "share"'}, "needs share"),
        ({"rule": 'rule = "quantile"'}, "needs quantile"),
        ({"rule": 'rule = "mean"\nexceed = true'}, "goes with rule = 'share'"),
        ({"rule": 'rule = "median"'}, "cell.rule"),
        ({"passing": "passing = 0.9"}, "passing must not be above lasting"),
        ({"cell": '[cell]\nruns = "each"'}, "cell.runs"),
        ({"runs": 'runs = "worst"'}, "segment.runs"),
        ({"id": 'id = "Not Allowed"'}, "id = 'Not Allowed': "),
        ({"cell": "[cell"}, "not valid TOML"),
    ],
)
def test_a_bad_value_is_named_with_its_place(tmp_path, changes, message):
    with pytest.raises(RulePackError) as error:
        load_pack("mine.toml", write(tmp_path, **changes))
    assert message in str(error.value)
    assert "mine.toml" in str(error.value)


@pytest.mark.parametrize("name", ["nothing", "nothing.toml", "../rules/pack.py", ""])
def test_an_unknown_name_says_what_there_is(tmp_path, name):
    with pytest.raises(NotKnownError, match="project-default"):
        load_pack(name, tmp_path)


def test_a_file_that_is_not_utf8_is_one_clear_error(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b'id = "\xff"')
    with pytest.raises(RulePackError, match="UTF-8"):
        load_pack("mine.toml", tmp_path)


def test_packs_are_files_of_the_package():
    folder = files("covermap.rules") / "packs"
    assert {p.name for p in folder.iterdir() if p.name.endswith(".toml")} == {
        f"{n}.toml" for n in pack_names()
    }


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('unit = "line"', 'unit = "province"', "line.unit"),
        ('unmeasured = "bounded"', 'unmeasured = "ignored"', "line.unmeasured"),
        ("infer_gap_m = 300", "infer_gap_m = -1", "line.infer_gap_m"),
        ("campaign_scale_db = 1.5", "campaign_scale_db = 0", "interval.campaign_scale_db"),
        ('fit = "each"', 'fit = "some"', "interval.fit"),
        ("draws = 256", "draws = 100", "interval.draws"),
        ('classes = ["hsr"]', "classes = []", "targets.hsr.classes"),
        ('classes = ["hsr"]', 'classes = ["boat"]', "targets.hsr.classes"),
        ("value = 30_000", "value = 0", "targets.hsr.value"),
        ("year = 2025", "year = 25", "targets.hsr.year"),
    ],
)
def test_a_value_about_lines_that_is_not_allowed_is_named(tmp_path, old, new, named):
    text = pack_text("project-default")
    assert old in text
    (tmp_path / "mine.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RulePackError, match=named):
        load_pack("mine.toml", tmp_path)


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_the_targets_are_the_policy_s_of_2025(name):
    targets = load_pack(name).targets
    figures = {k: (t.classes, t.unit, t.value, t.year) for k, t in targets.items()}
    assert figures == {
        "hsr": (("hsr",), "km", 30_000, 2025),
        "roads": (("national", "provincial"), "km", 500_000, 2025),
        "national": (("national",), "km", 300_000, 2025),
        "provincial": (("provincial",), "km", 200_000, 2025),
        "metro": (("metro",), "lines", 200, 2025),
    }
