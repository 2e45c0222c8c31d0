"""Rows in messages: the first few, so that they can be looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["shown_rows"]

_SHOWN_ROWS = 5


def shown_rows(rows: np.ndarray) -> str:
    """Count rows and name the first ones by their positions.

    Examples
    --------
    >>> import numpy as np
    >>> shown_rows(np.array([3])), shown_rows(np.arange(12_000))
    ('1 row: 3', '12,000 rows: 0, 1, 2, 3, 4 ...')
    """
    count = f"{len(rows):,} row{'s' if len(rows) != 1 else ''}"
    more = " ..." if len(rows) > _SHOWN_ROWS else ""
    return f"{count}: {', '.join(map(str, rows[:_SHOWN_ROWS]))}{more}"
