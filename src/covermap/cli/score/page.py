"""A scorecard as one page: no other file is needed to see or print it."""

from __future__ import annotations

from html import escape

from covermap.cli.printing import known, percent
from covermap.cli.score.card import Card, Row
from covermap.cli.score.plan import plan_of
from covermap.cli.score.settle import would_settle

WIDTH, HEIGHT, PAD = 160, 22, 4
"""Size of a small chart, px."""
MOST_REGIONS = 40
"""Regions of a target that the page shows; `--json` and `--xlsx` have all."""
STYLE = """
body{font:14px/1.45 system-ui,"Noto Sans","Noto Sans CJK SC","Microsoft YaHei",sans-serif;
  color:#1d2733;margin:2rem auto;max-width:76rem;padding:0 1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .4rem}
h3{font-size:1rem;margin:1.2rem 0 .3rem}
p{margin:.3rem 0;color:#44505c}p.caution{color:#8a2b00;font-weight:600}
table{border-collapse:collapse;width:100%;font-size:13px}
th{text-align:left;border-bottom:2px solid #9aa7b4;padding:.3rem .5rem;font-weight:600}
td{border-bottom:1px solid #dfe5ea;padding:.28rem .5rem;vertical-align:middle}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.d,th.d{white-space:nowrap}
td.t{min-width:15rem}
.key{display:inline-block;width:1em;height:.8em;margin:0 .25em 0 .6em}
tr.part td:first-child{padding-left:1.6rem;color:#44505c}
.answer{display:inline-block;padding:0 .5rem;border-radius:.6rem;white-space:nowrap}
.pass{background:#cfeccf}.fail{background:#f6cbc6}.undetermined{background:#ffe9ad}
.part-of{background:#dfe5ec}.untold{background:#eef1f4}
small{color:#5d6a77}svg{display:block}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}
"""


def page_of(card: Card) -> str:
    """Give the page as HTML, in the card's language."""
    title = card.pack["title_zh" if card.language == "zh" else "title"]
    lang = "zh-CN" if card.language == "zh" else "en"
    name = card.build.manifest.get("workspace", {}).get("name") or card.build.id
    parts = [
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{escape(card.say('scorecard'))}: {escape(name)}</title>",
        f"<style>{STYLE}</style></head><body>",
        f"<h1>{escape(card.say('scorecard'))}: {escape(name)}</h1>",
        f"<p>{_told(card, 'rules')}: {escape(card.pack['id'])} {escape(card.pack['version'])}, "
        f"{escape(title)}. {_told(card, 'build')} {escape(card.build.id)}, {_told(card, 'made')} "
        f"{escape(str(card.build.manifest.get('created', '')))}.</p>",
    ]
    if card.rows["simulated"].any():
        parts.append(f'<p class="caution">{_told(card, "simulated")}</p>')
    if card.against:
        parts.append(f"<p>{_told(card, 'against')} {escape(card.against)}.</p>")
    heads = card.heads()
    parts += [_targets(card, heads), f"<p><small>{_told(card, 'legend')} {_told(card, 'answers')}"
              "</small></p>", _regions(card, heads), _settle(card), _sources(card, heads),
              "</body></html>\n"]  # fmt: skip
    return "\n".join(parts)


def _told(card: Card, word: str) -> str:
    return escape(card.say(word))


def _table(card: Card, headings: list[tuple[str, str]], rows: list[str]) -> str:
    head = "".join(f'<th class="{kind}">{_told(card, word)}</th>' for word, kind in headings)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _targets(card: Card, rows: list[Row]) -> str:
    headings = [("target", ""), ("value", "n"), ("interval", "n"), ("target_value", "n"),
                ("reached", "n"), ("", ""), ("open", "n"), ("answer", ""), ("basis", "d"),
                ("last", ""), ("layer", "")]  # fmt: skip
    if card.against:
        headings.append(("trend", "n"))
    return _table(card, headings, [_target(card, row) for row in rows])


def _target(card: Card, row: Row) -> str:
    cells = [
        ("t", f"{escape(card.title(row))}<br><small>{_told(card, 'year')} {row['year']}</small>"),
        ("n", escape(card.amount(row)) + _of_all(card, row)), ("n", escape(card.ends(row))),
        ("n", escape(card.figure(row))),
        ("n", percent(row["reached"]) if known(row["reached"]) else "-"), ("", chart(row)),
        ("n", card.amount(row, "undetermined", unit=False) if known(row["undetermined"]) else "-"),
        ("", _answer(card, row)),
        ("d", _told(card, row["basis"] if known(row["basis"]) else "unmeasured")),
        ("d", escape(str(row["last"])) if known(row["last"]) else "-"),
        ("d", escape(card.layer(row))),
        *([("n", escape(card.change(row)))] if card.against else []),
    ]  # fmt: skip
    part = ' class="part"' if known(row["part"]) else ""
    return f"<tr{part}>" + "".join(f'<td class="{c}">{text}</td>' for c, text in cells) + "</tr>"


