"""BigPanda (the event correlation platform): incidents, alerts, patterns and enrichment."""

from __future__ import annotations

from pandakit.bigpanda._lists.policy import policy_of_patterns
from pandakit.bigpanda._lists.tables import TableSize
from pandakit.bigpanda._upload.jobs import UploadJob
from pandakit.bigpanda.client import BigPanda

__all__ = ["BigPanda", "TableSize", "UploadJob", "policy_of_patterns"]
