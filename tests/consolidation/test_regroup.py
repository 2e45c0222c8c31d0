"""Grouping under many settings: the kernel for stacks against the one for every policy."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import numpy as np
from hypothesis import given, strategies as st

from pandakit.consolidation import CLASSIC, Pattern
from pandakit.consolidation._group.grouper import Grouper, Matches
from pandakit.consolidation._group.layout import ITS_INCIDENT
from pandakit.consolidation._merge.layout import LOG_OPENED, Log
from pandakit.consolidation._regroup.regroup import incidents_of, newest_decide
from tests.fuzz import examples

N_VALUES = 4  # of each pattern
N_ALERTS = 60
MISSING = 0.3


def alerts(rng, n_patterns):
    """Times in order, and for each pattern a value or none, so few that incidents share them."""
    start = np.cumsum(rng.integers(0, 4, N_ALERTS))
    values = rng.integers(0, N_VALUES, (N_ALERTS, n_patterns)) + N_VALUES * np.arange(n_patterns)
    values[rng.random(values.shape) < MISSING] = -1
    return start, values.astype(np.int32)


def by_heaps(policy, matches, start):
    """The incidents that the kernel for every policy finds."""
    numbers = np.arange(len(start), dtype=np.int32)
    log = Log(numbers, np.full(len(start), LOG_OPENED, dtype=np.int8))
    merged = SimpleNamespace(log=log, first_alert=0, start=start)
    return Grouper(policy).group(merged, matches)[:, ITS_INCIDENT]


def some_policy(rng):
    """A policy under which the newest entry of each value decides."""
    windows = rng.choice([3, 7, 20, 60, 400], rng.integers(1, 4)).tolist()
    return CLASSIC.replace(
        patterns=[
            Pattern(f"tag {place}", timedelta(microseconds=span))
            for place, span in enumerate(windows)
        ],
        anchor=str(rng.choice(["first", "bucket"])),
        matchers="union" if windows[1:] else str(rng.choice(["union", "intersect"])),
        max_alerts=[None, 1, 2, 5][rng.integers(4)],
        order=str(rng.choice(["longest_window_first", "as_given"])),
    )


@examples(quick=200, full=20_000)
@given(st.integers(0, 2**32))
def test_stacks_and_heaps_find_the_same_incidents(seed):
    """For each policy under which the newest entry decides, alerts have the same incidents."""
    rng = np.random.default_rng(seed)  # lists that Hypothesis draws are too short to tell
    policy = some_policy(rng)
    assert newest_decide(policy)
    start, values = alerts(rng, len(policy.patterns))
    matches = Matches(values, N_VALUES * len(policy.patterns), {}, [])
    found = incidents_of(policy, matches, start)
    np.testing.assert_array_equal(found, by_heaps(policy, matches, start))
