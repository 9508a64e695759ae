"""The judge, plain and slow: Python loops over samples and exact fractions. The yardstick."""

from __future__ import annotations

import math
from fractions import Fraction
from statistics import NormalDist

RANK = {"covered": 0, "weak": 1, "none": 2, "unmeasured": 3}


def usable(row):
    return row["technology"] == "none" or row["rsrp_bin"] is not None


def places_of(evidence, place_of):
    found = {}
    for row in evidence:
        if usable(row):
            found.setdefault(place_of(row), []).append(row)
    return found


def quantile(levels, q):
    """The k-th smallest, k = ceil(q n), with q taken as the decimal it is written as."""
    ordered = sorted(levels)
    return ordered[max(1, math.ceil(Fraction(str(q)) * len(ordered))) - 1] if ordered else None


def judge_technology(rows, technology, pack, rule, runs_known):
    """Verdict of one place in one operator's technology; `rows` are that operator's there."""
    standard = pack.standards.get(technology) or min(
        pack.standards.values(), key=lambda s: s.rsrp_dbm
    )
    mine = [r for r in rows if r["technology"] in (technology, "none")]
    floor = pack.no_service.level_dbm
    levels, sinrs, meets, n_none = [], [], 0, 0
    total, sinr_total = Fraction(0), Fraction(0)
    for row in mine:
        for _ in range(row["n"]):
            if row["technology"] == "none":
                n_none += 1
                levels.append(floor)
                continue
            levels.append(row["rsrp_bin"])
            if row["sinr_bin"] is not None:
                sinrs.append(row["sinr_bin"])
            good = row["rsrp_bin"] >= standard.rsrp_dbm
            if standard.sinr_db is not None and row["sinr_bin"] is not None:
                good = good and row["sinr_bin"] >= standard.sinr_db
            meets += good
        if row["technology"] == "none":
            total += Fraction(floor) * row["n"]
        else:
            total += Fraction(row["rsrp_sum_cdb"], 100)
            if row["sinr_bin"] is not None:
                sinr_total += Fraction(row["sinr_sum_cdb"], 100)
    n = len(levels)
    mean = total / n if n else None
    sinr_mean = sinr_total / len(sinrs) if sinrs else None
    result = {
        "n": n,
        "n_none": n_none,
        "n_meets": meets,
        "mean": mean,
        "sinr": sinr_mean,
        "p5": quantile(levels, 0.05),
        "p50": quantile(levels, 0.5),
        "margin": mean - Fraction(standard.rsrp_dbm) if n else None,
    }
    result["verdict"] = _verdict(result, levels, sinrs, standard, pack, rule)
    result["probability"] = _probability(result, mine, standard, pack, rule, runs_known)
    result["runs"] = len({r["run_id"] for r in mine}) if runs_known else int(n > 0)
    return result


def _verdict(found, levels, sinrs, standard, pack, rule):
    n = found["n"]
    if n < rule.min_samples:
        return "unmeasured"
    if Fraction(found["n_none"], n) >= Fraction(str(pack.no_service.none_share)):
        return "none"
    if rule.rule == "share":
        good = _enough(found["n_meets"], n, rule)
        return "covered" if good else "weak"
    level, sinr = found["mean"], found["sinr"]
    if rule.rule == "quantile":
        level, sinr = quantile(levels, rule.quantile), quantile(sinrs, rule.quantile)
    good = level >= standard.rsrp_dbm
    if standard.sinr_db is not None and sinr is not None:
        good = good and sinr >= standard.sinr_db
    return "covered" if good else "weak"


def _enough(meets, n, rule):
    share, needed = Fraction(meets, n), Fraction(str(rule.share))
    return share > needed or (share == needed and not rule.exceed)


