"""Every layer of one kind of place: judged, kept aside, combined, and streamed in key order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.judging.apart import by_worst_run, or_met
from covermap.core.judging.certainty import Spread
from covermap.core.judging.derived import any_technology, operators
from covermap.core.judging.judge import Bins, Judged, hide_unmeasured, judge_technology
from covermap.core.judging.verdicts import UNMEASURED, PlaceTest
from covermap.rules import PieceRule, RulePack, SegmentRule, Standard
from covermap.steps.judge.evidence import Evidence
from covermap.tables import (
    ALL,
    ANY,
    NO_TECHNOLOGY,
    SEGMENT_VERDICTS,
    VERDICTS,
    Table,
    nan_as_null,
)

Ints = NDArray[np.int64]
Layer = tuple[str, str]


class Spool:
    """Judged layers, kept aside in files so that one or a few at a time are in memory.

    Without a folder they are kept in memory.
    """

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True)
        self.folder = folder
        self._files: dict[Layer, Path] = {}
        self._held: dict[Layer, Judged] = {}

    def put(self, layer: Layer, judged: Judged) -> None:
        """Keep a layer."""
        if self.folder is None:
            self._held[layer] = judged
            return
        path = self.folder / f"{len(self._files)}.npz"
        np.savez(path, **{name: getattr(judged, name) for name in judged.__dataclass_fields__})
        self._files[layer] = path

    def get(self, layer: Layer) -> Judged:
        """Read a layer back."""
        if layer in self._held:
            return self._held[layer]
        with np.load(self._files[layer]) as arrays:
            return Judged(**{name: arrays[name] for name in arrays.files})

    def layers(self) -> list[Layer]:
        """Layers that are kept, by operator and technology."""
        return sorted([*self._files, *self._held])


def judge_all(
    evidence: Evidence,
    pairs: list[Layer],
    pack: RulePack,
    spool: Spool,
    rule: PieceRule,
    tell: Callable[[float, str], None] | None = None,
) -> None:
    """Judge every layer that occurs, and the derived ones, into the spool.

    `tell` is called with the share done, and what is being done.
    """
    tell = tell or _silent
    if not pairs:
        spool.put((ANY, ANY), _unmeasured(evidence.count, pack, rule))
    names = sorted({operator for operator, _ in pairs})
    for number, operator in enumerate(names):
        tell(number / (len(names) + 1), f"{evidence.kind}: {operator}")
        technologies = [t for o, t in pairs if o == operator and t != NO_TECHNOLOGY]
        _judge_operator(evidence, operator, technologies, pack, spool, rule)
    for technology in sorted({t for _, t in spool.layers()} if pairs else ()):
        tell(len(names) / (len(names) + 1), f"{evidence.kind}: {technology}")
        layers = [layer for layer in spool.layers() if layer[1] == technology]
        members = [spool.get(layer) for layer in layers if layer[0] not in (ANY, ALL)]
        spool.put((ANY, technology), operators(members, every=False))
        spool.put((ALL, technology), operators(members, every=True))


def _silent(_done: float, _what: str) -> None:
    return None


def _unmeasured(count: int, pack: RulePack, rule: PieceRule) -> Judged:
    """Judge places in a build without any measurement: a line is there before it is driven."""
    test = place_test(pack, next(iter(pack.standards.values())), rule)
    spread = Spread(**pack.certainty.model_dump(exclude={"source"}))
    return hide_unmeasured(judge_technology(_NOTHING, np.zeros(count, np.int64), test, spread))


def _judge_operator(
    evidence: Evidence,
    operator: str,
    technologies: list[str],
    pack: RulePack,
    spool: Spool,
    rule: PieceRule,
) -> None:
    # without any technology, no service is judged by the most generous standard: it fails it too
    easiest = min(pack.standards.values(), key=lambda s: s.rsrp_dbm)
    tests = {
        name: place_test(pack, pack.standards.get(name, easiest), rule)  # type: ignore[call-overload]
        for name in (NO_TECHNOLOGY, *technologies)
    }
    spread = Spread(**pack.certainty.model_dump(exclude={"source"}))
    counts, runs = evidence.bins(operator), evidence.run_counts(operator)
    judged = {
        name: judge_technology(
            counts.by_technology.get(name, _NOTHING),
            counts.n_none,
            test,
            spread,
            evidence.observed(operator, name, test.none_level_dbm),
            evidence.latest_period(operator, name),
        )
        for name, test in tests.items()
    }
    judged[ANY] = _whichever(judged, tests, runs)
    apart = evidence.apart(operator) if judged_apart(rule) else None
    if apart is not None:
        pairs = {
            name: judge_technology(apart.bins.get(name, _NOTHING), apart.n_none, test, spread)
            for name, test in tests.items()
        }
        pairs[ANY] = _whichever(pairs, tests)
        worst = {name: by_worst_run(apart.place, pairs[name], judged[name]) for name in judged}
        worst[ANY] = or_met(worst[ANY], [worst[name] for name in technologies], judged[ANY])
        judged = worst
    for name, found in judged.items():
        if name != NO_TECHNOLOGY:
            spool.put((operator, name), hide_unmeasured(found))


def _whichever(
    judged: dict[str, Judged], tests: dict[str, PlaceTest], runs: NDArray[np.int64] | None = None
) -> Judged:
    """Judge an operator's technologies together; each must have been judged by its own."""
    members = [judged[name] for name in tests if name != NO_TECHNOLOGY]
    return any_technology(members, judged[NO_TECHNOLOGY], tests[NO_TECHNOLOGY], runs)


