"""Counts of a seeded sample, agreed on by both engines and written down here.

The sample has the size of a real telecom network's log: 34,838 alarms of 55 devices over 240
days, two events each.
"""

from __future__ import annotations

import pytest

from pandakit import consolidation
from tests.consolidation import engines, reference_engine, sample
from tests.consolidation.test_agrees_with_reference import differences
from tests.consolidation.timelines import CLASSIC, CURRENT
from tests.fuzz import FULL

# anchor, reopen window: alerts, incidents, alerts of the largest incident
PINNED = {
    ("first", "0h"): (33_735, 3_125, 443),
    ("first", "48h"): (14_172, 3_751, 31),
    ("latest", "0h"): (33_735, 1_064, 8_402),
    ("latest", "48h"): (14_172, 2_351, 81),
    ("bucket", "0h"): (33_735, 5_399, 66),
    ("bucket", "48h"): (14_172, 5_832, 21),
}
RECEIVED, DUPLICATES = 69_676, 111


@pytest.fixture(scope="module")
def events():
    """Generate the sample once."""
    return sample.events()


@pytest.mark.parametrize(("anchor", "reopen_window"), PINNED)
def test_the_counts_are_the_pinned_ones(events, anchor: str, reopen_window: str):
    """Alerts, incidents and the largest incident, for each anchor and two reopen windows."""
    policy = consolidation.CLASSIC.replace(anchor=anchor, reopen_window=reopen_window)
    result = consolidation.consolidate(events, policy)
    value = result.funnel["value"]
    assert (value["received"], value["rejected"], value["duplicates"]) == (RECEIVED, 0, DUPLICATES)
    largest = result.incidents["n_alerts"].max()
    assert (len(result.alerts), len(result.incidents), largest) == PINNED[anchor, reopen_window]


@pytest.mark.parametrize("settings", [CLASSIC, CURRENT], ids=["CLASSIC", "CURRENT"])
def test_both_engines_agree_on_the_sample(events, settings):
    """Not only the counts: every event, alert and incident is the same (of 60 days each run)."""
    settings = settings | {"unit": "s"}
    if not FULL:
        events = events[events["timestamp"] < events["timestamp"].min() + 60 * 86_400]
    result = consolidation.consolidate(events, engines.policy_of(settings))
    rows, columns = events.to_dict("records"), list(events.columns)
    wanted = reference_engine.run(rows, columns, settings)
    assert differences(engines.plain(result), wanted)[:5] == []
