"""`sensitivity`: each reading against `consolidate` under that reading."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given

from pandakit.consolidation import CLASSIC, CURRENT, consolidate
from pandakit.lab import diff, sensitivity
from tests.consolidation import engines
from tests.consolidation.strategies import scenarios
from tests.fuzz import examples

PARSED = {"True": True, "False": False, "None": None, "300": 300}


def row_by_hand(today, other):
    """What one reading changes, from two consolidations."""
    changes = diff(today, other)
    both = changes.alerts.dropna(subset=["alert_a", "alert_b"])
    kept, in_a, in_b = changes.pairs
    before, after = len(today.incidents), len(other.incidents)
    return {
        "incidents": after,
        "numerator": after - before,
        "denominator": before,
        "largest": int(other.incidents["n_alerts"].max()) if after else 0,
        "same": len(both),
        "moved": int(both["moved"].sum()),
        "pairs_kept": kept,
        "pairs_today": in_a,
        "pairs": in_b,
    }


@examples(quick=3, full=500)
@given(scenarios())
def test_each_reading_is_that_of_consolidate(scenario):
    """Every row of a setting has the counts of `consolidate` with that setting."""
    frame, unit = scenario.frame(), scenario.settings["unit"]
    policy = engines.policy_of(scenario.settings)
    today = consolidate(frame, policy, unit=unit)
    found = sensitivity(frame, policy, unit=unit)
    settings = found[found["setting"] != "order of equal times"]
    for row in settings.to_dict("records"):
        value = PARSED.get(row["value"], row["value"])
        other = consolidate(frame, policy.replace(**{row["setting"]: value}), unit=unit)
        expected = row_by_hand(today, other)
        assert {name: row[name] for name in expected} == expected
        pairs = expected["pairs_today"] + expected["pairs"]
        assert row["f1"] == (2 * expected["pairs_kept"] / pairs if pairs else 1)
    assert found["moved"].is_monotonic_decreasing


def test_rows_of_one_time_in_reverse():
    """Reversed equal times give what the reversed rows give."""
    frame = pd.DataFrame(
        {
            "timestamp": [0, 0, 0, 60],
            "status": ["ok", "critical", "critical", "critical"],
            "host": ["a", "a", "b", "c"],
            "cluster": ["x", "x", "y", "x"],
        }
    )
    policy = CLASSIC.replace(dedup="none", max_alerts=1)
    found = sensitivity(frame, policy).query("value == 'reversed'").iloc[0]
    today = consolidate(frame, policy)
    turned = consolidate(frame.iloc[[2, 1, 0, 3]].reset_index(drop=True), policy)
    assert len(today.incidents) == 3
    assert found["incidents"] == len(turned.incidents)
    assert found["same"] == 3


def test_orders_of_equal_times_are_those_of_permuted_rows():
    """Each seed gives what the rows give that its generator permutes, sorted by time again."""
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(
        {
            "timestamp": rng.integers(0, 40, 120) * 600,
            "status": rng.choice(["critical", "ok"], 120),
            "host": rng.choice(list("abcd"), 120),
            "check": rng.choice(list("pq"), 120),
            "cluster": rng.choice(list("xyz"), 120),
        }
    ).sort_values("timestamp", ignore_index=True)
    policy = CLASSIC.replace(dedup="none", reopen_window="0s", max_alerts=3)
    found = sensitivity(frame, policy).set_index("value")
    for seed in range(5):
        permuted = frame.iloc[np.random.default_rng(seed).permutation(len(frame))]
        other = consolidate(permuted.sort_values("timestamp", kind="stable"), policy)
        counts = found.loc[f"seed {seed}", ["incidents", "largest"]].tolist()
        assert counts == [len(other.incidents), other.incidents["n_alerts"].max()]
    assert len(set(found.filter(like="seed", axis=0)["incidents"])) > 1


def test_every_open_reading_has_its_other_values():
    """One row for each other value of each setting, six for the order of equal times."""
    frame = pd.DataFrame({"timestamp": [0], "status": ["critical"], "host": ["a"]})
    counts = sensitivity(frame, CURRENT)["setting"].value_counts().to_dict()
    assert counts == {
        "anchor": 2,
        "matchers": 1,
        "join_resolved": 1,
        "dedup": 2,
        "max_alerts": 1,
        "order": 1,
        "reopen_window": 4,
        "expire_after": 3,
        "order of equal times": 6,
    }


def test_the_same_call_gives_the_same_frame():
    """The orders of equal times come from fixed seeds."""
    frame = pd.DataFrame(
        {"timestamp": [0] * 40, "status": ["critical", "ok"] * 20, "host": list("abcd") * 10}
    )
    pd.testing.assert_frame_equal(sensitivity(frame), sensitivity(frame))
