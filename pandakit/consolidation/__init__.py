"""Events to alerts to incidents, by the rules that BigPanda publishes."""

from __future__ import annotations

from pandakit.consolidation._alarms import events_from_alarms
from pandakit.consolidation._consolidator import Consolidator, consolidate
from pandakit.consolidation._explain import Explanation
from pandakit.consolidation._funnel import readable_funnel
from pandakit.consolidation._policy import CLASSIC, CURRENT, Pattern, Policy
from pandakit.consolidation._result import Consolidation
from pandakit.consolidation._sweep import sweep

__all__ = [
    "CLASSIC",
    "CURRENT",
    "Consolidation",
    "Consolidator",
    "Explanation",
    "Pattern",
    "Policy",
    "consolidate",
    "events_from_alarms",
    "readable_funnel",
    "sweep",
]
