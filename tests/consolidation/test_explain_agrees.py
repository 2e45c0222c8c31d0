"""Explanations against a witness in the reference engine, on random timelines."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given

from tests.consolidation.engines import moment, package_result
from tests.consolidation.strategies import scenarios
from tests.consolidation.witness import witnessed
from tests.fuzz import examples

EXAMPLES = examples(quick=15, full=10_000)
MOST = 5


def as_written(candidate):
    """Give the facts of a candidate in the witness's own units: microseconds."""
    return {
        name: in_microseconds(value)
        for name, value in candidate.items()
        if name not in {"margin", "slot_end", "passed_by"}
    }


def in_microseconds(value):
    """Count the microseconds of times and spans; leave anything else alone."""
    if isinstance(value, pd.Timestamp):
        value = value - moment(0)
    if isinstance(value, pd.Timedelta):
        return value // pd.Timedelta(1, unit="us")
    return value


@pytest.fixture(scope="module")
def monkeypatch_module():
    """Patch for all examples of a test: Hypothesis refuses fixtures of a single one."""
    with pytest.MonkeyPatch.context() as patched:
        yield patched


@EXAMPLES
@given(scenario=scenarios())
def test_explanations_say_what_the_reference_engine_saw(monkeypatch_module, scenario):
    """Joined by, anchor, gap and margin, and each candidate with all its reasons, agree."""
    result = package_result(scenario)
    answer, seen = witnessed(scenario, monkeypatch_module)
    for number, (alert, entries) in enumerate(zip(answer["alerts"], seen, strict=True)):
        facts = result.explain(number).facts
        for name in ("incident_id", "joined_by", "anchor_alert_id", "gap", "margin", "start"):
            assert in_microseconds(facts[name]) == alert[name], (number, name)
        assert list(facts["matched"]) == list(entries)
        newest = [] if alert["joined_by"] is not None else list(entries.items())
        expected = [entry for _, found in newest for entry in found[:MOST]]
        assert [as_written(one) for one in facts["candidates"]] == expected
        assert facts["older_not_listed"] == [name for name, found in newest if len(found) > MOST]


@EXAMPLES
@given(scenario=scenarios())
def test_every_refusal_can_be_checked_by_hand(scenario):
    """Margin and overrun follow from gap and limit, slots from the epoch, and reasons hold."""
    result = package_result(scenario)
    policy = scenario.settings
    for number in range(len(result.alerts)):
        facts = result.explain(number).facts
        for one in facts["candidates"]:
            assert one["reasons"], "a candidate without a reason would have won"
            late = in_microseconds(facts["start"] - one["anchor_start"])
            assert in_microseconds(one["gap"]) == late
            if policy["anchor"] == "bucket":
                window = in_microseconds(one["limit"])
                slot_end = (in_microseconds(one["anchor_start"]) // window + 1) * window
                assert in_microseconds(one["slot_end"]) == slot_end
                over, is_past = in_microseconds(facts["start"]) - slot_end, "window"
                assert (over >= 0) == (is_past in one["reasons"])
            else:
                over = late - in_microseconds(one["limit"])
                assert in_microseconds(one["margin"]) == -over
                assert (over > 0) == ("window" in one["reasons"])
            passed = over if "window" in one["reasons"] else None
            assert in_microseconds(one["passed_by"]) == passed
            assert ("resolved" in one["reasons"]) == (
                not policy["join_resolved"] and one["n_open_alerts"] == 0
            )
            assert ("full" in one["reasons"]) == (
                policy["max_alerts"] is not None and one["n_alerts"] >= policy["max_alerts"]
            )