def judged_apart(rule: PieceRule) -> bool:
    """Whether the pack judges each run by itself; cells do not tell runs apart."""
    return isinstance(rule, SegmentRule) and rule.runs == "each"


_NO_ROWS = np.zeros(0, np.int64)
_NOTHING = Bins(_NO_ROWS, _NO_ROWS, _NO_ROWS, _NO_ROWS, _NO_ROWS, _NO_ROWS)


def place_test(pack: RulePack, standard: Standard, rule: PieceRule) -> PlaceTest:
    """Give the pack's rule for a place in one technology, as the core takes it."""
    return PlaceTest(
        rsrp_dbm=standard.rsrp_dbm,
        sinr_db=standard.sinr_db,
        rule=rule.rule,
        number=rule.share if rule.rule == "share" else rule.quantile,
        min_samples=rule.min_samples,
        none_level_dbm=pack.no_service.level_dbm,
        none_share=pack.no_service.none_share,
        exceed=rule.exceed,
    )


def rows(
    judged: Judged, layer: Layer, evidence: Evidence, table: Table, of: Ints | None = None
) -> pa.Table:
    """Give one layer's rows of the table of verdicts; texts are dictionaries.

    Parameters
    ----------
    judged
        Of the places `of` the evidence, by number; None: of all.
    """
    places = evidence.places if of is None else evidence.places.take(pa.array(of))
    count = places.num_rows
    measured = judged.verdict != UNMEASURED
    columns = {name: places.column(name) for name in places.column_names}
    columns |= {
        "operator": _always(layer[0], count),
        "technology": _always(layer[1], count),
        "verdict": _coded(judged.verdict, VERDICTS),
        "probability": nan_as_null(judged.probability),
        "basis": _coded(np.where(measured, 0, -1), ("measured",)),
        "n": pa.array(judged.n),
        "n_none": pa.array(judged.n_none),
        "rsrp_mean_dbm": nan_as_null(judged.rsrp_mean_dbm),
        "rsrp_p5_dbm": nan_as_null(judged.rsrp_p5_dbm),
        "rsrp_p50_dbm": nan_as_null(judged.rsrp_p50_dbm),
        "sinr_mean_db": nan_as_null(judged.sinr_mean_db),
        "share": nan_as_null(np.where(measured, judged.share, np.nan)),
    }
    if table is SEGMENT_VERDICTS:
        columns["runs"] = pa.array(judged.runs.astype(np.int32))
    else:
        columns["last_period"] = _coded(judged.period, evidence.periods)
    return pa.table({name: columns[name] for name in table.names})


def _always(text: str, count: int) -> pa.DictionaryArray:
    return _coded(np.zeros(count, np.int8), (text,))


def _coded(numbers: NDArray[Any], words: Sequence[str]) -> pa.DictionaryArray:
    """Give texts by their numbers; null where a number is negative."""
    absent = numbers < 0
    indices = pa.array(numbers.astype(np.int32), mask=absent if absent.any() else None)
    return pa.DictionaryArray.from_arrays(indices, pa.array(words, pa.string()))
