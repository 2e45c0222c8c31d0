"""Equal text, equal number: the rows of a table of text against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._duplicates.hash import layout

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["folded", "repeats", "row_ids"]


def row_ids(table: pa.Table, columns: Sequence[int]) -> np.ndarray:
    """Give each row the number of its text over these columns: equal rows, equal numbers."""
    ids = np.zeros(table.num_rows, np.int64)
    for at in columns:
        coded = table.column(at).combine_chunks().dictionary_encode()
        ids, _ = pd.factorize(ids * len(coded.dictionary) + coded.indices.to_numpy())
    return ids


def repeats(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Say which rows have the id of an earlier row, and where each id occurs first."""
    series = pd.Series(ids)
    again = series.duplicated().to_numpy()
    firsts = np.flatnonzero(~again)
    return again, firsts[pd.factorize(ids)[0]]


def folded(text: Any) -> Any:
    """Give text in lower case; most keys are, and need no copy."""
    if isinstance(text, pa.Array):
        data, _ = layout(text)
        capitals = (data - ord("A")) < 26  # noqa: PLR2004 - unsigned: what lies before A wraps
        if not capitals.any() and int(data.max(initial=0)) < 0x80:  # noqa: PLR2004 - ASCII
            return text
    return pc.utf8_lower(text)
