"""BigPanda (the event correlation platform): incidents, alerts, patterns and enrichment."""

from __future__ import annotations

from pandakit.bigpanda._client import BigPanda
from pandakit.bigpanda._tables import TableSize
from pandakit.bigpanda._upload import UploadJob

__all__ = ["BigPanda", "TableSize", "UploadJob"]
