"""What another policy changes: two consolidations of the same events, compared."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from pandakit import _html
from pandakit.consolidation import Consolidation
from pandakit.lab._changes import alert_changes, incident_changes
from pandakit.lab._pairs import PairCounts, overlap
from pandakit.lab._side import Side

if TYPE_CHECKING:
    from pandakit.consolidation import Explanation

__all__ = ["Diff", "Explanations", "diff"]

_DRAWS = 1_000
_MOST_SHOWN = 10
_MOST_IDS = 6  # of a group, in the page


class Explanations(NamedTuple):
    """Why an alert is in its incident, on both sides; None where there is no such alert."""

    a: Explanation | None
    b: Explanation | None

    @property
    def text(self) -> str:
        """Both explanations, one per line."""
        sides = (("a", self.a), ("b", self.b))
        return "\n".join(
            f"{name}: {side.text if side else 'there is no such alert.'}" for name, side in sides
        )


class Diff:
    """What changes from one consolidation to another. Made by `diff`.

    Alerts are the same if the same event opened them; the companions of an alert are the
    others of its incident.

    Attributes
    ----------
    a, b : Consolidation
        The two results that are compared.
    """

    def __init__(self, a: Consolidation, b: Consolidation) -> None:
        self.a = a
        self.b = b
        self._a, self._b = Side(a), Side(b)

    @cached_property
    def incidents(self) -> pd.DataFrame:
        """One row per group of incidents that share alerts, in the order in which they start.

        Columns: ``change`` (``same``; ``split`` one to several; ``merged`` several to one;
        ``reshuffled`` several to several; ``changed`` one to one, with alerts of one side only;
        ``gone``, ``new``: on one side only), ``a`` and ``b`` (tuples of incident ids),
        ``n_alerts`` (each alert once), ``start`` and ``title`` (of the first incident).
        """
        return incident_changes(self._a, self._b)

    @cached_property
    def alerts(self) -> pd.DataFrame:
        """One row per alert of either side, in the order in which they open.

        Columns: ``alert_a``, ``alert_b``, ``incident_a``, ``incident_b``, ``joined_by_a``,
        ``joined_by_b``, ``margin_a``, ``margin_b``, ``n_lost`` and ``n_gained`` (companions on
        the one side that it does not have on the other), ``moved`` (it lost or gained some).
        """
        return alert_changes(self._a, self._b)

    @cached_property
    def pairs(self) -> PairCounts:
        """How many pairs of alerts share an incident: on both sides, in a and in b."""
        return overlap(self._a.rows, self._a.incidents, self._b.rows, self._b.incidents).pairs

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Every measure of the funnel, and the pairs of alerts that share an incident.

        The index is ``measure``; the columns are ``a``, ``b`` and ``difference`` (b less a).
        """
        kept, in_a, in_b = self.pairs
        both = pd.DataFrame({"a": self.a.funnel["value"], "b": self.b.funnel["value"]})
        rows = {"pairs": (in_a, in_b), "pairs_kept": (kept, kept)}
        rows |= {"pairs_lost": (in_a - kept, 0), "pairs_gained": (0, in_b - kept)}
        pairs = pd.DataFrame.from_dict(rows, orient="index", columns=["a", "b"], dtype="float64")
        frame = pd.concat([both, pairs]).rename_axis("measure").astype("float64")
        return frame.assign(difference=frame["b"] - frame["a"])

    def by(self, column: str) -> pd.DataFrame:
        """Return the number of incidents by a value of their first alert.

        Parameters
        ----------
        column
            A column of the events or of `Consolidation.alerts`, such as a team or a site.

        Returns
        -------
        pandas.DataFrame
            Index: the values, most changed first; columns ``a``, ``b``, ``difference``.

        Raises
        ------
        ValueError
            There is no such column.

        Examples
        --------
        >>> import pandas as pd
        >>> import pandakit as pk
        >>> events = pd.DataFrame(
        ...     {"timestamp": [0, 600, 4500], "status": "critical", "host": "db-1",
        ...      "check": ["ping", "disk", "cpu"], "team": ["a", "a", "b"]}
        ... )
        >>> wider = pk.CURRENT.replace(patterns=[pk.Pattern("host", "2h")])
        >>> changes = pk.diff(pk.consolidate(events, pk.CURRENT), pk.consolidate(events, wider))
        >>> changes.by("team").loc["b", "difference"].item()
        -1
        """
        a, b = self._a.first_values(column), self._b.first_values(column)
        counts = pd.DataFrame(
            {"a": a.value_counts(dropna=False), "b": b.value_counts(dropna=False)}
        )
        counts = counts.fillna(0).astype("int64").rename_axis(column)
        counts["difference"] = counts["b"] - counts["a"]
        ordered = counts.sort_index(kind="stable")
        order = np.argsort(-ordered["difference"].abs().to_numpy(), kind="stable")
        return ordered.iloc[order]

    def per_day(self, *, seed: int = 0) -> pd.DataFrame:
        """Return how many more alerts and incidents start per day, with percentile bounds.

        Whole UTC days, from the first to the last on which an alert opens, are drawn 1,000 times
        with replacement.

        Parameters
        ----------
        seed
            Seed of the draws.

        Returns
        -------
        pandas.DataFrame
            Index ``measure`` (``alerts``, ``incidents``); columns ``mean`` (b less a, per day),
            ``p5`` and ``p95`` (percentiles of the mean over the draws), ``numerator``,
            ``denominator`` (days).

        Examples
        --------
        >>> import pandas as pd
        >>> import pandakit as pk
        >>> events = pd.DataFrame(
        ...     {"timestamp": [0, 600, 4500], "status": "critical", "host": "db-1",
        ...      "check": ["ping", "disk", "cpu"], "team": ["a", "a", "b"]}
        ... )
        >>> wider = pk.CURRENT.replace(patterns=[pk.Pattern("host", "2h")])
        >>> changes = pk.diff(pk.consolidate(events, pk.CURRENT), pk.consolidate(events, wider))
        >>> changes.per_day().loc["incidents", "mean"].item()
        -1.0
        """
        days = self._days()
        draws = np.random.default_rng(seed).integers(0, max(days, 1), (_DRAWS, days))
        rows = {}
        for name in ("alerts", "incidents"):
            daily = self._b.per_day(name, self._first_day, days)
            daily = daily - self._a.per_day(name, self._first_day, days)
            low, high = (
                np.percentile(daily[draws].mean(axis=1), [5, 95]) if days else (np.nan, np.nan)
            )
            mean = daily.mean() if days else np.nan
            rows[name] = (mean, low, high, int(daily.sum()), days)
        columns = ["mean", "p5", "p95", "numerator", "denominator"]
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        return frame.rename_axis("measure")

    @cached_property
    def _first_day(self) -> int:
        days = [side.days for side in (self._a, self._b)]
        return min((int(one.min()) for one in days if len(one)), default=0)

    def _days(self) -> int:
        days = [side.days for side in (self._a, self._b)]
        return max((int(one.max()) + 1 - self._first_day for one in days if len(one)), default=0)

    def explain(self, row: int) -> Explanations:
        """Return why an alert is in its incident, on both sides.

        Parameters
        ----------
        row
            A row of `alerts`, by position.

        Examples
        --------
        >>> import pandas as pd
        >>> import pandakit as pk
        >>> events = pd.DataFrame(
        ...     {"timestamp": [0, 600, 4500], "status": "critical", "host": "db-1",
        ...      "check": ["ping", "disk", "cpu"], "team": ["a", "a", "b"]}
        ... )
        >>> wider = pk.CURRENT.replace(patterns=[pk.Pattern("host", "2h")])
        >>> changes = pk.diff(pk.consolidate(events, pk.CURRENT), pk.consolidate(events, wider))
        >>> print(changes.explain(2).b)
        Alert 2 (host db-1, check cpu) joined incident 0 because host=db-1 matches; ...
        """
        if row not in self.alerts.index:
            raise KeyError(f"there is no row {row!r} in .alerts, which has {len(self.alerts):,}")
        ids = self.alerts.loc[row, ["alert_a", "alert_b"]]
        sides = zip((self.a, self.b), ids, strict=True)
        return Explanations(*(None if pd.isna(one) else side.explain(one) for side, one in sides))

    def to_html(self) -> str:
        """Return an HTML page with the summary and the groups of incidents that change most.

        Examples
        --------
        >>> import pandas as pd
        >>> import pandakit as pk
        >>> events = pd.DataFrame(
        ...     {"timestamp": [0, 600, 4500], "status": "critical", "host": "db-1",
        ...      "check": ["ping", "disk", "cpu"], "team": ["a", "a", "b"]}
        ... )
        >>> wider = pk.CURRENT.replace(patterns=[pk.Pattern("host", "2h")])
        >>> changes = pk.diff(pk.consolidate(events, pk.CURRENT), pk.consolidate(events, wider))
        >>> changes.to_html()[:15]
        '<!doctype html>'
        """
        body = self._repr_html_()
        return (
            "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
            "<meta name='color-scheme' content='light dark'>"
            f"<title>What changes</title></head><body>{body}</body></html>"
        )

    def _repr_html_(self) -> str:
        counts = self.incidents["change"].value_counts()
        changed = self.incidents[self.incidents["change"].ne("same")]
        shown = changed.sort_values("n_alerts", ascending=False, kind="stable")
        per_day = self.per_day().loc["incidents"]
        return _html.card(
            _html.title(repr(self)[1:-1]),
            _html.line(f"a: {self.a.policy!r}", "muted"),
            _html.line(f"b: {self.b.policy!r}", "muted"),
            _html.line(
                f"Incidents a day: {per_day['mean']:+,.2f}, between {per_day['p5']:+,.2f} and "
                f"{per_day['p95']:+,.2f} in nine of ten draws of {per_day['denominator']:.0f} days."
            ),
            _html.table(["groups of incidents", ""], [(name, n) for name, n in counts.items()]),
            _html.line("Summary", "section"),
            _html.frame_table(self.summary.reset_index(), len(self.summary)),
            _html.line("Largest changes", "section"),
            _html.frame_table(
                shown.assign(a=shown["a"].map(_short), b=shown["b"].map(_short)), _MOST_SHOWN
            ),
        )

    def __repr__(self) -> str:
        a, b = (int(side.funnel.loc["incidents", "value"]) for side in (self.a, self.b))
        moved = int(self.alerts["moved"].sum())
        return f"<Diff: {a:,} -> {b:,} incidents; {moved:,} of {len(self.alerts):,} alerts moved>"


