"""Expiries that only another bucket's events bring to light keep alerts out of an incident."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pandakit import CURRENT, Pattern, consolidate, consolidate_dataset
from pandakit.scale import many_machines
from tests.scale.test_many_machines import Losing
from tests.scale.writing import assert_same

ROWS = 1_500


@pytest.mark.parametrize("matchers", ["union", "intersect"])
@pytest.mark.parametrize("reopen_window", ["0s", "6h", None])
@pytest.mark.parametrize("n_buckets", [1, 2, 7])
def test_expiries(tmp_path, monkeypatch, matchers, reopen_window, n_buckets):
    """Alerts that expire, and those that are reopened after that, are closed in between."""
    monkeypatch.setattr(many_machines, "FEWEST_BUCKETS", n_buckets)
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(
        {
            "timestamp": 1_700_000_000 + np.sort(rng.integers(0, 900_000, ROWS)),
            "status": rng.choice(["critical", "warning", "ok"], ROWS, p=[0.5, 0.4, 0.1]),
            "host": rng.choice(list("abc"), ROWS),
            "check": rng.integers(0, 40, ROWS),
        }
    )
    frame.to_parquet(tmp_path / "events.parquet", row_group_size=200)
    policy = CURRENT.replace(
        patterns=[Pattern("host", "3h")],
        expire_after="20min",
        reopen_window=reopen_window,
        matchers=matchers,
        max_alerts=None,
    )
    found = consolidate_dataset(tmp_path, policy, executor=Losing(0, after=False))
    assert_same(found, consolidate(frame, policy))
