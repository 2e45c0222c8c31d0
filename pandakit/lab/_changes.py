"""The two tables of a diff: groups of incidents that share alerts, and alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.lab._links import connected_components
from pandakit.lab._pairs import cell_sizes, group_sizes, same_alerts

if TYPE_CHECKING:
    from pandakit.lab._side import Side

__all__ = ["alert_changes", "incident_changes"]

_ABSENT = -1


def incident_changes(a: Side, b: Side) -> pd.DataFrame:
    """Return one row per group of incidents, of both sides, that share alerts."""
    in_a, in_b = same_alerts(a.rows, b.rows)
    n_a, n_b = len(a.firsts), len(b.firsts)
    part = connected_components(a.incidents[in_a], n_a + b.incidents[in_b], n_a + n_b)
    group = np.unique(part)
    of_a, of_b = (np.searchsorted(group, one) for one in (part[:n_a], part[n_a:]))
    n_incidents, n_alerts = (
        [group_sizes(one, len(group)) for one in both]
        for both in ((of_a, of_b), (of_a[a.incidents], of_b[b.incidents]))
    )
    n_shared = group_sizes(of_a[a.incidents[in_a]], len(group))
    all_alerts = n_alerts[0] + n_alerts[1] - n_shared
    frame = pd.DataFrame(
        {
            "change": _changes(n_incidents[0], n_incidents[1], all_alerts == n_shared),
            "a": _tuples(of_a, len(group)),
            "b": _tuples(of_b, len(group)),
            "n_alerts": all_alerts,
        }
    )
    every = pd.concat([side.consolidation.incidents[["start", "title"]] for side in (a, b)])
    by_start = np.argsort(every["start"].to_numpy(), kind="stable")
    _, first = np.unique(part[by_start], return_index=True)
    frame[["start", "title"]] = every.iloc[by_start[first]].reset_index(drop=True)
    return _in_order(frame, np.minimum(*_first_rows(a, b, of_a, of_b, len(group))))


def _changes(
    n_a: np.ndarray, n_b: np.ndarray, all_shared: np.ndarray
) -> pd.api.extensions.ExtensionArray:
    kinds = [
        ("gone", n_b == 0),
        ("new", n_a == 0),
        ("reshuffled", (n_a > 1) & (n_b > 1)),
        ("split", n_b > 1),
        ("merged", n_a > 1),
        ("same", all_shared),
    ]
    names = np.select([where for _, where in kinds], [name for name, _ in kinds], "changed")
    return pd.array(names, dtype="string[pyarrow]")


def _tuples(group: np.ndarray, n_groups: int) -> np.ndarray:
    """Return for each group the tuple of the incidents in it."""
    order = np.argsort(group, kind="stable")
    cuts = np.searchsorted(group[order], np.arange(1, n_groups))
    tuples = np.empty(n_groups, dtype=object)
    for place, members in enumerate(np.split(order, cuts) if n_groups else []):
        tuples[place] = tuple(members.tolist())
    return tuples


def _first_rows(
    a: Side, b: Side, of_a: np.ndarray, of_b: np.ndarray, n_groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return when the first alert of each group opened on either side, in nanoseconds."""
    found = []
    for side, group in ((a, of_a), (b, of_b)):
        least = np.full(n_groups, np.iinfo(np.int64).max)
        starts = side.consolidation.alerts["start"].to_numpy(dtype="datetime64[ns]")
        np.minimum.at(least, group[side.incidents], starts.astype(np.int64))
        found.append(least)
    return found[0], found[1]


def _in_order(frame: pd.DataFrame, starts: np.ndarray) -> pd.DataFrame:
    return frame.iloc[np.argsort(starts, kind="stable")].reset_index(drop=True)


def alert_changes(a: Side, b: Side) -> pd.DataFrame:
    """Return one row per alert of either side."""
    rows = np.union1d(a.rows, b.rows)
    ids_a, ids_b = (_ids(side, rows) for side in (a, b))
    kept = _companions_in_both(a, b, ids_a, ids_b)
    columns: dict[str, Any] = {"alert_a": _nullable(ids_a), "alert_b": _nullable(ids_b)}
    for name in ("incident_id", "joined_by", "margin"):
        for suffix, side, ids in (("a", a, ids_a), ("b", b, ids_b)):
            label = f"{name.removesuffix('_id')}_{suffix}"
            columns[label] = _at(side.consolidation.alerts[name], ids)
    n_a, n_b = _companions(a, ids_a), _companions(b, ids_b)
    frame = pd.DataFrame(columns).assign(
        n_lost=n_a - kept, n_gained=n_b - kept, moved=(n_a > kept) | (n_b > kept)
    )
    starts = _at(a.consolidation.alerts["start"], ids_a)
    starts = starts.fillna(_at(b.consolidation.alerts["start"], ids_b))
    return frame.iloc[np.argsort(starts.to_numpy(), kind="stable")].reset_index(drop=True)


def _ids(side: Side, rows: np.ndarray) -> np.ndarray:
    """Return the alert that each row opened; -1 where it opened none on this side."""
    ids = np.full(len(rows), _ABSENT)
    ids[np.searchsorted(rows, side.rows)] = np.arange(len(side.rows))
    return ids


def _nullable(ids: np.ndarray) -> pd.Series:
    return pd.Series(ids, dtype="Int64").mask(ids == _ABSENT)


def _at(values: pd.Series, ids: np.ndarray) -> pd.Series:
    found = values.reindex(ids).reset_index(drop=True)
    return found.astype("Int64") if values.dtype == np.int64 else found


def _companions(side: Side, ids: np.ndarray) -> np.ndarray:
    sizes: np.ndarray = np.append(group_sizes(side.incidents)[side.incidents] - 1, 0)[ids]
    return sizes


def _companions_in_both(a: Side, b: Side, ids_a: np.ndarray, ids_b: np.ndarray) -> np.ndarray:
    kept = np.zeros(len(ids_a), dtype=np.int64)
    both = (ids_a != _ABSENT) & (ids_b != _ABSENT)
    kept[both] = cell_sizes(a.incidents[ids_a[both]], b.incidents[ids_b[both]]) - 1
    return kept
