"""The current build judged by another rule pack: from its own tables, no input file is opened."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from covermap.engine.local import Workers
from covermap.engine.step import StepContext
from covermap.pipeline.changes import Changes, judged_tables, kind_of
from covermap.pipeline.keys import code_key, key_of
from covermap.pipeline.publish import only_builder
from covermap.pipeline.whole import WHOLE_STEPS, WholeStep, shown_alone
from covermap.rules import RulePack
from covermap.store import Build, Tables, Workspace
from covermap.workspace import Config

Tell = Callable[[str, float], None]


@dataclass(frozen=True)
class Rejudged:
    """A build, and what another pack makes of the same evidence."""

    build: Build
    before: RulePack
    """The pack that the build was judged by."""
    after: RulePack
    changes: Changes
    steps: tuple[str, ...]
    """Steps that were run again."""
    unjudged: tuple[str, ...]
    """Kinds of verdicts that only one of the packs judges: they are not compared."""


@contextmanager
def rejudged(
    space: Workspace, rules: RulePack, workers: Workers, tell: Tell = lambda _step, _share: None
) -> Iterator[Rejudged]:
    """Judge the current build by `rules` beside it; what comes out is gone after the block.

    Evidence, lines, places and declarations are those of the build. Steps that take nothing of
    what the packs differ in are not run: their tables are the build's.

    Raises
    ------
    BuildError
        Nothing is built, or it is damaged.
    BusyError
        A build is running here: it may remove what is read.
    """
    build = space.current()
    said = build.manifest
    before, config = RulePack.model_validate(said["rules"]), Config.model_validate(said["config"])
    steps = steps_to_run(before, rules, config)
    with (
        only_builder(space),
        tempfile.TemporaryDirectory(prefix=".rejudge.", suffix=".part", dir=space.cache) as made,
    ):
        work = _Work(space, build, config, rules, workers, Path(made))
        for number, step in enumerate(steps):
            tell(step.name, number / len(steps))
            work.run(step)
        names = [n for n in judged_tables() if any(n in step.writes for step in steps)]
        changes = Changes(build, Tables(work.view), tuple(names))
        yield Rejudged(
            build, before, rules, changes, tuple(step.name for step in steps),
            tuple(_unjudged(before, rules)),
        )  # fmt: skip


def steps_to_run(before: RulePack, after: RulePack, config: Config) -> list[WholeStep]:
    """List the steps that lead to verdicts and take something that the packs differ in, in order.

    Verdicts that one of the packs does not judge are not led to.

    Examples
    --------
    >>> from covermap.rules import load_pack
    >>> packs = [load_pack(name) for name in ("miit-2025", "village-any-operator")]
    >>> [step.name for step in steps_to_run(*packs, Config()) if step.name.startswith("judge_c")]
    []
    """
    packs = before, after
    wanted = {name for step in _judging() if all(_judges(p, step) for p in packs)
              for name in step.writes}  # fmt: skip
    leading: list[WholeStep] = []
    for step in reversed(WHOLE_STEPS):
        if wanted & set(step.writes):
            leading.insert(0, step)
            wanted |= set(step.reads)
    touched: set[str] = set()
    steps: list[WholeStep] = []
    for step in leading:
        there = step.declared is None or getattr(config, step.declared) is not None
        differs = any(getattr(before, name) != getattr(after, name) for name in step.of_rules)
        if there and (differs or touched & set(step.reads)):
            steps.append(step)
            touched |= set(step.writes)
    return steps


def _judging() -> list[WholeStep]:
    """Give the steps that write verdicts."""
    return [step for step in WHOLE_STEPS if set(judged_tables()) & set(step.writes)]


def _judges(pack: RulePack, step: WholeStep) -> bool:
    """Whether a pack has every section that a step takes."""
    return all(getattr(pack, name) is not None for name in step.of_rules)


def _unjudged(before: RulePack, after: RulePack) -> list[str]:
    return [
        kind_of(name)
        for step in _judging() if _judges(before, step) != _judges(after, step)
        for name in step.writes if name in judged_tables()
    ]  # fmt: skip


class _Work:
    """Steps run beside a build: each reads the build's tables and those made so far."""

    def __init__(
        self,
        space: Workspace,
        build: Build,
        config: Config,
        rules: RulePack,
        workers: Workers,
        folder: Path,
    ) -> None:
        self.space, self.config, self.rules, self.workers = space, config, rules, workers
        self.folder, self.view = folder, folder / "view"
        for path in build.folder.rglob("*.parquet"):
            self._show(path.relative_to(build.folder), path)

    def run(self, step: WholeStep) -> None:
        """Run a step, and show what it wrote in the place of the build's."""
        out = self.folder / step.name
        out.mkdir()

        def part(key: str) -> Path:
            name = f"{step.name}_part-{key_of(code_key(), key)}"
            kept = self.space.cache / name
            return kept if kept.is_dir() else self.folder / name

        step.run(
            StepContext(
                Tables(self.view, self.config.judge.within), out, self.config,
                shown_alone(self.rules, step.of_rules), self.workers, part,
                root=self.space.root,
            )
        )  # fmt: skip
        for name in step.writes:
            for old in Tables(self.view).parts(name):
                old.unlink()
            for path in Tables(out).parts(name):
                self._show(path.relative_to(out), path)

    def _show(self, inside: Path, path: Path) -> None:
        link = self.view / inside
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(path, link.parent))
