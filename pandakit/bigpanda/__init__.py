"""BigPanda (the event correlation platform): incidents, alerts, patterns and enrichment."""

from __future__ import annotations

from pandakit.bigpanda._client import BigPanda
from pandakit.bigpanda._enrichments.jobs import UploadJob
from pandakit.bigpanda._enrichments.tables import TableSize

__all__ = ["BigPanda", "TableSize", "UploadJob"]
