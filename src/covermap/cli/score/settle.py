"""What would settle the undetermined part of targets: the next drives and visits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covermap.cli.printing import known, percent
from covermap.core.lines.chainage import chainage_text

if TYPE_CHECKING:
    from covermap.cli.score.card import Card

MOST = 3
"""Actions told of each kind."""
_ACTIONS = {
    "measure_gap": ("measure {where}", "补测 {where}"),
    "same_campaign": ("drive {where} again", "复测 {where}"),
    "new_campaign": ("drive {where} in a new campaign", "在新一轮测试中测 {where}"),
}
_SETTLED = (": settles it with probability {p}", "：以 {p} 的概率得出结论")
_OPEN = ("{count} lines are open; most would be settled by:", "{count} 条线路未定；优先测试：")
_VILLAGES = ("{count} villages were not measured; most would be settled by:",
             "{count} 个村庄未测；优先测试：")  # fmt: skip


def would_settle(card: Card) -> list[str]:
    """Say what to measure next, in the card's language; nothing where all is settled."""
    return [*_of_lines(card), *_of_villages(card)]


def _choose(card: Card, texts: tuple[str, str], **values: Any) -> str:
    return texts[card.language == "zh"].format(**values)


def _layer_of(card: Card, kind: str) -> tuple[str, str] | None:
    rows = card.rows[(card.rows["kind"] == kind) & card.rows["headline"]]
    rows = rows[rows["basis"].notna() | (rows["rows"] > 0)]
    return None if rows.empty else (rows["operator"].iloc[0], rows["technology"].iloc[0])


def _given(layer: tuple[str, str]) -> dict[str, str]:
    return {"operator": layer[0], "technology": layer[1]}


def _of_lines(card: Card) -> list[str]:
    layer = _layer_of(card, "lines")
    if layer is None:
        return []
    classes = {c for t in card.pack["targets"].values() for c in t.get("classes", ())}
    with card.build.connect("settling", "line_verdicts") as connection:
        found = connection.sql(
            "SELECT coalesce(l.ref, l.name, l.line_id) AS line, s.* FROM settling s "
            "JOIN line_verdicts l USING (line_id, operator, technology) WHERE s.rank = 1 "
            "AND s.operator = $operator AND s.technology = $technology "
            "AND list_contains($classes, l.class) "
            "ORDER BY s.p_settled DESC, l.route_length_km DESC, s.line_id",
            params={**_given(layer), "classes": sorted(classes)},
        ).to_arrow_table().to_pylist()  # fmt: skip
    if not found:
        return []
    return [_choose(card, _OPEN, count=len(found)), *(_of_line(card, r) for r in found[:MOST])]


def _of_line(card: Card, row: dict[str, Any]) -> str:
    ends = "-".join(str(chainage_text(row[name])) for name in ("from_m", "to_m"))
    said = _choose(card, _ACTIONS[row["action"]], where=f"{row['line']} {ends}")
    return f"  {said}{_choose(card, _SETTLED, p=percent(row['p_settled']))}"


def _of_villages(card: Card) -> list[str]:
    layer = _layer_of(card, "villages")
    if layer is None:
        return []
    with card.build.connect("village_verdicts", "villages") as connection:
        found = connection.sql(
            "SELECT v.village_id, any_value(w.name) AS name, max(v.settles) AS settles, "
            "count(*) OVER () AS open FROM village_verdicts v LEFT JOIN villages w "
            "USING (village_id) WHERE v.operator = $operator AND v.technology = $technology "
            "AND v.verdict = 'unmeasured' GROUP BY v.village_id "
            "ORDER BY settles DESC NULLS LAST, v.village_id LIMIT 3",
            params=_given(layer),
        ).to_arrow_table().to_pylist()  # fmt: skip
    if not found:
        return []
    names = [f"  {r['village_id']} {r['name'] if known(r['name']) else ''}".rstrip() for r in found]
    return [_choose(card, _VILLAGES, count=found[0]["open"]), *names]
