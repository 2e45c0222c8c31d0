"""Pangea's Secure Audit Log: search results, schema and roots as frames."""

from __future__ import annotations

from pandakit.pangea.client import Pangea
from pandakit.pangea.search import CustomField

__all__ = ["CustomField", "Pangea"]
