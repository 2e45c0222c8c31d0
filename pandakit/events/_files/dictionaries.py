"""Columns of text that Parquet stores as dictionaries: read as such, if their values repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from pyarrow import parquet

__all__ = ["stored_as_dictionaries", "with_repeating", "without_dictionaries"]

# A writer stops adding to a dictionary above this size, and writes further values as plain text.
_DICTIONARY_BYTES = 1 << 20
_INDEX_BYTES = 4
_REPEATS = 2  # rows for each label


def stored_as_dictionaries(file: parquet.ParquetFile) -> list[str]:
    """Return the text columns that are dictionary-encoded throughout, judging by their size."""
    texts = {field.name for field in file.schema_arrow if _is_text(field.type)}
    paths = [file.metadata.schema.column(at).path for at in range(file.metadata.num_columns)]
    groups = [file.metadata.row_group(at) for at in range(file.metadata.num_row_groups)]
    return [
        path
        for at, path in enumerate(paths)
        if path in texts and all(_is_small(group.column(at)) for group in groups)
    ]


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_small(chunk: parquet.ColumnChunkMetaData) -> bool:
    most = 2 * _DICTIONARY_BYTES + _INDEX_BYTES * chunk.num_values
    return bool(chunk.has_dictionary_page and chunk.total_uncompressed_size <= most)


def with_repeating(table: pa.Table, names: list[str]) -> pa.Table:
    """Return the table with one dictionary per column, or text where few values repeat."""
    for name in names:
        place = table.column_names.index(name)
        cells = table.column(place)
        if sum(len(chunk.dictionary) for chunk in cells.chunks) * _REPEATS > len(cells):
            cells = cells.cast(pa.large_string())
        else:
            cells = cells.unify_dictionaries()
        table = table.set_column(place, name, cells)
    return table


def without_dictionaries(table: pa.Table) -> pa.Table:
    """Return the table with its text dictionaries decoded."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type) and _is_text(field.type.value_type):
            text = table.column(place).cast(pa.large_string())
            table = table.set_column(place, field.name, text)
    return table
