"""The pipeline: which step runs on what, what is cached, and how a build is published."""

from covermap.pipeline.asked import BuildOptions
from covermap.pipeline.build import BuildResult, build
from covermap.pipeline.progress import Progress, Silent, StepReport

__all__ = ["BuildOptions", "BuildResult", "Progress", "Silent", "StepReport", "build"]
