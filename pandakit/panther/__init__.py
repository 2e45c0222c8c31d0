"""Panther (the security monitoring platform): its lists as frames."""

from __future__ import annotations

from pandakit.panther.client import Panther

__all__ = ["Panther"]
