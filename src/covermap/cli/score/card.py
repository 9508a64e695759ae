"""A scorecard as it is told: rows chosen, named, and written in words of one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from covermap.cli.printing import known, percent
from covermap.cli.score.words import Language, say
from covermap.errors import BuildError, NotKnownError
from covermap.store import Build, Workspace

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

Row = dict[Any, Any]
_SAME = ("target", "part", "scope", "level", "region_id", "operator", "technology", "source")
KINDS = ("lines", "places", "scenes", "villages", "service", "people", "areas", "sites",
         "declared")  # fmt: skip
"""Kinds of targets, in the order in which they are told."""
SHARES = ("share",)
"""Units whose values are shares, 0-1."""


@dataclass(frozen=True)
class Card:
    """The scorecard of one build, to be told in one language."""

    build: Build
    language: Language
    rows: pd.DataFrame
    """All rows, with the column `change`: value less that of the build compared with."""
    against: str | None = None
    """Build compared with."""
    pack: dict[str, Any] = field(default_factory=dict)
    """The rule pack, as the build keeps it."""

    def say(self, word: str) -> str:
        """Give a word in the card's language."""
        return say(word, self.language)

    def title(self, row: Mapping[Any, Any]) -> str:
        """Name a target, or the quota of a scene's grade."""
        suffix = "_zh" if self.language == "zh" else ""
        if known(row["part"]):
            scene, _, grade = str(row["part"]).partition(".")
            about = self.pack["scenes"][scene]
            return f"{about['title' + suffix]}: {about['grades'][grade]['title' + suffix]}"
        target = self.pack["targets"][row["target"]]
        if target.get("title" + suffix):
            return str(target["title" + suffix])
        classes = "/".join(self.say(name) for name in target.get("classes", ()))
        joint = "" if self.language == "zh" else " "
        return f"{classes}{joint}{self.say('continuous')}" if classes else str(row["target"])

    def source(self, row: Mapping[Any, Any]) -> str:
        """Say where the figure to reach is from."""
        if known(row["part"]):
            scene, _, grade = str(row["part"]).partition(".")
            return str(self.pack["scenes"][scene]["grades"][grade]["source"])
        return str(self.pack["targets"][row["target"]]["source"])

    def amount(self, row: Mapping[Any, Any], name: str = "value", *, unit: bool = True) -> str:
        """Write an amount of a row with its unit."""
        value = row[name]
        if not known(value):
            return self.say("not_known")
        if row["unit"] in SHARES:
            return percent(value)
        digits = 0 if float(value).is_integer() or abs(value) >= 1000 else 1
        text = f"{value:,.{digits}f}"
        return f"{text} {self.say(row['unit'])}" if unit else text

    def ends(self, row: Mapping[Any, Any]) -> str:
        """Write the interval."""
        if not (known(row["low"]) and known(row["high"])):
            return self.say("not_known")
        low, high = (self.amount(row, name, unit=False) for name in ("low", "high"))
        return f"{low} - {high}"

    def figure(self, row: Mapping[Any, Any]) -> str:
        """Write what is to be reached."""
        if known(row["target_value"]):
            return self.amount(row, "target_value")
        named = self._share_asked(row) if row["scope"] == "all" else None
        if named is None:
            return self.say("no_figure")
        return self.say("all") if named == 1 else percent(named)

    def _share_asked(self, row: Mapping[Any, Any]) -> float | None:
        """Share of all that is asked for, of how many is not known here; None: no share."""
        if known(row["part"]):
            scene, _, grade = str(row["part"]).partition(".")
            quota = self.pack["scenes"][scene]["grades"][grade]
            return {"all": 1.0, "share": quota["value"]}.get(quota["quota"])
        target = self.pack["targets"][row["target"]]
        return target["value"] if target["kind"] in ("areas", "people", "villages") else None

    def change(self, row: Mapping[Any, Any]) -> str:
        """Write by how much the value differs from the build compared with."""
        if self.against is None or not known(row["change"]):
            return "-"
        if row["unit"] in SHARES:
            return f"{100 * row['change']:+.1f} %"
        return f"{row['change']:+,.1f}"

    def layer(self, row: Mapping[Any, Any]) -> str:
        """Name operator, technology, and source of tests."""
        parts = [self.say(row["operator"]), self.say(row["technology"])]
        return "/".join([*parts, *([str(row["source"])] if known(row["source"]) else [])])

    def heads(self) -> list[Row]:
        """Rows of targets as a whole, each by its headline layer, by kind and name."""
        rows = self.rows[(self.rows["scope"] == "all") & self.rows["headline"]]
        return self._in_order(rows)

    def regions(self, target: str) -> list[Row]:
        """Rows of a target's regions, by level and rank."""
        rows = self.rows[(self.rows["scope"] == "region") & self.rows["headline"]]
        rows = rows[(rows["target"] == target) & rows["part"].isna()]
        return list(rows.sort_values(["level", "rank", "region_id"]).to_dict("records"))

    def _in_order(self, rows: pd.DataFrame) -> list[Row]:
        found = list(rows.to_dict("records"))
        return sorted(found, key=lambda r: (KINDS.index(r["kind"]), r["target"], _text(r["part"])))


def _text(value: Any) -> str:
    return str(value) if known(value) else ""


def read_card(
    space: Workspace,
    language: Language,
    wanted: Mapping[str, str | None],
    against: str | None = None,
) -> Card:
    """Read the scorecard of the current build, narrowed to what is wanted (column -> value).

    A layer that is asked for is told first, wherever a target has it.

    Raises
    ------
    BuildError
        Nothing is built, or the build is of a version without scorecards.
    NotKnownError
        Nothing on it has the value that is asked for.
    """
    build = space.current()
    rows = _rows(build)
    for column, value in wanted.items():
        if value is None:
            continue
        there = sorted(set(rows[column].dropna()))
        if value not in there:
            raise NotKnownError(
                f"no {column.removesuffix('_id')} {value!r} on the scorecard. There are: "
                f"{', '.join(map(str, there)) or 'none'}."
            )
        keep = rows[column] == value
        if column in ("region_id", "level"):
            keep |= rows["scope"] == "all"
        rows = rows[keep]
    rows = _with_heads(rows)
    before = None if against is None else _rows(space.build(against))
    return Card(build, language, _with_change(rows, before), against, build.manifest["rules"])


def _rows(build: Build) -> pd.DataFrame:
    if not build.has("scorecard"):
        raise BuildError(f"{build.folder}: no scorecard in this build. Run `covermap build` again.")
    rows: pd.DataFrame = build.read("scorecard").to_pandas()
    return rows


def _with_heads(rows: pd.DataFrame) -> pd.DataFrame:
    """Mark the first row of each target and region as its headline, where none is marked."""
    about = ["target", "part", "scope", "level", "region_id"]
    groups = rows.groupby(about, dropna=False, sort=False)
    marked = groups["headline"].transform("any")
    return rows.assign(headline=rows["headline"] | (~marked & (groups.cumcount() == 0)))


def _with_change(rows: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    if before is None:
        return rows.assign(change=float("nan"))
    own = before[[*_SAME, "value", "unit"]]
    found = rows.merge(own, on=[*_SAME, "unit"], how="left", suffixes=("", "_before"))
    return found.assign(change=found["value"] - found["value_before"]).drop(columns="value_before")
