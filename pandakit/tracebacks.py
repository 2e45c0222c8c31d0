"""Short tracebacks in notebooks: the user's own lines, and the error.

A load fails far below the cell that started it. IPython shows an exception as its
`_render_traceback_` returns it; ours ends where pandakit begins. `PANDAKIT_DEBUG=1` in the
environment shows everything.
"""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Any

__all__ = ["short_traceback", "wants_short"]


def wants_short() -> bool:
    """Return whether IPython shows the exception, and the whole traceback was not requested."""
    return _ipython() is not None and os.environ.get("PANDAKIT_DEBUG", "") in {"", "0"}


def _ipython() -> Any:
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def short_traceback(error: BaseException) -> list[str]:
    """Return the lines of a traceback that ends before the first frame of pandakit."""
    chain = error.__cause__, error.__context__, error.__suppress_context__
    error.__cause__ = error.__context__ = None
    try:
        lines: list[str] = _ipython().InteractiveTB.structured_traceback(
            type(error), error, _before_pandakit(error.__traceback__)
        )
        return lines
    finally:
        error.__cause__, error.__context__, error.__suppress_context__ = chain


def _before_pandakit(traceback: TracebackType | None) -> TracebackType | None:
    frames = []
    while traceback is not None and not _is_ours(traceback):
        frames.append(traceback)
        traceback = traceback.tb_next
    short = None
    for each in reversed(frames):
        short = TracebackType(short, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return short


def _is_ours(traceback: TracebackType) -> bool:
    module = str(traceback.tb_frame.f_globals.get("__name__", ""))
    return module.partition(".")[0] == "pandakit"
