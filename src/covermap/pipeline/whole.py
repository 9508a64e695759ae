"""Steps that read whole tables of the build so far: judge, weak spots, tiles."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from covermap.engine.local import Workers
from covermap.engine.step import StepContext
from covermap.files import file_key
from covermap.pipeline.cache import Cache
from covermap.pipeline.inputs import files_key
from covermap.pipeline.keys import code_key, content_key, key_of
from covermap.pipeline.progress import Advance, StepReport, Timed
from covermap.pipeline.publish import Layout
from covermap.resources import resource
from covermap.rules import RulePack
from covermap.steps import (
    area_verdicts,
    judge,
    levels,
    people,
    places,
    predict,
    propagate,
    quality,
    score,
    stars,
    tiles,
    villages,
    weak,
)
from covermap.steps.sites import locate_cells, survey, tell_shifted
from covermap.store import Tables, whole_folder, write_text
from covermap.workspace import Config, input_files


@dataclass(frozen=True)
class WholeStep:
    """A step that reads whole tables of the build so far."""

    name: str
    run: Callable[[StepContext], None]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    """Tables; a step without any writes a folder of its name."""
    of_rules: tuple[str, ...] = ()
    """Sections of the rule pack that its result depends on; it is shown no others."""
    of_settings: Callable[[Config, Path], Any] = lambda _config, _root: None
    """What else of covermap.toml, and of the files that it names there, its result depends on."""
    declared: str | None = None
    """Part of covermap.toml without which the step is left out."""


def _of_prediction(config: Config, root: Path) -> Any:
    """Give what is declared of prediction, and the bytes of the region that it names."""
    declared, files = config.predict, []
    if declared is not None and declared.area is not None:
        files = input_files(root, (declared.area,), "covermap.toml [predict] area")
    return [declared, config.terrain, files_key(root, files)]


def _of_locating(config: Config, _root: Path) -> Any:
    return [config.locate, config.positions]


def _of_people(config: Config, _root: Path) -> Any:
    return config.population


def _of_tests(config: Config, _root: Path) -> Any:
    return [config.positions, {entry.name: entry.tests for entry in config.measurements}]


def _is_predicted(config: Config, _root: Path) -> bool:
    return config.predict is not None


VERDICTS = (
    "cell_verdicts", "segment_verdicts", "line_verdicts", "section_verdicts", "network_verdicts",
    "settling",
)  # fmt: skip
EVIDENCE = ("cell_evidence", "segment_evidence")
JUDGED_FROM = (*EVIDENCE, "segments", "lines", "sections", "runs")
OF_PEOPLE = ("population", "counting_cells")
WHOLE_STEPS = (
    WholeStep(
        "locate",
        locate_cells,
        ("samples", "sites"),
        ("sites",),
        of_settings=_of_locating,
        declared="locate",
    ),
    WholeStep("site_datum", tell_shifted, ("samples", "sites", "problems"), ("problems",)),
    WholeStep(
        "survey",
        survey,
        ("sites", "regions", "counting_cells"),
        ("site_cells", "cell_sites", "region_sites"),
        of_settings=_of_people,
    ),
    WholeStep(
        "propagate",
        propagate.run,
        ("sites", "terrain"),
        ("cell_model",),
        of_settings=_of_prediction,
    ),
    WholeStep(
        "place_evidence",
        places.count_places,
        ("samples", "runs", "places", "problems"),
        ("named_points", "place_evidence", "problems"),
    ),
    WholeStep("people", people.run, ("cell_evidence", *OF_PEOPLE), ("cell_people",)),
    WholeStep(
        "tests",
        quality.count_tests,
        ("samples", "matched", "counting_cells", "named_points"),
        ("test_evidence",),
        of_settings=_of_tests,
    ),
    WholeStep(
        "quality",
        quality.judge_tests,
        ("test_evidence", "regions", "lines", "places"),
        ("quality_verdicts",),
        ("service",),
    ),
    WholeStep("probes", quality.watch_probes, ("samples",), ("probe_series", "probe_alarms")),
    WholeStep("judge_cells", judge.run_cells, EVIDENCE, VERDICTS[:1], judge.OF_CELLS),
    WholeStep("judge_lines", judge.run_lines, JUDGED_FROM, VERDICTS[1:], judge.OF_LINES),
    WholeStep(
        "judge_places",
        places.judge_key_places,
        (*EVIDENCE, "place_evidence", "places", "regions"),
        ("key_point_verdicts", "place_verdicts", "scene_sums"),
        places.OF_PLACES,
    ),
    WholeStep(
        "count",
        people.count,
        (*VERDICTS[:2], "cell_people", *OF_PEOPLE, "regions"),
        ("people_verdicts",),
    ),
    WholeStep(
        "levels",
        levels.run,
        ("samples", "cell_evidence"),
        ("cell_levels",),
        ("no_service",),
        _is_predicted,
    ),
    WholeStep(
        "predict",
        predict.run,
        (
            "cell_levels",
            "cell_evidence",
            "cell_verdicts",
            "cell_model",
            "segment_verdicts",
            "segments",
            "lines",
            "sites",
        ),
        (
            "cell_prediction",
            "segment_prediction",
            "prediction_layers",
            "prediction_scores",
            "prediction_reliability",
        ),
        ("standards", "cell", "segment"),
        _of_prediction,
    ),
    WholeStep(
        "areas",
        area_verdicts.run,
        ("regions", "cell_verdicts", "segment_verdicts", "cell_people", "people_verdicts"),
        ("area_verdicts",),
        ("area",),
    ),
    WholeStep(
        "villages",
        villages.run,
        ("villages", "village_points", "regions", "cell_verdicts", "cell_prediction", "sites"),
        ("village_verdicts", "village_sums", "village_regions"),
        ("no_service", "village"),
    ),
    WholeStep(
        "weak",
        weak.run,
        (*VERDICTS[:2], "segments", "lines", "sites"),
        ("weak_spots",),
        ("standards", "no_service", "weak"),
    ),
    WholeStep("stars", stars.run, stars.READS, ("star_ratings",), stars.OF_STARS),
    WholeStep("score", score.run, score.READS, ("scorecard",), score.OF_SCORE),
    WholeStep(
        "tiles",
        tiles.run,
        (
            *VERDICTS[:3],
            "cell_people",
            "segments",
            "lines",
            "weak_spots",
            "sites",
            "cell_prediction",
            "cell_model",
        ),
        (),
    ),
)

CODE = "code.txt"
"""Beside a whole step's tables: keys of the code and of the rule pack that made them."""
PARTS = "parts.txt"
"""Beside a whole step's tables: keys of the parts of its result that are kept by themselves."""
CONTENTS = "contents.json"
"""Beside a whole step's tables: of each a hash of its bytes. What follows depends on these, not on
what the step was made by: where it makes the same again, nothing behind it is made again."""


