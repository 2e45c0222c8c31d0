"""What-if analysis: the same events under other policies, and compared with production."""

from __future__ import annotations

from pandakit.lab.calibration import Calibration, calibrate
from pandakit.lab.comparisons import PolicyComparison
from pandakit.lab.differences import Diff, Explanations, diff
from pandakit.lab.readings import sensitivity
from pandakit.lab.scores import Agreement, agreement
from pandakit.lab.suggestions import suggest_patterns
from pandakit.lab.sweeps import sweep
from pandakit.lab.windows import SmallestWindow, smallest_window

__all__ = [
    "Agreement",
    "Calibration",
    "Diff",
    "Explanations",
    "PolicyComparison",
    "SmallestWindow",
    "agreement",
    "calibrate",
    "diff",
    "sensitivity",
    "smallest_window",
    "suggest_patterns",
    "sweep",
]
