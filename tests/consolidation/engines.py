"""Both engines behind one call, answering in the same plain lists of dictionaries."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit import consolidation
from tests.consolidation import reference_engine
from tests.consolidation.strategies import bpql

if TYPE_CHECKING:
    from tests.consolidation.strategies import Scenario

SPANS = ("reopen_window", "expire_after", "flap_window")
PLAIN = ("dedup", "anchor", "matchers", "join_resolved", "max_alerts", "order", "flap_changes")
PARTS = ("events", "alerts", "incidents")
NOT_A_TIME = np.iinfo("int64").min


def reference(scenario: Scenario) -> dict[str, Any]:
    """Ask the reference engine."""
    return reference_engine.run(scenario.rows, scenario.columns, scenario.settings)


def package(scenario: Scenario) -> dict[str, Any]:
    """Ask the package."""
    return plain(package_result(scenario))


def package_result(scenario: Scenario) -> consolidation.Consolidation:
    """Ask the package for its own kind of answer."""
    settings = scenario.settings
    return consolidation.consolidate(
        scenario.frame(),
        policy_of(settings),
        as_of=moment(settings["as_of"]),
        unit=settings["unit"],
    )


def span(microseconds: int | None) -> pd.Timedelta | None:
    """Give a span as the package takes it."""
    return None if microseconds is None else pd.Timedelta(microseconds, unit="us")


def moment(microseconds: int | None) -> pd.Timestamp | None:
    """Give a time as the package takes it."""
    return None if microseconds is None else pd.Timestamp(microseconds, unit="us", tz="UTC")


def policy_of(settings: dict[str, Any]) -> consolidation.Policy:
    """Build the package's policy from plain settings."""
    patterns = [
        consolidation.Pattern(
            pattern["tags"],
            span(pattern["window"]),
            filter=None if pattern["filter"] is None else bpql(pattern["filter"]),
            cross_source=pattern["cross_source"],
            name=pattern["name"],
        )
        for pattern in settings["patterns"]
    ]
    spans = {name: span(settings[name]) for name in SPANS}
    return consolidation.Policy(
        patterns=patterns, **spans, **{name: settings[name] for name in PLAIN}
    )


# ---------------------------------------------------------------- frames to plain values


def plain(result: consolidation.Consolidation) -> dict[str, Any]:
    """Give a result of the package as the reference engine gives its own."""
    return {
        **{part: records(getattr(result, part)) for part in PARTS},
        "funnel": funnel(result.funnel),
        "n_conflicting_duplicates": result.n_conflicting_duplicates,
        "notes": result.notes,
    }


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a frame, times and spans as microseconds, missing cells as `None`."""
    columns = {str(name): cells(frame[name]) for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def cells(series: pd.Series) -> list[Any]:
    """Give the plain values of a column."""
    kind = getattr(series.dtype, "kind", "O")
    if kind in "mM":
        unit = "datetime64[us]" if kind == "M" else "timedelta64[us]"
        counts = series.to_numpy(dtype=unit).astype("int64").tolist()
        return [None if count == NOT_A_TIME else count for count in counts]
    return [cell(value) for value in series.tolist()]


def cell(value: Any) -> Any:
    """Give the plain value of a cell."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return list(value)
    if isinstance(value, datetime):
        raise TypeError(f"a time in a column without a time dtype: {value!r}")
    if value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value


def funnel(frame: pd.DataFrame) -> dict[str, Any]:
    """Give value, numerator and denominator of each measure."""
    columns = [cells(frame[name]) for name in ("value", "numerator", "denominator")]
    return dict(zip(frame.index, zip(*columns, strict=True), strict=True))
