"""What changes between two consolidations, as a flow of alerts from incident to incident."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pandakit.plots import style
from pandakit.text import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pandakit.lab import Diff

__all__ = ["diff"]

_COLOURS = {
    "merged": style.LINE_COLOURS[0],
    "split": style.LINE_COLOURS[1],
    "reshuffled": style.LINE_COLOURS[3],
    "changed": style.LINE_COLOURS[2],
    "gone": style.MUTED,
    "new": style.LINE_COLOURS[4],
}
_LEFT, _RIGHT, _WIDTH = 0.0, 1.0, 0.02
_GAP = 0.012  # between two incidents, as a share of the height
_GROUP_GAP = 0.035
_LABELLED = 0.016  # a thinner incident has no label


class _Block(NamedTuple):
    """An incident of one side: where it starts, and the height of an alert."""

    top: float
    alert: float
    n_alerts: int

    @property
    def bottom(self) -> float:
        return self.top + self.alert * self.n_alerts


def diff(changes: Diff, *, count: int = 8) -> Figure:
    """Draw how the alerts of changed incidents flow into other incidents.

    Parameters
    ----------
    changes
        The result of `pandakit.diff`.
    count
        The greatest number of changed groups of incidents to draw, 1 or more, those with most
        alerts first; the subtitle has the total.

    Returns
    -------
    matplotlib.figure.Figure
        The incidents of `a` on the left and of `b` on the right, as high as their alerts; bands
        are the alerts that they share. A notebook shows the figure automatically; `savefig` writes
        it to a file.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        `count` is not a whole number of 1 or more.

    Examples
    --------
    >>> import pandas as pd, pandakit as pk
    >>> events = pd.DataFrame(
    ...     {"timestamp": [0, 60], "status": "critical", "host": ["a", "b"], "cluster": "x"}
    ... )
    >>> by_host = pk.CURRENT
    >>> by_cluster = by_host.replace(patterns=[pk.Pattern("cluster", "1h")])
    >>> changes = pk.diff(pk.consolidate(events, by_host), pk.consolidate(events, by_cluster))
    >>> diff(changes).texts[0].get_text()
    '2 incidents become 1: 1 merged'
    """
    style.check_count(count, "count")
    every = changes.incidents[changes.incidents["change"] != "same"]
    shown = every.sort_values("n_alerts", ascending=False, kind="stable").head(count)
    n_blocks = max((max(len(row.a), len(row.b)) for row in shown.itertuples()), default=0)
    figure, (axes,) = style.new_figure(height=4.5 + 0.1 * min(n_blocks + len(shown), 40))
    _blank(axes)
    if len(shown):
        _draw(axes, shown, changes.alerts)
    style.write_title(figure, _title(changes, every), _subtitle(len(shown), len(every)))
    return figure.freeze_layout()


def _title(changes: Diff, every: pd.DataFrame) -> str:
    before, after = (len(side.incidents) for side in (changes.a, changes.b))
    kinds = every["change"].value_counts().reindex(_COLOURS).dropna().astype("int64")
    parts = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items())
    text = f"{counted(before, 'incident')} become {after:,}"
    return f"{text}: {parts}" if parts else f"{text}, all of them the same"


def _subtitle(shown: int, every: int) -> str:
    if not every:
        return "no group of incidents changed"
    groups = counted(every, "changed group")
    of_all = "" if shown == every else f"the {shown:,} largest of "
    return f"{of_all}{groups}; an incident is as high as its alerts"


def _blank(axes: Axes) -> None:
    axes.grid(visible=False)
    axes.set_xticks([_LEFT, _RIGHT], ["before", "after"])
    axes.set_yticks([])
    axes.set_xlim(-0.42, 1.42)
    axes.set_ylim(1.0, 0.0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw(axes: Axes, shown: pd.DataFrame, alerts: pd.DataFrame) -> None:
    """Draw the groups from top to bottom, all with the same height of an alert."""
    sizes = {side: alerts[f"incident_{side}"].dropna().value_counts() for side in "ab"}
    tallest = [
        (max(sum(sizes[side][one] for one in getattr(row, side)) for side in "ab"),
         max(len(row.a), len(row.b)) - 1)
        for row in shown.itertuples()
    ]  # fmt: skip
    n_gaps = sum(gaps for _, gaps in tallest)
    gap = min(_GAP, 0.4 / max(n_gaps, 1))
    free = 1 - gap * n_gaps - _GROUP_GAP * (len(shown) - 1)
    alert = free / sum(high for high, _ in tallest)
    top = 0.0
    for row, (high, gaps) in zip(shown.itertuples(), tallest, strict=True):
        blocks = {side: _blocks(getattr(row, side), sizes[side], top, alert, gap) for side in "ab"}
        _ribbons(axes, alerts, blocks, _COLOURS[row.change])
        for side, at in (("a", _LEFT), ("b", _RIGHT)):
            for number, block in blocks[side].items():
                _block(axes, at, block, f"{number}: {counted(block.n_alerts, 'alert')}")
        middle = top + (alert * high + gap * gaps) / 2
        axes.text(0.5, middle, row.change, ha="center", va="center", fontsize=9, color=style.INK)
        top += alert * high + gap * gaps + _GROUP_GAP


def _blocks(
    ids: tuple[int, ...], sizes: pd.Series, top: float, alert: float, gap: float
) -> dict[int, _Block]:
    blocks = {}
    for number in ids:
        blocks[number] = _Block(top, alert, int(sizes[number]))
        top = blocks[number].bottom + gap
    return blocks


def _ribbons(
    axes: Axes, alerts: pd.DataFrame, blocks: dict[str, dict[int, _Block]], colour: str
) -> None:
    """Draw the alerts that two incidents share, in the order of the incidents on both sides."""
    within = alerts[alerts["incident_a"].isin(blocks["a"]) & alerts["incident_b"].isin(blocks["b"])]
    shared = within.groupby(["incident_a", "incident_b"], sort=True).size()
    left, right = ({one: block.top for one, block in blocks[side].items()} for side in "ab")
    for (one, other), number in shared.items():
        high = number * blocks["a"][one].alert
        _ribbon(axes, left[one], right[other], high, colour)
        left[one] += high
        right[other] += high


def _ribbon(axes: Axes, left: float, right: float, high: float, colour: str) -> None:
    from matplotlib.patches import PathPatch  # noqa: PLC0415 - loaded on first use
    from matplotlib.path import Path  # noqa: PLC0415 - loaded on first use

    start, end = _LEFT + _WIDTH, _RIGHT - _WIDTH
    points = [
        (start, left), (0.5, left), (0.5, right), (end, right),
        (end, right + high), (0.5, right + high), (0.5, left + high), (start, left + high),
        (start, left),
    ]  # fmt: skip
    curve = [Path.CURVE4] * 3
    path = Path(points, [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY])
    axes.add_patch(PathPatch(path, facecolor=colour, alpha=0.35, linewidth=0.4, edgecolor=colour))


def _block(axes: Axes, at: float, block: _Block, text: str) -> None:
    high = block.bottom - block.top
    left = at if at == _LEFT else at - _WIDTH
    axes.bar(left, high, _WIDTH, block.top, align="edge", color=style.INK)
    if high >= _LABELLED:
        place: dict[str, Any] = {"ha": "right", "xytext": (-5, 0)} if at == _LEFT else {}
        edge = at if at == _LEFT else _RIGHT
        style.annotate(axes, f"{text}", (edge, (block.top + block.bottom) / 2), fontsize=9, **place)
