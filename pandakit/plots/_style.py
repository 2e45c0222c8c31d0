"""One look for all pictures, set per figure: the user's own style is never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "INK", "MUTED", "SEVERITY", "figure", "headline", "thousands"]

INK = "#1f2933"
MUTED = "#7b8794"
GRID = "#e4e7eb"
# Readable side by side and for most colour-blind readers.
COLOURS = ("#2563a8", "#d9822b", "#3a9d7a", "#8a4fa3", "#b8433f")
SEVERITY = {
    "critical": "#b8433f",
    "warning": "#d9822b",
    "unknown": "#8a4fa3",
    "acknowledged": "#2563a8",
    "ok": "#3a9d7a",
}


def figure(
    rows: int = 1, *, width: float = 9.0, height: float = 4.5, ratios: tuple[float, ...] = (1.0,)
) -> tuple[Figure, list[Axes]]:
    """Make an empty figure with that many panels above one another."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - loaded on first use
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install 'pandakit[notebook]'") from error

    made = Figure(figsize=(width, height), dpi=130, layout="constrained", facecolor="white")
    panels = made.subplots(rows, 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    for axes in panels:
        _calm(axes)
    return made, list(panels)


def headline(axes: Axes, title: str, subtitle: str = "") -> None:
    """Write what the picture says above it, and how it was made in small."""
    axes.set_title(
        f"{title}\n" if subtitle else title,
        loc="left",
        fontsize=13,
        fontweight="bold",
        color=INK,
        linespacing=1.5,
    )
    if subtitle:
        axes.annotate(
            subtitle,
            (0, 1),
            xytext=(0, 7),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=9,
            color=MUTED,
        )


def thousands(value: float, _position: Any = None) -> str:
    """Write a count with separators.

    Examples
    --------
    >>> thousands(68699)
    '68,699'
    """
    return f"{value:,.0f}"


def _calm(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GRID)
    axes.tick_params(colors=MUTED, labelsize=9, length=0)
    axes.grid(visible=True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
