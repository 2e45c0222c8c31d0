"""The twin of the chance level: values permuted on the frame itself, then `consolidate`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pandakit.consolidation import consolidate


def compression(frame, policy):
    """One minus incidents over alerts."""
    result = consolidate(frame, policy)
    return 1 - len(result.incidents) / len(result.alerts)


def by_hand(frame, policy, name, carrier, runs):
    """Permute a column's values on the frame itself, row by row."""
    result = consolidate(frame, policy)
    opened = frame[result.events["outcome"].eq("opened")].sort_values("timestamp", kind="stable")
    first = {}
    for row in opened.itertuples():
        first.setdefault(tuple(getattr(row, part) for part in carrier), getattr(row, name))
    have = [one for one, value in first.items() if pd.notna(value)]
    rng, found = np.random.default_rng(5), []
    for _ in range(runs):
        order = rng.permutation(len(have))
        given_value = dict(first)
        for place, one in enumerate(have):
            given_value[one] = first[have[order[place]]]
        keys = frame[list(carrier)].itertuples(index=False, name=None)
        new = pd.Series([given_value.get(key) for key in keys], index=frame.index, dtype=object)
        changed = frame.assign(**{name: new})
        found.append(compression(changed, policy))
    return found
