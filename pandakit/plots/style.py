"""One style for all figures, set on each figure: the user's own style is never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit import _html

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes

    from pandakit.plots.figure import NotebookFigure

__all__ = [
    "INK",
    "LINE_COLOURS",
    "MUTED",
    "PAPER",
    "SEVERITY_COLOURS",
    "annotate",
    "check_count",
    "label",
    "label_lines",
    "new_figure",
    "new_rows",
    "short_identity",
    "shortened",
    "write_title",
]

# Figures are light on every page; their colours are those of the cards.
_LIGHT = {name: light for name, (light, _) in _html.COLOURS.items()}
PAPER, INK, MUTED, _GRID = (_LIGHT[name] for name in ("paper", "ink", "muted", "line"))
SEVERITY_COLOURS = {name: _LIGHT[name] for name in _html.SEVERITIES}
# Readable as text, and distinct for most colour-blind readers.
LINE_COLOURS = (_LIGHT["accent"], "#b3590a", _LIGHT["good"], _LIGHT["unknown"], _LIGHT["critical"])
_TITLE_INCHES = 0.55
_ROW = 0.3  # inches of a row
_AROUND_ROWS = 1.4  # inches above and below the rows
_LONGEST = 44  # characters of a name
_PRIMARY, _SECONDARY = 26, 16  # characters of each, together no more
_LINE_OF_TEXT = 13.0  # points
_POINTS = 72  # of an inch


def new_figure(
    n_panels: int = 1, *, width: float = 9.0, height: float = 4.5, ratios: tuple[float, ...] = (1,)
) -> tuple[NotebookFigure, list[Axes]]:
    """Return an empty figure with panels one above the other, sizes in inches."""
    try:
        from pandakit.plots.figure import NotebookFigure  # noqa: PLC0415 - imports matplotlib
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install 'pandakit[notebook]'") from error

    figure = NotebookFigure(width, height, title_inches=_TITLE_INCHES, background=PAPER)
    panels = figure.subplots(n_panels, 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    for axes in panels:
        _simplify(axes)
    return figure, list(panels)


def new_rows(names: list[str], *, room: float = 0.3) -> tuple[NotebookFigure, Axes]:
    """Return a figure with one row per name, the first on top, and room for labels.

    Parameters
    ----------
    names
        The labels of the rows; long ones are cut.
    room
        The free space beside the longest bar, as a share of the axis.
    """
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - loaded on first use

    figure, (axes,) = new_figure(height=_AROUND_ROWS + _ROW * max(len(names), 2))
    axes.set_yticks(range(len(names)), [label(name) for name in names])
    axes.invert_yaxis()
    axes.margins(x=room)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    return figure, axes


def label(name: str) -> str:
    r"""Return a name as it is written beside a row: cut if it is long, and never a formula.

    Examples
    --------
    >>> label("a" * 60)[-5:], label("cost in $")
    ('aaaa…', 'cost in \\$')
    """
    return _cut(name, _LONGEST).replace("$", r"\$")


def short_identity(primary: str, secondary: Any) -> str:
    """Return the values of primary and secondary as a row's label, each cut if it is long.

    Examples
    --------
    >>> short_identity("storefront-cache-01.eu-south.example.com", "disk /data")
    'storefront-cache-01.eu-so…  disk /data'
    >>> short_identity("db-1", None)
    'db-1'
    """
    parts = [_cut(str(primary), _PRIMARY)]
    if isinstance(secondary, str):
        parts.append(_cut(secondary, _SECONDARY))
    return "  ".join(parts)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def shortened(text: str, most: int) -> str:
    """Return a text cut in the middle, since hosts differ at their start and at their end.

    Examples
    --------
    >>> shortened("db-1.eu-north.example.com", 12)
    'db-1.e…e.com'
    """
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[: most - 1 - half]}…{text[-half:]}"


def write_title(figure: NotebookFigure, title: str, subtitle: str = "") -> None:
    """Write the title, and below it in small type how the figure was made."""
    from matplotlib.transforms import ScaledTranslation  # noqa: PLC0415 - loaded on first use

    for text, drop, size, weight, colour in (
        (title, 0.11, 13.0, "bold", INK),
        (subtitle, 0.37, 9.5, "normal", MUTED),
    ):
        place = figure.transFigure + ScaledTranslation(0.12, -drop, figure.dpi_scale_trans)
        line = figure.text(0, 1, text, va="top", ha="left", transform=place)
        line.set(fontsize=size, fontweight=weight, color=colour)


def annotate(axes: Axes, text: str, point: tuple[float, float], **settings: Any) -> None:
    """Write a label to the right of a point."""
    defaults = {
        "xytext": (6, 0),
        "textcoords": "offset points",
        "va": "center",
        "fontsize": 9.5,
        "color": INK,
        "annotation_clip": False,
    }
    axes.annotate(text, point, **{**defaults, **settings})


def label_lines(axes: Axes, ends: Iterable[tuple[float, float, str, str]]) -> None:
    """Write the name of each line at its end, each in a line of text of its own.

    Parameters
    ----------
    axes
        With its final limits, from zero on.
    ends
        The last point of each line, the name and the colour.
    """
    points = axes.bbox.height / axes.figure.dpi * _POINTS  # the height of the panel
    lowest_first = sorted(ends, key=lambda end: end[1])
    wanted = [y / axes.get_ylim()[1] * points for _, y, _, _ in lowest_first]
    for (x, y, name, colour), at, place in zip(
        lowest_first, wanted, _spread(wanted, points), strict=True
    ):
        annotate(axes, name, (x, y), xytext=(9, place - at), color=colour)


def _spread(wanted: list[float], points: float) -> list[float]:
    """Return places a line of text apart, near those that are wanted, below the top if they fit."""
    places: list[float] = []
    for at in wanted:
        places.append(max(at, places[-1] + _LINE_OF_TEXT) if places else at)
    top = max(points, _LINE_OF_TEXT * (len(places) - 1))
    for place in range(len(places) - 1, -1, -1):
        places[place] = min(places[place], top)
        top = places[place] - _LINE_OF_TEXT
    return places


def check_count(value: int, name: str) -> None:
    """Raise unless a parameter is a whole number of 1 or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}: {value!r} is not a whole number of 1 or more")


def _simplify(axes: Axes) -> None:
    axes.set_facecolor(PAPER)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(True)
        axes.spines[side].set_color(_GRID)
    axes.tick_params(colors=MUTED, labelsize=9, length=0)
    axes.grid(visible=True, color=_GRID, linewidth=0.8, linestyle="-", alpha=1)
    axes.set_axisbelow(True)