def _probability(found, rows, standard, pack, rule, runs_known):
    if not found["n"]:
        return None
    asked, sinr = standard.sinr_db, found["sinr"]
    if found["verdict"] == "weak" and asked is not None and sinr is not None and sinr < asked:
        return 0.0
    c = pack.certainty
    runs = {}
    for row in rows:
        key = row["run_id"] if runs_known else None
        level = row["rsrp_sum_cdb"] / 100
        if row["technology"] == "none":
            level = pack.no_service.level_dbm * row["n"]
        n, total, _ = runs.get(key, (0, 0.0, None))
        runs[key] = (n + row["n"], total + level, row.get("campaign"))
    seen = sum(total / n for n, total, _ in runs.values()) / len(runs)
    campaigns = len({campaign for _, _, campaign in runs.values()})
    variance = c.campaign_sd_db**2 / campaigns + c.run_sd_db**2 / len(runs)
    variance += c.sample_sd_db**2 / found["n"]
    weight = 1 / variance + 1 / c.prior_sd_db**2
    mean = (seen / variance + c.prior_mean_dbm / c.prior_sd_db**2) / weight
    needed = standard.rsrp_dbm
    if rule.rule != "mean":
        share = rule.share if rule.rule == "share" else 1 - rule.quantile
        needed += NormalDist().inv_cdf(min(max(share, 0.001), 0.999)) * c.sample_sd_db
    return NormalDist().cdf((mean - needed) * math.sqrt(weight))


def any_technology(rows, technologies, pack, rule, runs_known):
    members = {t: judge_technology(rows, t, pack, rule, runs_known) for t in technologies}
    nothing = judge_technology(rows, "none", pack, rule, runs_known)
    n_none = nothing["n"]
    n = n_none + sum(m["n"] - m["n_none"] for m in members.values())
    meets = sum(m["n_meets"] for m in members.values())
    verdicts = {m["verdict"] for m in members.values()}
    if n >= rule.min_samples and Fraction(n_none, n) >= Fraction(str(pack.no_service.none_share)):
        verdict = "none"
    elif rule.rule == "share":
        good = n and _enough(meets, n, rule)
        verdict = ("covered" if good else "weak") if n >= rule.min_samples else "unmeasured"
    elif "covered" in verdicts:
        verdict = "covered"
    elif any(
        m["verdict"] == "unmeasured" and m["n"] > m["n_none"] and m["margin"] >= 0
        for m in members.values()
    ):
        verdict = "unmeasured"
    else:
        verdict = "weak" if verdicts - {"unmeasured"} else "unmeasured"
    chances = [m["probability"] for m in (nothing, *members.values()) if m["n"]]
    return {
        "n": n,
        "n_none": n_none,
        "n_meets": meets,
        "verdict": verdict,
        "probability": max(chances) if chances else None,
        "runs": len({r["run_id"] for r in rows}) if runs_known else None,
    }


def any_operator(members):
    verdicts = [m["verdict"] for m in members]
    if "covered" in verdicts:
        return "covered"
    if "unmeasured" in verdicts:
        return "unmeasured"
    return "none" if set(verdicts) == {"none"} else "weak"


def all_operators(members):
    verdicts = {m["verdict"] for m in members}
    if verdicts == {"covered"}:
        return "covered"
    if verdicts == {"none"}:
        return "none"
    return "weak" if verdicts & {"weak", "none"} else "unmeasured"


def layers(evidence, places, place_of, pack, rule, *, runs_known, pairs=None):
    """(operator, technology, place) -> figures, for every layer and every place."""
    rows = places_of(evidence, place_of)
    found = pairs or {(r["operator"], r["technology"]) for r in evidence}
    if not found:  # nothing measured at all: one layer, in which every place is unmeasured
        return {("any", "any", place): {"verdict": "unmeasured"} for place in places}
    operators = sorted({o for o, _ in found})
    result = {}
    for operator in operators:
        technologies = sorted(t for o, t in found if o == operator and t != "none")
        for place in places:
            mine = [r for r in rows.get(place, []) if r["operator"] == operator]
            for t in technologies:
                result[operator, t, place] = judge_technology(mine, t, pack, rule, runs_known)
            result[operator, "any", place] = any_technology(
                mine, technologies, pack, rule, runs_known
            )
    for technology in sorted({t for _, t, _ in result}):
        having = [o for o in operators if (o, technology, places[0]) in result]
        for place in places:
            members = [result[o, technology, place] for o in having]
            result["any", technology, place] = {"verdict": any_operator(members)}
            result["all", technology, place] = {"verdict": all_operators(members)}
    return result
