"""The tour: load, consolidate, enrich and report, against the sandbox."""

from __future__ import annotations

from pandakit.demo._report import Report
from pandakit.demo._tour import run_demo

__all__ = ["Report", "run_demo"]
