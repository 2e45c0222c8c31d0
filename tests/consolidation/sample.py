"""A seeded sample of the size of a real telecom network: alarms with a start and an end.

About 35,000 alarms of 55 devices over 240 days. A few devices and alarm kinds make most of
them, most are short, and some come in bursts on several devices at once.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

ALARMS = 34_838
DEVICES = 55
KINDS = 18
SITES = 12
DAYS = 240
DAY_S = 86_400


def alarms(seed: int = 18) -> pd.DataFrame:
    """Generate one row per alarm: device, site, kind, start and end in seconds."""
    rng = np.random.default_rng(seed)
    device = rng.choice(DEVICES, ALARMS, p=falling(DEVICES))
    start = rng.integers(0, DAYS * DAY_S, ALARMS)
    bursts = rng.integers(0, DAYS * DAY_S, 400)
    burst = rng.random(ALARMS) < 0.3
    start[burst] = rng.choice(bursts, burst.sum()) + rng.integers(0, 1_800, burst.sum())
    lasts = np.exp(rng.normal(5.5, 2.0, ALARMS)).astype("int64")
    frame = pd.DataFrame(
        {
            "device": device,
            "site": device % SITES,
            "kind": rng.choice(KINDS, ALARMS, p=falling(KINDS)),
            "start": start,
            "end": start + lasts,
        }
    )
    return frame.sort_values(["start", "end"], kind="stable", ignore_index=True)


def falling(size: int) -> np.ndarray:
    """Give shares that fall with the rank."""
    weights = 1 / np.arange(1, size + 1)
    return weights / weights.sum()


def events() -> pd.DataFrame:
    """Give two events per alarm, `critical` at its start and `ok` at its end, in time order."""
    frame = alarms()
    both = [
        pd.DataFrame(
            {
                "timestamp": frame[column],
                "status": status,
                "host": frame["device"],
                "check": frame["kind"],
                "cluster": frame["site"],
            }
        )
        for column, status in (("start", "critical"), ("end", "ok"))
    ]
    stacked = pd.concat(both).sort_index(kind="stable")  # each alarm's start before its end
    return stacked.sort_values("timestamp", kind="stable", ignore_index=True)
