"""What another setting would have done: the same events under other policies."""

from __future__ import annotations

from pandakit.lab.differences import Diff, Explanations, diff
from pandakit.lab.readings import sensitivity
from pandakit.lab.scores import Agreement, agreement
from pandakit.lab.suggestions import suggest_patterns
from pandakit.lab.windows import SmallestWindow, smallest_window

__all__ = [
    "Agreement",
    "Diff",
    "Explanations",
    "SmallestWindow",
    "agreement",
    "diff",
    "sensitivity",
    "smallest_window",
    "suggest_patterns",
]
