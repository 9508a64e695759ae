"""What a pack may ask of service quality."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from covermap.rules import RateStandard, ServiceRule, load_pack

RULE = {
    "rates": {"nr": {"downlink_mbps": 100, "source": "document"}},
    "min_tests": 30, "min_runs": 3, "confidence": 0.95, "source": "document",
}  # fmt: skip


@pytest.mark.parametrize("rate", [220, 45, 0.125, 1230, 0.000001])
def test_standards_of_three_digits_are_taken(rate):
    assert RateStandard(downlink_mbps=rate, source="document").downlink_mbps == rate


@pytest.mark.parametrize("rate", [220.5, 1234, 0.0000001])
def test_a_standard_that_counts_do_not_answer_exactly_is_refused(rate):
    with pytest.raises(ValidationError, match="at most 3 significant digits"):
        RateStandard(uplink_mbps=rate, source="document")
    with pytest.raises(ValidationError, match=r"latency_ms = 100\.5"):
        ServiceRule.model_validate({**RULE, "latency_ms": 100.5})


def test_a_share_of_latency_tests_needs_what_they_must_reach():
    with pytest.raises(ValidationError, match="latency_share needs latency_ms"):
        ServiceRule.model_validate({**RULE, "latency_share": 0.9})


@pytest.mark.parametrize(
    ("pack", "down", "up", "share"), [("miit-2025", 220, 45, 0.95), ("miit-2024", 200, 40, 0.9)]
)
def test_the_policys_figures_are_in_the_packs(pack, down, up, share):
    rule = load_pack(pack).service
    assert (rule.mean_downlink_mbps, rule.mean_uplink_mbps, rule.tests_share) == (down, up, share)
    assert "MIIT 2023 no. 257" in rule.source
    assert all("project default" in rate.source for rate in rule.rates.values())
