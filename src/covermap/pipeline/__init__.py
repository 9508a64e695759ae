"""The pipeline: which step runs on what, what is cached, and how a build is published.

What is named here is imported when it is first asked for: a worker process that counts samples
loads what counts samples, not the whole pipeline.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from covermap.pipeline.asked import BuildOptions
    from covermap.pipeline.building import BuildResult, build
    from covermap.pipeline.progress import Progress, Silent, StepReport

__all__ = ["BuildOptions", "BuildResult", "Progress", "Silent", "StepReport", "build"]

_HOMES = {
    "BuildOptions": "asked", "BuildResult": "building", "build": "building",
    "Progress": "progress", "Silent": "progress", "StepReport": "progress",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
