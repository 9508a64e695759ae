"""Judge every village in every layer that the pack's rule asks for, and sum up by region."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from covermap.core.villages.chances import CellModel
from covermap.core.villages.evidence import UnitSums, spread_out
from covermap.core.villages.verdicts import (
    UnitTest,
    Villages,
    VillageTest,
    every,
    judge_villages,
    units,
    whichever,
)
from covermap.engine.step import StepContext
from covermap.rules.villages import VillageRule
from covermap.steps.villages.evidence import FORETOLD, MEASURED, Evidence, Layer
from covermap.steps.villages.nearby import SitesNearby
from covermap.steps.villages.places import Places, read_places
from covermap.steps.villages.regions import belonging
from covermap.steps.villages.rows import Writer
from covermap.store import CodedWriter
from covermap.tables import (
    ALL,
    ANY,
    VILLAGE_REGIONS,
    VILLAGE_SUMS,
    VILLAGE_VERDICTS,
    empty,
)

NAMES = (VILLAGE_VERDICTS.name, VILLAGE_SUMS.name, VILLAGE_REGIONS.name)


def run(ctx: StepContext) -> None:
    """Write `village_verdicts`, `village_sums` and `village_regions`.

    A pack without a rule for villages judges none: the tables are empty.
    """
    rule, villages = ctx.rules.village, ctx.tables.read("villages")
    if rule is None or not villages.num_rows:
        for table in (VILLAGE_VERDICTS, VILLAGE_SUMS, VILLAGE_REGIONS):
            ctx.write(table.name, empty(table))
        return
    places = read_places(villages, ctx.tables.read("village_points"), rule)
    codes = villages.sort_by("village_id")["code"].combine_chunks()
    regions = belonging(places, codes, ctx.tables.read("regions"), rule.alike)
    ctx.write(VILLAGE_REGIONS.name, regions.table)
    judging = _Judging(ctx, places, rule)
    writer = Writer(places, regions, judging.evidence.periods, rule, _simulated(ctx))
    sums = []
    with CodedWriter(ctx.out / f"{VILLAGE_VERDICTS.name}.parquet", VILLAGE_VERDICTS) as file:
        judged = judging.layers()
        for done, layer in enumerate(sorted(judged), start=1):
            file.write(writer.verdicts(layer, judged[layer]))
            sums.append(writer.sums(layer, judged[layer]))
            ctx.progress(0.7 + 0.3 * done / len(judged), "sums")
    ctx.write(VILLAGE_SUMS.name, pa.concat_tables(sums))


def _simulated(ctx: StepContext) -> bool:
    declared = any(m.simulated for m in (*ctx.config.measurements, *ctx.config.sites))
    return ctx.config.workspace.simulated or declared


@dataclass(frozen=True)
class _Tests:
    unit: UnitTest
    village: VillageTest


def _tests(ctx: StepContext, rule: VillageRule) -> _Tests:
    alike = rule.alike
    model = CellModel(alike.cells, alike.cell_spread, alike.prior_cells)
    return _Tests(
        UnitTest(rule.share, ctx.rules.no_service.none_share, rule.min_samples, model),
        VillageTest(rule.key_points_met, rule.key_points_share, rule.predicted_lit,
                    rule.predicted_dark, alike.cells),
    )  # fmt: skip


class _Judging:
    """Judges one layer after the other."""

    def __init__(self, ctx: StepContext, places: Places, rule: VillageRule) -> None:
        self.evidence = Evidence(ctx, places, rule)
        self._places = places
        self._tests = _tests(ctx, rule)
        self._sites = SitesNearby(ctx.tables.read("sites"), places, rule)
        self._technologies = rule.technologies

    def layers(self) -> dict[Layer, Villages]:
        """Judge every layer, and derive `any` technology and `any` and `all` operators.

        `any` technology is at least one of those that the pack's rule names. An operator is no
        member of the derived layers of a technology that it never showed.
        """
        judged = {layer: self._judge(layer) for layer in self._pairs()}
        for operator in sorted({operator for operator, _ in judged}):
            own = [v for (o, _), v in sorted(judged.items()) if o == operator]
            # of one technology alone it is the very same
            judged[operator, ANY] = own[0] if len(own) == 1 else whichever(own, surest=True)
        members = defaultdict(list)
        for (_, technology), one in sorted(judged.items()):
            members[technology].append(one)
        made: dict[tuple[int, ...], tuple[Villages, Villages]] = {}
        for technology in sorted({*members, *self._technologies, ANY}):
            some = members.get(technology)
            if not some:
                judged[ANY, technology] = self._judge(None)
                continue
            key = tuple(map(id, some))
            if key not in made:
                made[key] = whichever(some), every(some)
            judged[ANY, technology], judged[ALL, technology] = made[key]
        return judged

    def _pairs(self) -> list[Layer]:
        return sorted(self.evidence.layers() | self._sites.layers())

    def _judge(self, layer: Layer | None) -> Villages:
        """Judge a layer; None: one that nothing is known of."""
        count = self._places.villages
        measured, foretold = self._sums(layer)
        whole = units(measured, foretold, self._tests.unit)
        site = np.full(count, np.nan) if layer is None else self._sites.chance(layer)
        points = np.arange(count, self._places.units)
        return judge_villages(
            self._places.starts.astype(np.int64), whole.take(points),
            whole.take(np.arange(count)), site, self._seen(measured), self._tests.village,
        )  # fmt: skip

    def _sums(self, layer: Layer | None) -> Iterator[UnitSums]:
        for kind in (MEASURED, FORETOLD):
            yield spread_out(self.evidence.of(kind, layer or (ANY, ANY)), self._places.units)

    def _seen(self, sums: UnitSums) -> UnitSums:
        """Give what was seen of villages: at their key points, where more samples are there."""
        count = self._places.villages
        starts = self._places.starts
        at_points = np.add.reduceat(np.append(sums.n[count:], 0), starts[:-1])
        at_points[np.diff(starts) == 0] = 0
        latest = np.maximum.reduceat(np.append(sums.period[count:], -1), starts[:-1])
        latest[np.diff(starts) == 0] = -1
        whole = {name: getattr(sums, name)[:count] for name in UnitSums.__dataclass_fields__}
        return UnitSums(**whole | {
            "n": np.maximum(whole["n"], at_points), "period": np.maximum(whole["period"], latest),
        })  # fmt: skip
