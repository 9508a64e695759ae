"""The typed form of a rule pack and its loader."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from covermap.errors import NotKnownError, RulePackError

Source = Annotated[str, Field(min_length=3)]
Share = Annotated[float, Field(ge=0, le=1)]
LineClass = Literal[
    "hsr", "rail", "metro", "tram", "motorway", "trunk", "primary", "secondary", "national",
    "provincial", "road", "waterway",
]  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Standard(_Strict):
    """What a sample must reach: RSRP, and SINR where it is reported and the pack asks for it.

    Samples are counted in 1 dB bins: where single samples are asked (shares, quantiles), a
    threshold between two whole dB is taken as the next whole dB above it.
    """

    rsrp_dbm: float
    sinr_db: float | None = None
    source: Source


class PlaceRule(_Strict):
    """How the samples of a cell or segment make a verdict."""

    rule: Literal["mean", "share", "quantile"] = "mean"
    share: Share | None = None
    """`share`: at least this share of the samples meets the standard."""
    exceed: bool = False
    """`share`: exactly that share is not enough (a place is weak at <= 90 %)."""
    quantile: Share | None = None
    """`quantile`: this quantile of the level reaches the standard."""
    min_samples: Annotated[int, Field(ge=1)] = 1
    source: Source

    @model_validator(mode="after")
    def _has_its_number(self) -> PlaceRule:
        if self.rule == "share" and self.share is None:
            raise ValueError("rule = 'share' needs share = ...")
        if self.rule == "quantile" and self.quantile is None:
            raise ValueError("rule = 'quantile' needs quantile = ...")
        if self.exceed and self.rule != "share":
            raise ValueError("exceed = true goes with rule = 'share' only")
        return self


class SegmentRule(PlaceRule):
    """How the samples of a segment make a verdict: its evidence tells runs apart."""

    runs: Literal["pooled", "each"] = "pooled"
    """`pooled`: the samples of all runs are judged together. `each`: every run that has
    `min_samples` there must meet the rule by itself, so the worst run decides; and a line passes
    by the share that one more run by itself would find, not by that of the persistent level."""


class NoService(_Strict):
    """How samples without service count."""

    level_dbm: float
    """Level at which they enter a mean: a censored low observation."""
    none_share: Annotated[float, Field(gt=0, le=1)]
    """From this share of samples without service on, the verdict is `none`."""
    source: Source


class LineRule(_Strict):
    """When a unit of line is continuously covered."""

    share: Share
    """This share of its length must meet the standard."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    """Of the two-sided interval whose ends decide pass and fail."""
    unit: Literal["line", "station", "county"] = "line"
    """What is assessed and counted: whole lines, or sections from station to station, or by
    county."""
    unmeasured: Literal["bounded", "excluded"] = "bounded"
    """`bounded`: length never measured may be all bad (for pass) and all good (for fail);
    `excluded`: it is left out of the share, with its length stated."""
    infer_gap_m: Annotated[float, Field(ge=0, le=2000)] = 0
    """A gap of at most this length between two measured segments is inferred from both sides;
    never in a tunnel. 0: nothing is inferred."""
    source: Source


class IntervalRule(_Strict):
    """What the interval of a share rests on (see the model of the signal along a line)."""

    campaign_scale_db: Annotated[float, Field(gt=0, le=10)] = 1.5
    """Scale, dB, of what shifts a whole campaign (Student t, 4 degrees of freedom): 1.5 with one
    set of devices and antennas, 2.5 to 3 with others."""
    fit: Literal["each", "pooled"] = "each"
    """`each`: the spreads are fitted to each line and layer; `pooled`: they are drawn from the
    prior, the same for all lines, which is a little faster. Neither looks at other lines: what is
    said of a line changes with its own measurements alone."""
    draws: Annotated[int, Field(ge=64, le=1024, multiple_of=64)] = 256
    """States of the world that are drawn from the posterior."""
    source: Source


class Target(_Strict):
    """What a policy asks of the lines of some classes together."""

    classes: Annotated[tuple[LineClass, ...], Field(min_length=1)]
    unit: Literal["km", "lines"]
    value: Annotated[float, Field(gt=0)]
    year: Annotated[int, Field(ge=2000, le=2100)]
    """It is to be reached by the end of this year."""
    source: Source


class WeakRule(_Strict):
    """What makes a weak spot."""

    min_section_m: Annotated[float, Field(ge=0)]
    """Shorter weak sections are not listed."""
    bridge_m: Annotated[float, Field(ge=0)]
    """Weak sections with at most this much unmeasured length between them are one."""
    min_cells: Annotated[int, Field(ge=1)]
    near_site_m: Annotated[float, Field(gt=0)]
    """A site nearer than this is 'near' in the cause."""
    lasting: Share = 0.8
    """A spot that is weak with at least this probability is told as `lasting`: plan its cure."""
    passing: Share = 0.2
    """One that is weak with less than this is told as `passing`: what was seen was probably a fade
    of that drive. Between the two it is `unsure`: drive again before money is spent."""
    source: Source

    @model_validator(mode="after")
    def _in_order(self) -> WeakRule:
        if self.passing > self.lasting:
            raise ValueError("passing must not be above lasting")
        return self


class Certainty(_Strict):
    """Spread, dB, of what one drive shows around the persistent level of a place."""

    prior_mean_dbm: float
    prior_sd_db: Annotated[float, Field(gt=0)]
    campaign_sd_db: Annotated[float, Field(ge=0)]
    run_sd_db: Annotated[float, Field(ge=0)]
    sample_sd_db: Annotated[float, Field(gt=0)]
    source: Source


class RulePack(_Strict):
    """One rule pack, whole."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    title: str
    title_zh: str
    version: str
    standards: dict[Literal["gsm", "umts", "lte", "nr", "nbiot", "redcap"], Standard]
    cell: PlaceRule
    segment: SegmentRule
    no_service: NoService
    line: LineRule
    interval: IntervalRule
    targets: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")], Target] = {}
    """By name. Each class may stand in several; the name of a target over one class alone is
    free, results of several classes together are told under the target's name."""
    weak: WeakRule
    certainty: Certainty


