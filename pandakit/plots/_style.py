"""One look for all pictures, set per figure: the user's own style is never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pandakit.plots._picture import Picture

__all__ = ["COLOURS", "INK", "MUTED", "SEVERITY", "beside", "counted", "figure", "headline"]

INK = "#1f2933"
MUTED = "#616e7c"
GRID = "#e4e7eb"
PAPER = "white"
# Readable side by side and for most colour-blind readers.
COLOURS = ("#2563a8", "#c26a12", "#2b8a68", "#8a4fa3", "#b8433f")
SEVERITY = {
    "critical": "#b8433f",
    "warning": "#d9822b",
    "unknown": "#8a4fa3",
    "acknowledged": "#2563a8",
    "ok": "#3a9d7a",
}
_INCHES_OF_HEADLINE = 0.55


def figure(
    rows: int = 1, *, width: float = 9.0, height: float = 4.5, ratios: tuple[float, ...] = (1.0,)
) -> tuple[Picture, list[Axes]]:
    """Make an empty figure with that many panels above one another."""
    try:
        from pandakit.plots._picture import Picture  # noqa: PLC0415 - imports matplotlib
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install 'pandakit[notebook]'") from error

    made = Picture(width, height, headline=_INCHES_OF_HEADLINE, background=PAPER)
    panels = made.subplots(rows, 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    for axes in panels:
        _calm(axes)
    return made, list(panels)


def headline(made: Picture, title: str, subtitle: str = "") -> None:
    """Write what the picture says above it, and how it was made in small."""
    from matplotlib.transforms import ScaledTranslation  # noqa: PLC0415 - loaded on first use

    for text, drop, size, weight, colour in (
        (title, 0.11, 13.0, "bold", INK),
        (subtitle, 0.37, 9.5, "normal", MUTED),
    ):
        place = made.transFigure + ScaledTranslation(0.12, -drop, made.dpi_scale_trans)
        line = made.text(0, 1, text, va="top", ha="left", transform=place)
        line.set(fontsize=size, fontweight=weight, color=colour)


def beside(axes: Axes, text: str, point: tuple[float, float], **look: Any) -> None:
    """Write a label to the right of a point."""
    axes.annotate(
        text,
        point,
        **{
            "xytext": (6, 0),
            "textcoords": "offset points",
            "va": "center",
            "fontsize": 9.5,
            "color": INK,
            "annotation_clip": False,
            **look,
        },
    )


def counted(count: int, thing: str) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> counted(68699, "event"), counted(1, "incident")
    ('68,699 events', '1 incident')
    """
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _calm(axes: Axes) -> None:
    axes.set_facecolor(PAPER)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(True)
        axes.spines[side].set_color(GRID)
    axes.tick_params(colors=MUTED, labelsize=9, length=0)
    axes.grid(visible=True, color=GRID, linewidth=0.8, linestyle="-", alpha=1)
    axes.set_axisbelow(True)