@dataclass(frozen=True)
class Whole:
    """What every whole step of one build has in common."""

    root: Path
    config: Config
    rules: RulePack
    cache: Cache
    layout: Layout
    workers: Workers
    timed: Timed
    contents: dict[str, str] = field(default_factory=dict)
    """Of each table that a step wrote: a hash of its bytes."""

    def make(self, step: WholeStep) -> None:
        """Make a step's result, or find it in the cache, and lay it into the build."""
        if step.declared and getattr(self.config, step.declared) is None:
            return
        reads = [name for name in step.reads if self.layout.of_table(name)]
        inputs = {n: self._content(n) for n in reads}
        offsets = {m.name: m.level_offset_db for m in self.config.measurements}
        recipes = [(p.name, file_key(p)) for p in sorted(resource("tiles").glob("*.toml"))]
        rules = self.rules.model_dump(mode="json", include=set(step.of_rules))
        settings = [self.config.grid, self.config.judge]
        own = step.of_settings(self.config, self.root)
        key = key_of(code_key(), step.name, inputs, rules, settings, recipes, offsets, own)
        folder = self.cache.folder(step.name, key)

        def work(advance: Advance) -> StepReport:
            report = StepReport(step.name, read={n: self.layout.rows(n) for n in reads})
            if folder.is_dir():
                report.cached = 1
                self._keep_parts(step, folder)
            else:
                self._run_step(step, inputs, folder, advance, report)
            made = Tables(folder)
            report.wrote = {name: made.rows(name) for name in step.writes}
            if not step.writes:
                report.wrote = {"files": sum(p.is_file() for p in folder.rglob("*"))}
            return report

        self.timed(step.name, 1.0, work)
        self.contents.update(json.loads((folder / CONTENTS).read_text(encoding="utf-8")))
        for name in step.writes:
            if (folder / name).is_dir():
                self.layout.add_folder(name, folder / name)
            else:
                self.layout.add_table(name, folder)
        if not step.writes:
            self.layout.add_folder(step.name, folder / step.name)

    def _run_step(
        self,
        step: WholeStep,
        inputs: dict[str, str],
        folder: Path,
        advance: Advance,
        report: StepReport,
    ) -> None:
        done = 0.0

        def tell(share: float, _what: str) -> None:
            nonlocal done
            advance(share - done)
            done = share

        with self.cache.view(self.layout) as view, whole_folder(folder) as out:
            parts: list[str] = []

            def part(key: str) -> Path:
                parts.append(key_of(code_key(), key))
                return self.cache.folder(f"{step.name}_part", parts[-1])

            tables = Tables(view, self.config.judge.within)
            step.run(
                StepContext(
                    tables, out, self.config, shown_alone(self.rules, step.of_rules), self.workers,
                    part, tell, report.notes, self.cache.root.parent,
                    earlier_result(self.cache.root, step.name, self.rules), inputs,
                )
            )  # fmt: skip
            made = {name: content_key(out, Tables(out).parts(name)) for name in step.writes}
            write_text(out / CONTENTS, json.dumps(made))
            write_text(out / CODE, f"{code_key()} {key_of(self.rules)}\n")
            write_text(out / PARTS, "".join(f"{key}\n" for key in parts))

    def _content(self, name: str) -> str:
        """Give what tells the content of a table of the build so far."""
        if name in self.contents:
            return self.contents[name]
        return key_of([self.cache.name_of(path) for path in self.layout.of_table(name)])

    def _keep_parts(self, step: WholeStep, folder: Path) -> None:
        """Note that this build uses the parts of a result that is taken as it is."""
        for key in (folder / PARTS).read_text(encoding="utf-8").split():
            self.cache.folder(f"{step.name}_part", key)


def earlier_result(cache: Path, step: str, rules: RulePack) -> Path | None:
    """Find a result of a step by this code: the latest under this pack, else the latest of all.

    It is in the cache while a build uses it. Under another pack most of it would differ.
    """
    found: list[tuple[bool, int, Path]] = []
    for path in cache.glob(f"{step}-*/{CODE}"):
        code, pack = path.read_text(encoding="utf-8").split()
        if code == code_key():
            same = pack == key_of(rules)
            found.append((same, path.parent.stat().st_mtime_ns, path.parent))
    return max(found)[2] if found else None


def shown_alone(rules: RulePack, sections: tuple[str, ...]) -> RulePack:
    """Give the pack's name and some of its sections; to ask it for another is a fault.

    What a step was made by is the part of the pack that stands in the name of its result: nothing
    else of the pack can have got into it.
    """
    shown = RulePack.model_construct()
    shown.__dict__.clear()
    shown.__dict__.update({name: getattr(rules, name) for name in ("id", *sections)})
    return shown
