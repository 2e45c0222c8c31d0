"""A slider for the window, and the consolidation with one window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.consolidation import CLASSIC, consolidate
from pandakit.consolidation.variations import with_window
from pandakit.spans import read_span, span_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandakit.consolidation import Consolidation, Policy
    from pandakit.consolidation.policy import TimeUnit

__all__ = ["consolidate_with_window", "window_slider"]

_WINDOWS = ("15min", "30min", "1h", "2h", "4h", "8h", "12h", "24h", "48h")


def consolidate_with_window(
    events: Any,
    window: Any,
    policy: Policy = CLASSIC,
    *,
    pattern: str | None = None,
    unit: TimeUnit = "s",
) -> Consolidation:
    """Return the consolidation with another window: one row of a sweep, in full.

    Parameters
    ----------
    events, unit
        As in `pandakit.consolidate`.
    window
        Text such as ``"4h"`` or a timedelta, above zero; for the pattern that `pattern` names.
    policy
        All other settings.
    pattern
        The name of the pattern whose window is set; default: the first one, ``"all"``: all of
        them. As in `pandakit.sweep`.

    Returns
    -------
    Consolidation
        As from `pandakit.consolidate`.

    Raises
    ------
    EventError
        The events cannot be read.
    ValueError
        The window is not a span above zero, or the policy has no pattern of that name.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame(
    ...     {"timestamp": [0, 1800], "status": "critical", "host": "a", "check": ["x", "y"]}
    ... )
    >>> consolidate_with_window(events, "10min"), consolidate_with_window(events, "1h")
    (<Consolidation: 2 events -> 2 alerts -> 2 incidents>,
     <Consolidation: 2 events -> 2 alerts -> 1 incident>)
    """
    return consolidate(events, with_window(policy, window, pattern), unit=unit)


def window_slider(
    events: Any,
    policy: Policy = CLASSIC,
    *,
    windows: Sequence[Any] = _WINDOWS,
    pattern: str | None = None,
    unit: TimeUnit = "s",
) -> Any:
    """Return a slider for the window, with the funnel and the largest incidents below it.

    Parameters
    ----------
    events, policy, pattern, unit
        As in `consolidate_with_window`, which returns the same numbers without a slider.
    windows
        The windows to choose from, in this order. The slider starts at the policy's own
        window of the pattern if it is among them, otherwise at the first.

    Returns
    -------
    ipywidgets.VBox
        The slider and, below it, the consolidation with its window. It runs again when the
        slider is released.

    Raises
    ------
    ImportError
        ipywidgets is not installed.
    EventError
        The events cannot be read.
    ValueError
        A window is not a span above zero, the policy has no pattern of that name, or there
        are no windows.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame({"timestamp": [0, 600, 4500], "status": "critical", "host": "db-1"})
    >>> slider = window_slider(events, windows=["1h", "2h"])
    >>> len(slider.children)
    2
    """
    choices = [(_label(window), window) for window in windows]
    if not choices:
        raise ValueError("windows: pass at least one, such as '4h'")
    for window in windows:
        with_window(policy, window, pattern)  # refused now, not only when the slider reaches it
    try:
        import ipywidgets  # noqa: PLC0415 - loaded on first use
    except ImportError as error:
        raise ImportError(
            "the slider needs ipywidgets: pip install 'pandakit[notebook]'; "
            "consolidate_with_window returns the same numbers without it"
        ) from error

    slider = ipywidgets.SelectionSlider(
        options=choices,
        value=_start(policy, windows, pattern),
        description=f"window of {pattern or policy.patterns[0].name}",
        style={"description_width": "initial"},
        continuous_update=False,
    )
    card = ipywidgets.HTML()

    class WindowSlider(ipywidgets.VBox):  # type: ignore[misc]
        """A slider whose card is visible even without widgets, as in exports and mail."""

        def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
            return {**super()._repr_mimebundle_(**kwargs), "text/html": card.value}

    def show(_change: Any = None) -> None:
        result = consolidate_with_window(events, slider.value, policy, pattern=pattern, unit=unit)
        card.value = result._repr_html_()

    slider.observe(show, names="value")
    show()
    return WindowSlider([slider, card])


def _label(window: Any) -> str:
    return span_text(read_span(window, "windows"))


def _start(policy: Policy, windows: Sequence[Any], pattern: str | None) -> Any:
    """Return the policy's own window of the pattern, or the first window."""
    own = {known.name: known.window for known in policy.patterns}
    today = own.get(str(pattern), policy.patterns[0].window)
    return next((each for each in windows if read_span(each, "windows") == today), windows[0])
