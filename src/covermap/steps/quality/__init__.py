"""Service quality: tests of logs counted per place, and what they come to under the rule pack."""

from covermap.steps.quality.evidence import run as count_tests
from covermap.steps.quality.probes import run as watch_probes
from covermap.steps.quality.verdicts import run as judge_tests

__all__ = ["count_tests", "judge_tests", "watch_probes"]
