"""Panther (the security monitoring platform): its lists as frames."""

from __future__ import annotations

from pandakit.panther._client import Panther

__all__ = ["Panther"]
