"""How far each target is reached."""

from __future__ import annotations

from covermap.tables.table import F64, I32, I64, B, C, S, Table

ANSWERS = ("pass", "fail", "undetermined", "part", "untold")
"""pass, fail: the interval lies on one side of the target; undetermined: it does not, or nothing
is known; part: all that is here is less than the target asks for, so it can be neither passed nor
failed here; untold: there is no figure to reach."""
SCORECARD = Table(
    "scorecard",
    "Each target of the rule pack: how far it is reached, in all and in each region, per layer. A "
    "target that nothing here tells of has its row, too.",
    (
        C("target", S, "its name in the rule pack"),
        C("part", S, "scene.grade of a quota", "the target as a whole"),
        C("kind", S, "lines, places, scenes, villages, service, people, areas, sites, declared"),
        C("scope", S, "all, or region"),
        C("level", S, "level of the region", "all"),
        C("region_id", S, "as in regions", "all"),
        C("name", S, "name of the region", "no name, or all"),
        C("operator", S, "PLMN, or any / all"),
        C("technology", S, "technology, or any"),
        C("source", S, "of tests: drive, probe, app; mixed: several together", "not of tests"),
        C("value", F64, "expected, in `unit`", "nothing is known"),
        C("low", F64, "lower end of its interval: what is not known taken as bad",
          "nothing is known, or no interval"),
        C("high", F64, "upper end: what is not known taken as good",
          "nothing is known, or no interval"),
        C("unit", S, "km, lines, places, quotas, villages, Mbit/s, share, people, areas, stations, "
          "or as declared"),
        C("total", F64, "what there is here in all, in `unit`", "not of that kind"),
        C("undetermined", F64, "of it, what is known to be neither good nor bad",
          "not of that kind"),
        C("target_value", F64, "what is to be reached, in `unit`",
          "no figure is named, or none of this region"),
        C("year", I32, "it is to be reached by the end of this year"),
        C("reached", F64, "value / target_value", "no value, or no target"),
        C("p_target", F64, "probability that it is reached, at the least, 0-1", "not known"),
        C("answer", S, "pass, fail, undetermined, part, untold"),
        C("basis", S, "measured, predicted, both; inventory: a table of sites; declared",
          "nothing is known"),
        C("rows", I64, "rows of table `of` that it comes from"),
        C("of", S, "table that it comes from"),
        C("last", S, "latest day or period of the data", "not known"),
        C("rank", I32, "place among the regions of its level, 1: best", "all, or nothing known"),
        C("headline", B, "true: of the operator and technology that the pack groups by"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("target", "part", "scope", "level", "region_id", "operator", "technology", "source"),
)  # fmt: skip