def pack_names() -> list[str]:
    """Names of the packs that are shipped."""
    folder = files("covermap.rules") / "packs"
    return sorted(
        p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml")
    )


def pack_text(name: str, root: Path | None = None) -> str:
    """Give the TOML of a shipped pack by name, or of a file relative to `root`.

    Raises
    ------
    NotKnownError
        No shipped pack and no file has that name.
    RulePackError
        The file is not text in UTF-8.
    """
    if name in pack_names():
        return (files("covermap.rules") / "packs" / f"{name}.toml").read_text(encoding="utf-8")
    path = (root or Path()) / name
    if not name.endswith(".toml") or not path.is_file():
        raise NotKnownError(
            f"no rule pack {name!r}. Shipped: {', '.join(pack_names())}; or a .toml file."
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise RulePackError(f"rule pack {name}: not text in UTF-8") from None


def load_pack(name: str, root: Path | None = None) -> RulePack:
    """Load a shipped pack by name, or a TOML file relative to `root`.

    Raises
    ------
    NotKnownError
        No shipped pack and no file has that name.
    RulePackError
        The file is not TOML, or a value in it is not allowed.
    """
    text = pack_text(name, root)
    try:
        return RulePack.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RulePackError(f"rule pack {name}: not valid TOML: {error}") from None
    except ValidationError as error:
        lines = [f"{_place(e['loc'])}: {e['msg']}" for e in error.errors()]
        raise RulePackError(f"rule pack {name}: " + "; ".join(lines)) from None


def _place(location: tuple[int | str, ...]) -> str:
    """Name the key as it stands in the file; the pack as a whole has no key."""
    return ".".join(str(part) for part in location) or "the pack"
