"""A figure that notebooks display. Imports matplotlib, so it is loaded on first use."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Self

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

__all__ = ["NotebookFigure"]

_DOTS_PER_INCH = 130
_PAD = 0.08


class NotebookFigure(Figure):
    """A matplotlib figure without pyplot: no global state, no window, nothing to close.

    Notebooks show only figures that pyplot knows, unless a figure has its own `_repr_png_`.

    Parameters
    ----------
    width, height
        In inches.
    title_inches
        The inches above the panels that are kept free for the title.
    background
        The colour behind everything.
    """

    def __init__(
        self, width: float, height: float, *, title_inches: float, background: str
    ) -> None:
        layout = ConstrainedLayoutEngine(
            h_pad=_PAD, w_pad=_PAD, rect=(0, 0, 0.99, 1 - title_inches / height)
        )
        super().__init__(
            figsize=(width, height), dpi=_DOTS_PER_INCH, layout=layout, facecolor=background
        )

    def freeze_layout(self) -> Self:
        """Lay the figure out once; it would shift a little with each drawing otherwise."""
        self.draw_without_rendering()
        self.set_layout_engine("none")
        return self

    def savefig(self, fname: Any, **settings: Any) -> None:
        """Save as `Figure.savefig` does, with the figure's own background."""
        super().savefig(fname, **{"facecolor": self.get_facecolor(), **settings})

    def _repr_png_(self) -> bytes:
        image = BytesIO()
        self.savefig(image, format="png")
        return image.getvalue()
