"""Controls for notebooks, each with a plain function that returns the same numbers.

The controls need the `notebook` extra (ipywidgets), which is imported on first use.
"""

from __future__ import annotations

from pandakit.widgets.what_if import compare_policies, what_if
from pandakit.widgets.window import consolidate_with_window, window_slider

__all__ = ["compare_policies", "consolidate_with_window", "what_if", "window_slider"]
