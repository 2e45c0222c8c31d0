"""`calibrate`: each reading, taken as production, is found again."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from pandakit.consolidation import CURRENT, Pattern, consolidate
from pandakit.lab import agreement, calibrate

READINGS = list(
    product(["first", "latest", "bucket"], ["union", "intersect"], [True, False], [None, 300])
)
POLICY = CURRENT.replace(
    patterns=[Pattern("host", "60min"), Pattern("cluster", "30min")], reopen_window="0s"
)


def history():
    """Alerts of some hosts and clusters that open and close within two days."""
    rng = np.random.default_rng(4)
    rows = 600
    return pd.DataFrame(
        {
            "timestamp": np.sort(rng.integers(0, 2 * 86_400, rows)),
            "status": rng.choice(["critical", "critical", "ok"], rows),
            "host": rng.choice([f"host-{n}" for n in range(12)], rows),
            "check": rng.choice(["ping", "disk", "cpu"], rows),
            "cluster": rng.choice(["red", "blue", None], rows),
        }
    )


def production_of(result):
    """The alerts of a result as production would list them."""
    alerts = result.alerts
    return pd.DataFrame(
        {
            "incident_id": alerts["incident_id"].astype(str),
            "alert_id": alerts.index.astype(str),
            "incident_key": alerts["primary_value"] + "__" + alerts["secondary_value"],
            "start": alerts["start"],
        }
    )


@pytest.mark.parametrize("reading", READINGS[::5])
def test_a_reading_taken_as_production_is_among_the_best(reading):
    """Its rank is 1 with f1 = 1, and every row has the scores of `agreement`."""
    names = ("anchor", "matchers", "join_resolved", "max_alerts")
    events = history()
    production = production_of(
        consolidate(events, POLICY.replace(**dict(zip(names, reading, strict=True))))
    )
    found = calibrate(events, POLICY, production)
    top = found.readings[found.readings["rank"].eq(1)]
    values = top[list(names)].astype(object).where(top[list(names)].notna(), None)
    assert reading in set(values.itertuples(index=False, name=None))
    assert top["f1"].eq(1).all()
    assert len(found.readings) == len(READINGS)
    last = found.readings.iloc[-1]
    settings = {name: last[name] for name in names[:2]}
    settings["join_resolved"] = bool(last["join_resolved"])
    most = None if pd.isna(last["max_alerts"]) else int(last["max_alerts"])
    scores = agreement(consolidate(events, POLICY.replace(**settings, max_alerts=most)), production)
    assert (scores.precision, scores.recall) == (last["precision"], last["recall"])


def test_readings_that_cannot_be_told_apart_are_named():
    """Where no incident is full, the limit of alerts is said to be undecided."""
    events = history()
    found = calibrate(events, POLICY, production_of(consolidate(events, POLICY)))
    assert found.best == POLICY
    assert "cannot decide" in found.text
    assert "max_alerts (300, None)" in found.text


def test_nothing_matched():
    """Without a matched alert nothing is best, and the text says why."""
    events = history()
    other = production_of(consolidate(events, POLICY)).assign(incident_key="other__key")
    found = calibrate(events, POLICY, other)
    assert found.best is None
    assert found.n_matched == 0
    assert found.readings["rank"].isna().all()
    assert "No alert was matched" in found.text
