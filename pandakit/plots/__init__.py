"""Plots of results: each call returns a matplotlib `Figure`, which notebooks display.

They need the `notebook` extra (matplotlib), which is imported on first use.
"""

from __future__ import annotations

from pandakit.plots.detection_charts import coverage, dedup, mitre, noise
from pandakit.plots.diff_chart import diff
from pandakit.plots.funnel_chart import funnel
from pandakit.plots.incident_chart import largest_incidents
from pandakit.plots.measure_charts import measures
from pandakit.plots.noise_charts import noise_by_hour, noisiest
from pandakit.plots.sensitivity_chart import sensitivity
from pandakit.plots.sweep_chart import sweep
from pandakit.plots.timeline_chart import timeline

__all__ = [
    "coverage",
    "dedup",
    "diff",
    "funnel",
    "largest_incidents",
    "measures",
    "mitre",
    "noise",
    "noise_by_hour",
    "noisiest",
    "sensitivity",
    "sweep",
    "timeline",
]
