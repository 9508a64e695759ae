"""Lines and their sections: when they are continuously covered, and how sure that is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from covermap.rules.typed import Confidence, Share, Source, Strict


class LineRule(Strict):
    """When a unit of line is continuously covered."""

    share: Share
    """This share of its length must meet the standard."""
    confidence: Confidence
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


class IntervalRule(Strict):
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
