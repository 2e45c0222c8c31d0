"""The demo: load, consolidate, enrich and report, on the sandbox."""

from __future__ import annotations

from pandakit.demo.report import Report
from pandakit.demo.tour import run_demo

__all__ = ["Report", "run_demo"]
