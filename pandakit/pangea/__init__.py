"""Pangea's Secure Audit Log: searches, schema and roots as frames."""

from __future__ import annotations

from pandakit.pangea._client import Pangea

__all__ = ["Pangea"]
