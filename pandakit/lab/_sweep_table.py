"""What a sweep measures, and its table."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.lab._pairs import group_sizes
from pandakit.lab._scorer import SCORES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pandakit.consolidation.variations import Variation

__all__ = ["measured", "sweep_table"]

_TEXT, _SPAN = "string[pyarrow]", "timedelta64[ns]"
_MEASURES = {
    **dict.fromkeys(("received", "rejected", "duplicates", "alerts", "incidents"), "int64"),
    "largest": "int64",
    "p95": "float64",
    "single": "int64",
    "longest": _SPAN,
    "compression": "float64",
    "numerator": "int64",
    "denominator": "int64",
}
_CHANCE = dict.fromkeys(("by_chance", "by_chance_sd", "own", "beyond"), "float64")
_CHOSEN = {
    **dict.fromkeys(("anchor", "pattern", "patterns", "dedup", "matchers", "order"), _TEXT),
    **dict.fromkeys(("window", "reopen_window", "expire_after", "flap_window"), _SPAN),
    "join_resolved": "bool",
    "max_alerts": "Int64",
    "flap_changes": "int64",
}
_PERCENT = 95


def measured(start: np.ndarray, incidents: np.ndarray) -> dict[str, Any]:
    """Return the measures of incidents.

    Parameters
    ----------
    start
        When each alert opened, in microseconds, in order.
    incidents
        The incident of each alert.

    Examples
    --------
    >>> found = measured(np.array([0, 60, 90, 180]), np.array([0, 0, 1, 0]))
    >>> found["largest"], found["single"], found["longest"]
    (3, 1, datetime.timedelta(microseconds=180))
    """
    sizes = group_sizes(incidents)
    n_alerts, n_incidents = len(incidents), len(sizes)
    return {
        "incidents": n_incidents,
        "largest": int(sizes.max(initial=0)),
        "p95": float(np.percentile(sizes, _PERCENT)) if n_incidents else np.nan,
        "single": int((sizes == 1).sum()),
        "longest": timedelta(microseconds=_longest(start, incidents)) if n_incidents else None,
        "compression": 1 - n_incidents / n_alerts if n_alerts else np.nan,
        "numerator": n_incidents,
        "denominator": n_alerts,
    }


def _longest(start: np.ndarray, incidents: np.ndarray) -> int:
    first, last = (np.empty(int(incidents.max()) + 1, dtype=np.int64) for _ in range(2))
    last[incidents] = start  # of equal positions the one written last wins
    first[incidents[::-1]] = start[::-1]
    return int((last - first).max())


def sweep_table(
    tried: Sequence[Variation],
    rows: Sequence[dict[str, Any]],
    varied: Collection[str],
    *,
    production: bool,
    chance: bool,
) -> pd.DataFrame:
    """Return the table of a sweep.

    Parameters
    ----------
    tried, rows
        The variations, and their measures.
    varied
        The settings that were varied, besides anchor and window.
    production, chance
        Whether the rows have scores, and what chance saves.
    """
    chosen = ("anchor", "pattern", "window", *(name for name in varied if name in _CHOSEN))
    kinds = _MEASURES | (SCORES if production else {}) | (_CHANCE if chance else {})
    columns = {
        name: pd.Series([_value(one, name, varied) for one in tried], dtype=_CHOSEN[name])
        for name in chosen
    }
    measures = {
        name: pd.Series([row[name] for row in rows], dtype=kind) for name, kind in kinds.items()
    }
    return pd.DataFrame(columns | measures)


def _value(variation: Variation, column: str, varied: Collection[str]) -> Any:
    if column == "pattern" and column not in varied:
        return None
    where = variation if column in ("pattern", "patterns", "window") else variation.policy
    return getattr(where, column)