def _short(ids: tuple[int, ...]) -> str:
    """Return ids as text that leaves room for the other columns."""
    more = f" and {len(ids) - _MOST_IDS:,} more" if len(ids) > _MOST_IDS else ""
    return ", ".join(map(str, ids[:_MOST_IDS])) + more


def diff(a: Consolidation, b: Consolidation) -> Diff:
    """Return what changes from one consolidation to another of the same events.

    Parameters
    ----------
    a, b
        Results of `consolidate` for the same events under two policies.

    Returns
    -------
    Diff
        With the frames ``incidents``, ``alerts`` and ``summary``; ``by(column)``,
        ``per_day()``, ``explain(row)`` and ``to_html()``.

    Raises
    ------
    ValueError
        `a` and `b` were not made from the same events.
    EventError
        One of them was made in chunks, whose events were not kept.

    Examples
    --------
    >>> import pandas as pd
    >>> from pandakit.consolidation import CURRENT, Pattern, consolidate
    >>> events = pd.DataFrame(
    ...     {"timestamp": [0, 600, 4500], "status": "critical", "host": "db-1",
    ...      "check": ["ping", "disk", "cpu"]}
    ... )
    >>> wider = CURRENT.replace(patterns=[Pattern("host", "2h")])
    >>> changes = diff(consolidate(events, CURRENT), consolidate(events, wider))
    >>> changes
    <Diff: 2 -> 1 incidents; 3 of 3 alerts moved>
    >>> changes.incidents[["change", "a", "b", "n_alerts"]]
       change       a     b  n_alerts
    0  merged  (0, 1)  (0,)         3
    """
    for name, side in (("a", a), ("b", b)):
        if not isinstance(side, Consolidation):
            raise TypeError(f"{name}: pass a result of consolidate(), not {type(side).__name__}")
        _ = side.events  # raises if it was made in chunks
    if a.unit != b.unit or not _same_table(a.input, b.input):
        raise ValueError(
            "a and b were made from different events; consolidate the same events under both "
            "policies"
        )
    return Diff(a, b)


def _same_table(a: Any, b: Any) -> bool:
    if a is b:
        return True
    kinds = (pd.DataFrame, pa.Table)
    same_kind = any(isinstance(a, kind) and isinstance(b, kind) for kind in kinds)
    return same_kind and bool(a.equals(b))
