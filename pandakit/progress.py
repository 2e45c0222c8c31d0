"""One line of progress: rows, pages and waits; silent in non-interactive sessions.

>>> with progress_line("Panther rules", progress=False) as line:
...     line.advance(rows=100, pages=1)
...     line.rows, line.pages
(100, 1)
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from pandakit import _html
from pandakit.forks import renew_in_children
from pandakit.redaction import shown

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ProgressLine", "progress_line", "someone_watches"]

_NOTHING = {"text/html": "", "text/plain": ""}


def someone_watches() -> bool:
    """Return whether standard error is a terminal, or this runs in a notebook's kernel."""
    return _in_notebook() or bool(getattr(sys.stderr, "isatty", lambda: False)())


def _in_notebook() -> bool:
    # Only a running kernel has loaded ipykernel; asking IPython would load it.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "ipykernel" in sys.modules


def _bar(label: str, total: int | None) -> Any:
    from tqdm.std import tqdm as text_bar  # noqa: PLC0415 - loaded on first use

    kind = _notebook_bar(text_bar) if _in_notebook() else text_bar
    return _that_may_fail(kind)(desc=label, total=total, unit=" rows", leave=False)


def _notebook_bar(text_bar: Any) -> Any:
    from IPython.display import DisplayHandle  # noqa: PLC0415 - a notebook has loaded it

    class NotebookBar(text_bar):  # type: ignore[misc]
        """A bar as wide as the cell. It closes with an empty output: notebooks save no line."""

        def __init__(self, **options: Any) -> None:
            self.output: Any = DisplayHandle()
            self.output.display(_NOTHING, raw=True)
            super().__init__(gui=True, **options)  # tqdm itself writes nothing then

        def display(self, *_: Any, **__: Any) -> None:
            share = self.n / self.total if self.total else 0.0
            data = {"text/html": _html.progress(self._told(), share), "text/plain": str(self)}
            self.output.update(data, raw=True)

        def _told(self) -> str:
            rows = f"{self.n:,} of {self.total:,} rows" if self.total else f"{self.n:,} rows"
            return ", ".join(filter(None, (f"{self.desc.rstrip(': ')}: {rows}", self.postfix)))

        def close(self) -> None:
            if not self.disable:
                super().close()
                self.output.update(_NOTHING, raw=True)

    return NotebookBar


def _that_may_fail(kind: Any) -> Any:
    # A plain bar keeps the lock of all bars when its display fails; every other bar, and the
    # thread that watches them, would wait for it, and the process would never end.
    class Bar(kind):  # type: ignore[misc]
        monitor_interval = 0

        def refresh(self, nolock: bool = False, lock_args: Any = None) -> Any:  # noqa: FBT001, FBT002 - as tqdm has it
            if nolock or lock_args:
                return super().refresh(nolock=nolock, lock_args=lock_args)
            with self.get_lock():
                return super().refresh(nolock=True)

    return Bar


class _BarLock:
    """The lock of all bars, which one thread may hold while another one forks."""

    def renew(self) -> None:
        std = sys.modules.get("tqdm.std")
        if std is not None:
            std.TqdmDefaultWriteLock.th_lock = threading.RLock()
            std.tqdm.set_lock(std.TqdmDefaultWriteLock())


_bar_lock = _BarLock()
renew_in_children(_bar_lock)


class ProgressLine:
    """Counts rows and pages, and shows them when asked to; a context manager.

    A display that fails, for example because its terminal is gone, is dropped; the work continues.

    Parameters
    ----------
    label
        What is being loaded.
    show
        Whether to draw anything.
    total
        The number of rows, when it is known.
    """

    def __init__(self, label: str, *, show: bool, total: int | None = None) -> None:
        self.rows = 0
        self.pages = 0
        self.waits = 0
        self._bar: Any = None
        if show:
            with suppress(Exception):
                self._bar = _bar(label, total)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def advance(self, rows: int = 0, pages: int = 0, total: int | None = None) -> None:
        """Count rows and pages; `total` is the number of rows, if the service has said it."""
        self.rows += rows
        self.pages += pages

        def draw(bar: Any) -> None:
            if total is not None:
                bar.total = total
            bar.set_postfix_str(self._pages(), refresh=False)
            bar.update(rows)

        self._draw(draw)

    def wait(self, seconds: float, why: str) -> None:
        """Show that the load is waiting, and why."""
        self.waits += 1
        reason = shown(why).replace("\n", "\\n")  # a service may have written it
        told = f"{reason}, waiting {seconds:.1f} s"
        said = ", ".join(filter(None, (self._pages(), told)))
        self._draw(lambda bar: bar.set_postfix_str(said))

    def close(self) -> None:
        """Remove the line."""
        self._draw(lambda bar: bar.close())
        self._bar = None

    def _pages(self) -> str:
        return f"{self.pages} pages" if self.pages else ""

    def _draw(self, how: Callable[[Any], object]) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            with suppress(Exception):
                how(bar)
                self._bar = bar
                return
            bar.disable = True  # nor does it draw when it is collected


def progress_line(
    label: str, *, progress: bool | None = None, total: int | None = None
) -> ProgressLine:
    """Return a progress line.

    Parameters
    ----------
    label
        What is being loaded.
    progress
        `True` shows the line, `False` does not; `None` shows it on a terminal and in a notebook
        only.
    total
        The number of rows, when it is known.
    """
    show = someone_watches() if progress is None else progress
    return ProgressLine(label, show=show, total=total)
