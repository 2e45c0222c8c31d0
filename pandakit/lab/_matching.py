"""Match simulated alerts with real ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Matching", "match_alerts"]


@dataclass(frozen=True, eq=False)
class Matching:
    """Alerts of both sides, and the rows that were matched.

    Parameters
    ----------
    simulated, real
        The alerts, with `alert_id`, `incident_id`, `key`, `start` and, if it counts, `source`.
    simulated_rows, real_rows
        The rows of each pair.
    """

    simulated: pd.DataFrame
    real: pd.DataFrame
    simulated_rows: np.ndarray
    real_rows: np.ndarray

    def unmatched(self) -> pd.DataFrame:
        """Return the alerts without a match, and why."""
        sides = (
            ("simulated", self.simulated, self.simulated_rows, self.real),
            ("real", self.real, self.real_rows, self.simulated),
        )
        return pd.concat(
            [_left_over(name, mine, rows, other) for name, mine, rows, other in sides],
            ignore_index=True,
        )


def match_alerts(simulated: pd.DataFrame, real: pd.DataFrame, tolerance: int) -> Matching:
    """Match alerts one to one by key and start, nearest starts first.

    Parameters
    ----------
    simulated, real
        The alerts of both sides.
    tolerance
        How far apart two starts may be, in nanoseconds.
    """
    by_source = (simulated["is_mapped"] | simulated["source"].isin(real["source"])).all()
    by = ["key", "source"] if by_source and len(simulated) else ["key"]
    mine, theirs = simulated.copy(), real.copy()
    both = pd.concat([mine[by], theirs[by]], ignore_index=True)
    # An alert without an identity matches nothing.
    codes = both.groupby(by, sort=False, dropna=True).ngroup().to_numpy()
    mine["code"], theirs["code"] = codes[: len(mine)], codes[len(mine) :]
    exact = _exact(mine, theirs)
    if tolerance:
        exact = np.concatenate([exact, _nearest(mine, theirs, exact, tolerance)])
    exact = exact[np.argsort(exact[:, 0], kind="stable")]
    return Matching(mine, theirs, exact[:, 0], exact[:, 1])


def _exact(mine: pd.DataFrame, theirs: pd.DataFrame) -> np.ndarray:
    """Return the pairs of rows with the same code and start, in their order."""
    sides = []
    for frame in (mine, theirs):
        there = frame.loc[frame["code"] >= 0, ["code", "start"]]
        there = there.assign(nth=there.groupby(["code", "start"]).cumcount(), row=there.index)
        sides.append(there)
    pairs = sides[0].merge(sides[1], on=["code", "start", "nth"])
    rows: np.ndarray = pairs[["row_x", "row_y"]].to_numpy(dtype=np.int64)
    return rows


def _nearest(
    mine: pd.DataFrame, theirs: pd.DataFrame, taken: np.ndarray, tolerance: int
) -> np.ndarray:
    """Return further pairs with the same code, nearest starts first."""
    left = mine.drop(index=taken[:, 0]).reset_index(names="row")[["code", "start", "row"]]
    right = theirs.drop(index=taken[:, 1]).reset_index(names="row")[["code", "start", "row"]]
    pairs = left[left["code"] >= 0].merge(right, on="code")
    pairs["apart"] = (pairs["start_x"] - pairs["start_y"]).abs()
    near = pairs[pairs["apart"] <= pd.Timedelta(tolerance)]
    found: list[tuple[int, int]] = []
    used: tuple[set[int], set[int]] = set(), set()
    ordered = near.sort_values(["apart", "row_x", "row_y"], kind="stable")
    for one, other in zip(ordered["row_x"], ordered["row_y"], strict=True):
        if one not in used[0] and other not in used[1]:
            found.append((one, other))
            used[0].add(one)
            used[1].add(other)
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _left_over(
    side: str, mine: pd.DataFrame, rows: np.ndarray, other: pd.DataFrame
) -> pd.DataFrame:
    left = mine.drop(index=rows)
    first, last = other.attrs["covers"]
    outside = left["start"].lt(first) | left["start"].gt(last) if len(other) else False
    reason = np.where(
        outside,
        "outside",
        np.where(
            left["code"].isin(other["code"]) & (left["code"] >= 0),
            "other start",
            "no such identity",
        ),
    )
    return pd.DataFrame(
        {"side": side, "alert_id": left["alert_id"].astype(object).to_numpy(), "reason": reason}
    )
