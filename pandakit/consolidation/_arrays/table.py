"""One interface to both kinds of input, a frame and an Arrow table; columns handled in threads."""

from __future__ import annotations

from collections import Counter
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

import pandas as pd
import pyarrow as pa

from pandakit.errors import EventError
from pandakit.interchange import as_table
from pandakit.text import to_text
from pandakit.threads import worker_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

__all__ = ["Table", "row_list", "run_all"]

_LISTED_ROWS = 5
_WORTH_IT = 200_000  # rows: for fewer, starting threads costs more than it saves


class Table:
    """The columns of the caller's input by name; the input is never changed.

    Names that are not text, such as 0, are not tags, but their columns belong to the payload and
    are searched for keywords.
    """

    def __init__(self, events: Any) -> None:
        self.source: Any = as_table(events, name="events", error=EventError)
        self.is_frame = isinstance(self.source, pd.DataFrame)
        self.names = list(self.source.columns if self.is_frame else self.source.schema.names)
        self.n_rows = len(self.source)
        keys = [_key(name) for name in self.names]
        self._positions = {key: position for position, key in enumerate(keys)}
        twice = {key for key, count in Counter(keys).items() if count > 1}
        repeated = sorted({str(name) for name in self.names if _key(name) in twice})
        if repeated:
            raise EventError(
                f"more than one column is called {', '.join(map(repr, repeated))}; rename or drop "
                f"all but one"
            )

    @property
    def index(self) -> pd.Index:
        """The index of the frame; the rows of an Arrow table are counted."""
        return self.source.index if self.is_frame else pd.RangeIndex(self.n_rows)

    @property
    def text_names(self) -> list[str]:
        """The names that are text, and so may be tags."""
        return [name for name in self.names if isinstance(name, str)]

    def __contains__(self, name: str) -> bool:
        return name in self._positions

    def __getitem__(self, name: Any) -> Any:
        """Return a Series or a ChunkedArray."""
        position = self._positions[_key(name)]
        return self.source.iloc[:, position] if self.is_frame else self.source.column(position)

    def cells(self, name: Any, rows: Any) -> Any:
        """Return the cells of a column at some rows."""
        column = self[name]
        return column.iloc[rows] if self.is_frame else column.take(pa.array(rows))

    def text(self, name: Any, rows: Any) -> pa.ChunkedArray:
        """Return the text form of the cells of a column at some rows."""
        try:
            return to_text(self.cells(name, rows), column=str(name))
        except ValueError as error:
            self.refuse(name, error)

    def refuse(self, name: Any, error: ValueError) -> NoReturn:
        """Raise for a cell without a text form, with its row in the whole column."""
        try:
            to_text(self[name], column=str(name))
        except ValueError as found:
            error = found
        raise EventError(str(error)) from None

    def nearest(self, name: str) -> str:
        """Return the column names most like this one, for a message."""
        near = get_close_matches(name, self.text_names, 3, 0.5)
        return (
            f"nearest: {', '.join(near)}"
            if near
            else f"there is: {', '.join(map(str, self.names)) or 'none'}"
        )


def _key(name: Any) -> Any:
    """Return a key that distinguishes columns: 0, 0.0 and False are three names."""
    return name if isinstance(name, str) else (type(name), name)


def row_list(rows: np.ndarray) -> str:
    """Return how many rows there are and the positions of the first few, for a message.

    Examples
    --------
    >>> import numpy as np
    >>> row_list(np.array([3])), row_list(np.arange(12_000))
    ('1 row: 3', '12,000 rows: 0, 1, 2, 3, 4 ...')
    """
    count = f"{len(rows):,} row{'s' if len(rows) != 1 else ''}"
    more = " ..." if len(rows) > _LISTED_ROWS else ""
    return f"{count}: {', '.join(map(str, rows[:_LISTED_ROWS]))}{more}"


def run_all(tasks: Sequence[Callable[[], Any]], n_rows: int) -> list[Any]:
    """Return the results of tasks over `n_rows` rows each, in order.

    They run in threads: Arrow and the kernels release Python's lock.
    """
    if n_rows < _WORTH_IT:
        return [task() for task in tasks]
    with worker_threads() as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]
