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
"""Parts of each pack that judges cells and lines alone whose figure is not this project's."""
WHOLE = ("iot-2027", "miit-2024", "miit-2025", "village-any-operator", "village-each-operator")
"""Packs with more sections."""
DOCUMENTS = ("MIIT 2023 no. 257", "MIIT 2024 no. 52", "MIIT and others 2024 no. 227",
             "NB-IoT, coverage enhancement level")  # fmt: skip


def parts_of(place, value):
    """Every section with a source, by its place in the file."""
    if not isinstance(value, dict):
        return {}
    own = {place: value} if place and not all(isinstance(v, dict) for v in value.values()) else {}
    for key, inner in value.items():
        own |= parts_of(f"{place}.{key}" if place else key, inner)
    return own


def test_the_shipped_packs_are_these():
    assert pack_names() == sorted([*OFFICIAL, *WHOLE])


@pytest.mark.parametrize("name", sorted([*OFFICIAL, *WHOLE]))
def test_a_shipped_pack_judges_every_technology_and_is_named_after_its_file(name):
    pack = load_pack(name)
    assert pack.id == name
    assert set(pack.standards) == set(TECHNOLOGIES)


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_every_figure_without_a_source_of_its_own_is_labelled_project_default(name):
    data = tomllib.loads(pack_text(name))
    for part, values in parts_of("", data).items():
        if part.startswith("targets."):
            assert "MIIT 2023 no. 257" in values["source"], part
        elif part not in OFFICIAL[name]:
            assert "project default" in values["source"], part
    assert "project default" in data["title"].lower() or "not official" in data["title"].lower()


@pytest.mark.parametrize("name", WHOLE)
def test_every_figure_of_a_whole_pack_names_a_document_or_is_labelled_project_default(name):
    data = tomllib.loads(pack_text(name))
    for part, values in parts_of("", data).items():
        named = any(document in values["source"] for document in DOCUMENTS)
        assert named or "project default" in values["source"], part
        if part.startswith(("standards.", "stars", "iot.devices.", "service.rates.")):
            assert "project default" in values["source"], part
        if part.startswith(("targets.", "scenes.")):
            assert named, part
    assert "project default" in data["title"]


def test_signal_is_judged_alike_by_packs_that_differ_in_other_things_only():
    sections = ("standards", "cell", "segment", "no_service", "line", "interval", "certainty")
    packs = {name: load_pack(name) for name in (*WHOLE, "project-default")}
    signal = {n: [getattr(pack, s) for s in sections] for n, pack in packs.items()}
    same = [name for name in WHOLE if signal[name] == signal["project-default"]]
    assert same == [name for name in WHOLE if name != "iot-2027"]


@pytest.mark.parametrize(
    ("name", "figures", "service"),
    [
        ("miit-2024", {"railway": ("km", 25_000), "roads": ("km", 350_000), "metro": ("lines", 150),
                       "places": 80_000}, (200, 40, 0.90)),
        ("miit-2025", {"hsr": ("km", 30_000), "roads": ("km", 500_000), "metro": ("lines", 200),
                       "national": ("km", 300_000), "provincial": ("km", 200_000),
                       "places": 120_000}, (220, 45, 0.95)),
    ],
)  # fmt: skip
def test_the_targets_of_the_policy_are_those_of_its_documents(name, figures, service):
    pack = load_pack(name)
    found = {n: (t.unit, t.value) for n, t in pack.line_targets.items()}
    found["places"] = pack.targets["places"].value
    assert found == figures
    rule = pack.service
    assert (rule.mean_downlink_mbps, rule.mean_uplink_mbps, rule.tests_share) == service
    years = {t.year for n, t in pack.targets.items() if n in figures}
    assert years == {int(name[-4:])}
    assert (pack.targets["sites"].value, pack.targets["sites"].year) == (38, 2027)
    assert "no figure" in pack.targets["villages"].source
    assert pack.targets["villages"].value is None


@pytest.mark.parametrize("name", ["miit-2024", "miit-2025"])
def test_the_eleven_scenes_have_the_quotas_of_the_policy(name):
    scenes = load_pack(name).scenes
    assert len(scenes) == 11
    quotas = {
        f"{scene}.{grade}": quota.value if quota.quota != "all" else "all"
        for scene, about in scenes.items()
        for grade, quota in about.grades.items()
    }
    assert quotas == {
        "government.county-and-above": "all",
        "culture-tourism.5a": "all", "culture-tourism.4a": 3000,
        "culture-tourism.museum-1": "all", "culture-tourism.museum-2": 400,
        "hospital.tertiary": "all", "hospital.secondary": 8000,
        "university.double-first-class": "all", "university.central": "all",
        "university.local": "all",
        "transport-hub.airport": "all", "transport-hub.railway-station": 1500,
        "transport-hub.coach-station": "all",
        "metro.platform": "all", "metro.hall": "all",
        "mall.key": 0.9, "residential.compound": 0.7,
        "office-hotel.office": 0.6, "office-hotel.hotel": 0.6,
    }  # fmt: skip
    assert [s for s, about in scenes.items() if not about.grades] == [
        "road-rail-water", "town-village",
    ]  # fmt: skip


def test_the_village_packs_ask_for_one_operator_at_one_point_or_for_each_at_all():
    one, each = (load_pack(f"village-{w}-operator") for w in ("any", "each"))
    assert (one.village.operators, one.village.key_points_met) == ("any", "one")
    assert (each.village.operators, each.village.key_points_met) == ("each", "all")
    assert "Shandong" in one.village.source
    assert each.village.source == "project default"


def test_the_classes_of_nb_iot_are_those_of_its_coupling_losses():
    iot = load_pack("iot-2027").iot
    assert [one.mcl_db for one in iot.classes.values()] == [144, 154, 164]
    assert iot.level_dbm("ce1") == load_pack("iot-2027").standards["nbiot"].rsrp_dbm
    assert {d.technology for d in iot.devices.values()} == {"lte", "redcap"}


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
