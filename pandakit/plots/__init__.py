"""Pictures of frames: each call gives a matplotlib `Figure` and shows nothing by itself.

Needs the `notebook` extra (matplotlib), which is imported on first use.
"""

from __future__ import annotations

from pandakit.plots._funnel import funnel
from pandakit.plots._incidents import largest_incidents
from pandakit.plots._sweep import sweep

__all__ = ["funnel", "largest_incidents", "sweep"]
