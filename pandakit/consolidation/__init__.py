"""Events to alerts to incidents, by the rules that BigPanda publishes."""

from __future__ import annotations

from pandakit.consolidation._explain.explain import Explanation
from pandakit.consolidation._output.funnel import readable_funnel
from pandakit.consolidation.alarms import events_from_alarms
from pandakit.consolidation.consolidator import Consolidator, consolidate
from pandakit.consolidation.pattern import Pattern
from pandakit.consolidation.policy import CLASSIC, CURRENT, Policy
from pandakit.consolidation.result import Consolidation

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
]