def _of_all(card: Card, row: Row) -> str:
    if not known(row["total"]):
        return ""
    return f"<br><small>{_told(card, 'total')} {card.amount(row, 'total', unit=False)}</small>"


def _answer(card: Card, row: Row) -> str:
    name = "part-of" if row["answer"] == "part" else row["answer"]
    return f'<span class="answer {name}">{_told(card, row["answer"])}</span>'


def chart(row: Row) -> str:
    """Draw value, interval and figure to reach as a small bar; empty where nothing is known."""
    if not known(row["value"]):
        return ""
    whole = row["answer"] == "part"  # the figure is a larger area's: it would dwarf what is here
    names = ("value", "high", "total") if whole else ("value", "high", "target_value", "total")
    amounts = [row[name] for name in names if known(row[name])]
    most = max([*amounts, 1e-9])
    scale = (WIDTH - 2 * PAD) / most

    def at(value: float) -> str:
        return f"{PAD + max(value, 0.0) * scale:.1f}"

    middle = HEIGHT / 2
    shapes = [
        f'<rect x="{PAD}" y="3" width="{WIDTH - 2 * PAD}" height="{HEIGHT - 6}" fill="#eef1f4"/>',
        f'<rect x="{PAD}" y="5" width="{max(row["value"], 0.0) * scale:.1f}" '
        f'height="{HEIGHT - 10}" fill="#4f8fc0"/>',
    ]
    if known(row["low"]) and known(row["high"]):
        shapes.append(
            f'<path d="M{at(row["low"])} {middle}H{at(row["high"])}M{at(row["low"])} {middle - 4}v8'
            f'M{at(row["high"])} {middle - 4}v8" stroke="#16222e" stroke-width="1.4" fill="none"/>'
        )
    if known(row["target_value"]) and not whole:
        place = at(row["target_value"])
        shapes.append(f'<path d="M{place} 0V{HEIGHT}" stroke="#c0392b" stroke-width="2.2"/>')
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"{''.join(shapes)}</svg>"
    )


def _regions(card: Card, heads: list[Row]) -> str:
    headings = [("rank", "n"), ("region", ""), ("value", "n"), ("interval", "n"), ("total", "n"),
                ("", ""), ("open", "n"), ("answer", ""), ("basis", "d")]  # fmt: skip
    parts = []
    for head in heads:
        rows = [] if known(head["part"]) else card.regions(head["target"])
        if rows:
            some = [_region(card, row) for row in rows[:MOST_REGIONS]]
            parts.append(f"<h3>{escape(card.title(head))}</h3>{_plans(card, rows)}")
            parts.append(_table(card, headings, some))
    return f"<h2>{_told(card, 'regions')}</h2>{''.join(parts)}" if parts else ""


def _plans(card: Card, rows: list[Row]) -> str:
    """Draw a map a level."""
    levels = dict.fromkeys(row["level"] for row in rows)
    return "".join(plan_of(card, [r for r in rows if r["level"] == level]) for level in levels)


def _region(card: Card, row: Row) -> str:
    name = f"{row['region_id']} {row['name']}" if known(row["name"]) else str(row["region_id"])
    cells = [
        ("n", str(int(row["rank"])) if known(row["rank"]) else "-"), ("", escape(name)),
        ("n", escape(card.amount(row))), ("n", escape(card.ends(row))),
        ("n", card.amount(row, "total", unit=False) if known(row["total"]) else "-"),
        ("", chart(row)),
        ("n", card.amount(row, "undetermined", unit=False) if known(row["undetermined"]) else "-"),
        ("", _answer(card, row)),
        ("d", _told(card, row["basis"] if known(row["basis"]) else "unmeasured")),
    ]  # fmt: skip
    return "<tr>" + "".join(f'<td class="{c}">{text}</td>' for c, text in cells) + "</tr>"


def _settle(card: Card) -> str:
    lines = would_settle(card)
    if not lines:
        return ""
    said = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f"<h2>{_told(card, 'settle')}</h2>{said}"


def _sources(card: Card, heads: list[Row]) -> str:
    rows = [
        f"<tr><td>{escape(card.title(row))}</td><td class=n>{escape(card.figure(row))}</td>"
        f"<td class=n>{row['year']}</td><td>{escape(card.source(row))}</td></tr>"
        for row in heads
    ]
    headings = [("target", ""), ("target_value", "n"), ("year", "n"), ("source", "")]
    return f"<h2>{_told(card, 'sources')}</h2>{_table(card, headings, rows)}"
