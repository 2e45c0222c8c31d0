"""Plots of results: each call returns a matplotlib `Figure`, which a notebook shows by itself.

They need the `notebook` extra (matplotlib), which is imported on first use.
"""

from __future__ import annotations

from pandakit.plots.detection_charts import coverage, dedup, mitre, noise
from pandakit.plots.funnel_chart import funnel
from pandakit.plots.incident_chart import largest_incidents
from pandakit.plots.sweep_chart import sweep

__all__ = ["coverage", "dedup", "funnel", "largest_incidents", "mitre", "noise", "sweep"]
