"""Controls for notebooks, each with a plain function that gives the same numbers.

The controls need the `notebook` extra (ipywidgets), which is imported on first use.
"""

from __future__ import annotations

from pandakit.widgets._window import at_window, window_slider

__all__ = ["at_window", "window_slider"]
