"""Detections as code: read and write rules, test them, and run them on past events.

Everything here works on frames and needs no service. Frames have the columns of `Panther`'s
loaders, so rules from a folder and rules of a tenant are compared, tested and saved in the same
way. Names load on first use: the process that runs rules imports this package without pandas.

Needs the extra `detections` (``pip install "pandakit[detections]"``) to read and write files.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandakit.detections.backtesting import Backtest as Backtest, backtest as backtest
    from pandakit.detections.comparison import drift as drift
    from pandakit.detections.deduplication import dedup as dedup, dedup_sweep as dedup_sweep
    from pandakit.detections.insight import (
        coverage as coverage,
        findings as findings,
        mitre as mitre,
        noise as noise,
    )
    from pandakit.detections.reader import read as read
    from pandakit.detections.unit_tests import (
        compare_tests as compare_tests,
        run_tests as run_tests,
    )
    from pandakit.detections.writer import write as write

# name -> the module that defines it
_HOMES = {
    **dict.fromkeys(("Backtest", "backtest"), "backtesting"),
    **dict.fromkeys(("compare_tests", "run_tests"), "unit_tests"),
    **dict.fromkeys(("coverage", "findings", "mitre", "noise"), "insight"),
    **dict.fromkeys(("dedup", "dedup_sweep"), "deduplication"),
    "drift": "comparison",
    "read": "reader",
    "write": "writer",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pandakit.detections' has no attribute {name!r}")
    value = getattr(import_module(f"pandakit.detections.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
