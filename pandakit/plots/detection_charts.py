"""What detections cover, which are noisy, and the effect of other deduplication settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.plots import style
from pandakit.spans import span_text
from pandakit.text import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


__all__ = ["coverage", "dedup", "mitre", "noise"]

# From quiet to noisy, distinct in lightness as well as in hue.
_SEVERITY_COLOURS = {
    "INFO": "#c9ced6",
    "LOW": "#8fb8de",
    "MEDIUM": "#f0c36d",
    "HIGH": "#d9772b",
    "CRITICAL": "#a3201d",
}


def coverage(table: pd.DataFrame) -> Figure:
    """Draw how many detections read each log type, one colour per severity.

    Parameters
    ----------
    table
        From `detections.coverage`.

    Returns
    -------
    matplotlib.figure.Figure
        One bar per log type, the most covered on top; the number at its end is the sum.

    Examples
    --------
    >>> import pandas as pd
    >>> from pandakit.detections import coverage as table_of
    >>> rules = pd.DataFrame({"kind": "rules", "id": ["A"], "severity": ["HIGH"],
    ...                       "log_types": [["Okta"]]})
    >>> coverage(table_of(rules)).axes[0].texts[0].get_text()
    '1'
    """
    totals = table.sum(axis=1).sort_values(ascending=False, kind="stable")
    figure, axes = style.new_rows([str(name) for name in totals.index])
    left = [0] * len(totals)
    for severity, colour in _SEVERITY_COLOURS.items():
        counts = table.loc[totals.index, severity].tolist()
        axes.barh(range(len(counts)), counts, left=left, color=colour, label=severity)
        left = [before + count for before, count in zip(left, counts, strict=True)]
    for place, total in enumerate(totals.tolist()):
        style.annotate(axes, f"{total:,}", (total, place))
    _legend(axes)
    title = counted(len(totals), "log type") + " with detections"
    style.write_title(figure, title, "detections that read each log type, by severity")
    return figure.freeze_layout()


def mitre(table: pd.DataFrame) -> Figure:
    """Draw how many detections report to each ATT&CK technique, and how many are enabled.

    Parameters
    ----------
    table
        From `detections.mitre`; filter it first to draw fewer techniques.

    Returns
    -------
    matplotlib.figure.Figure
        One bar per technique, grouped by tactic; the dark part is enabled.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"tactic": ["TA0001"], "technique": ["T1078"],
    ...                       "detections": [3], "enabled": [2]})
    >>> mitre(table).axes[0].texts[0].get_text()
    '2 of 3 enabled'
    """
    both = table["tactic"].fillna("") + " " + table["technique"].fillna("")
    names = [name.strip() for name in both]
    figure, axes = style.new_rows(names)
    places = range(len(table))
    axes.barh(places, table["detections"].tolist(), color=style.MUTED, alpha=0.35)
    axes.barh(places, table["enabled"].tolist(), color=style.LINE_COLOURS[0])
    for place, (every, enabled) in enumerate(table[["detections", "enabled"]].to_numpy().tolist()):
        style.annotate(axes, f"{enabled} of {every} enabled", (every, place))
    techniques = counted(int(table["technique"].notna().sum()), "technique")
    title = f"{techniques} under {counted(table['tactic'].nunique(), 'tactic')}"
    style.write_title(figure, title, "detections that report to MITRE ATT&CK; dark are enabled")
    return figure.freeze_layout()


def noise(table: pd.DataFrame, *, count: int = 15) -> Figure:
    """Draw the noisiest detections, with the share of their alerts that were closed.

    Parameters
    ----------
    table
        From `detections.noise`.
    count
        The greatest number of detections to draw.

    Returns
    -------
    matplotlib.figure.Figure
        One bar of alerts per detection; the dark part was closed as a false positive.

    Raises
    ------
    ValueError
        When `count` is below 1.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"detection_id": ["A"], "alerts": [4], "events": [9],
    ...                       "closed_share": [0.5], "noise_share": [0.25]})
    >>> noise(table).axes[0].texts[0].get_text()
    '4, 50% closed, 25% noise'
    """
    if count < 1:
        raise ValueError(f"count={count} must be at least 1")
    shown = table[table["alerts"] > 0].head(count)
    figure, axes = style.new_rows([str(name) for name in shown["detection_id"]])
    places, alerts = range(len(shown)), shown["alerts"].tolist()
    closed = (shown["alerts"] * shown["closed_share"]).tolist()
    axes.barh(places, alerts, color=style.LINE_COLOURS[1], alpha=0.35)
    axes.barh(places, closed, color=style.LINE_COLOURS[1])
    shares = shown[["closed_share", "noise_share"]].to_numpy().tolist()
    for place, (total, (closed_share, noise_share)) in enumerate(zip(alerts, shares, strict=True)):
        text = f"{total:,}, {closed_share:.0%} closed, {noise_share:.0%} noise"
        style.annotate(axes, text, (total, place))
    title = f"The {len(shown)} noisiest of {counted(len(table), 'detection')}"
    every = int(table["alerts"].sum())
    part = f"{sum(alerts):,} of {counted(every, 'alert')}"
    style.write_title(figure, title, f"{part}; dark were closed as false positives")
    return figure.freeze_layout()


def dedup(table: pd.DataFrame, *, today: tuple[Any, int] | None = None) -> Figure:
    """Draw how many alerts each deduplication period makes, one line per threshold.

    Parameters
    ----------
    table
        From `detections.dedup_sweep`.
    today
        The current period (a timedelta) and threshold; their point is marked.

    Returns
    -------
    matplotlib.figure.Figure
        Alerts by period, on a logarithmic axis.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"period": pd.to_timedelta(["1h", "2h"]), "threshold": 1,
    ...                       "alerts": [5, 3]})
    >>> dedup(table).axes[0].lines[0].get_ydata().tolist()
    [5, 3]
    """
    figure, (axes,) = style.new_figure()
    ends = []
    for place, (threshold, rows) in enumerate(table.groupby("threshold", sort=True)):
        ordered = rows.sort_values("period")
        hours = (ordered["period"].dt.total_seconds() / 3600).tolist()
        colour = style.LINE_COLOURS[place % len(style.LINE_COLOURS)]
        axes.plot(hours, ordered["alerts"].tolist(), color=colour, marker="o", linewidth=2)
        ends.append(
            (hours[-1], float(ordered["alerts"].iloc[-1]), f"threshold {threshold}", colour)
        )
    _period_axis(axes, table)
    style.label_lines(axes, ends)
    if today is not None:
        _mark_today(axes, table, *today)
    low, high = (int(end) for end in (table["alerts"].min(), table["alerts"].max()))
    style.write_title(
        figure,
        f"{low:,} to {high:,} alerts, depending on period and threshold",
        "alerts that the same matches make",
    )
    return figure.freeze_layout()


def _period_axis(axes: Axes, table: pd.DataFrame) -> None:
    from matplotlib.ticker import StrMethodFormatter  # noqa: PLC0415 - loaded on first use

    periods = sorted({*table["period"]})
    axes.set_xscale("log")
    ticks = [period.total_seconds() / 3600 for period in periods]
    axes.set_xticks(ticks, [span_text(period.to_pytimedelta()) for period in periods])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_xlabel("deduplication period", color=style.MUTED)
    axes.set_ylabel("alerts", color=style.MUTED)


def _mark_today(axes: Axes, table: pd.DataFrame, period: Any, threshold: int) -> None:
    same = table[(table["period"] == period) & (table["threshold"] == threshold)]
    for alerts in same["alerts"].tolist():
        point = (period.total_seconds() / 3600, alerts)
        axes.plot(*[[value] for value in point], "o", color=style.INK, markersize=9)
        style.annotate(axes, f"today: {alerts:,}", point, xytext=(8, 12))


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", frameon=False, fontsize=9.5)
