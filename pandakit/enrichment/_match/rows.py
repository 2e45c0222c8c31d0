"""Rows with the same text: numbered, and looked up in another table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.enrichment._source.source import QUOTED

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["first_rows", "lowered", "repeats", "row_ids", "unquoted"]


def row_ids(
    table: pa.Table, columns: Sequence[int] | None = None, *, ignore_case: bool = False
) -> np.ndarray:
    """Return a number for each row: rows with equal text in these columns have equal numbers."""
    ids = np.zeros(table.num_rows, np.int64)
    for place in range(table.num_columns) if columns is None else columns:
        codes, count = _codes(table.column(place), ignore_case=ignore_case)
        ids, _ = pd.factorize(ids * count + codes)
    return ids


def _codes(column: pa.ChunkedArray, *, ignore_case: bool) -> tuple[np.ndarray, int]:
    """Return the position of each value among the distinct values, and how many these are."""
    if not len(column):  # older releases of Arrow cannot combine an empty dictionary
        return np.zeros(0, np.int64), 0
    encoded = column.dictionary_encode().unify_dictionaries().combine_chunks()
    codes: np.ndarray = encoded.indices.to_numpy()
    labels = encoded.dictionary
    if ignore_case:
        encoded = pc.utf8_lower(labels).dictionary_encode()
        codes, labels = encoded.indices.to_numpy()[codes], encoded.dictionary
    return codes, len(labels)


def repeats(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows have the id of an earlier row, and the first row with each row's id."""
    is_repeat = pd.Series(ids).duplicated().to_numpy()
    firsts = np.flatnonzero(~is_repeat)
    return is_repeat, firsts[pd.factorize(ids)[0]]


def first_rows(table: pa.Table, looked_up: pa.Table) -> np.ndarray:
    """Return, for each row that is looked up, the first row of `table` with its text, or -1."""
    both = pa.concat_tables([table, looked_up.rename_columns(table.column_names)])
    ids = row_ids(both)
    first = np.full(len(ids) + 1, -1, np.int64)
    rows = np.arange(table.num_rows)[::-1]
    first[ids[rows]] = rows
    found: np.ndarray = first[ids[table.num_rows :]]
    return found


def lowered(table: pa.Table) -> pa.Table:
    """Return a table of text in lower case."""
    return pa.table([pc.utf8_lower(column) for column in table.columns], table.column_names)


def unquoted(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return text as the service reads it: a value in quotes without them, its pipes literal."""
    is_quoted = pc.fill_null(pc.match_substring_regex(text, QUOTED), fill_value=False)
    if not pc.any(is_quoted).as_py():
        return text
    bare = pc.replace_substring(pc.utf8_slice_codeunits(text, 1, -1), '""', '"')
    return pc.if_else(is_quoted, bare, text)
