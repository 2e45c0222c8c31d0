"""BigPanda (the event correlation platform): incidents, alerts, patterns and enrichment."""

from __future__ import annotations

from pandakit.bigpanda._lists.policy import policy_of_patterns
from pandakit.bigpanda._lists.tables import TableSize
from pandakit.bigpanda._upload.jobs import UploadJob
from pandakit.bigpanda.client import BigPanda
from pandakit.bigpanda.handling import measures, noisiest
from pandakit.bigpanda.simulation import Simulation

__all__ = [
    "BigPanda",
    "Simulation",
    "TableSize",
    "UploadJob",
    "measures",
    "noisiest",
    "policy_of_patterns",
]
