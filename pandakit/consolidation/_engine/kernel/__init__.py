"""The kernel: events to alerts, and alerts to incidents, in one pass each in time order.

Plain functions over NumPy arrays, compiled when numba is there; the same source runs
interpreted when it is not. `merge_events` knows identities and alerts, `group_alerts` knows
alerts and incidents; a log is all that passes from one to the other.

No module here may call a function of another: numba keeps compiled code on disk by the age of
one file, so code that calls into a file that changed since would be used as it was. Imports
within this folder are relative, because it is loaded under a second name to be interpreted.
"""

from __future__ import annotations

from pandakit.consolidation._engine.compile import wanted

from .alerts import merge_events
from .incidents import group_alerts, index_entries
from .rows import find_repeats, look_up, number_pairs, sum_up
from .texts import encode_texts, index_texts

__all__ = [
    "encode_texts",
    "fast",
    "find_repeats",
    "group_alerts",
    "index_entries",
    "index_texts",
    "look_up",
    "merge_events",
    "number_pairs",
    "sum_up",
]

fast = wanted()
