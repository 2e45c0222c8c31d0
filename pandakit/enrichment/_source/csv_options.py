"""How a table is written: every value in quotes, LF after each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import csv

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["csv_writer", "header_bytes"]


def header_bytes(columns: Sequence[str]) -> bytes:
    """Give the header row."""
    titles = (title.replace('"', '""') for title in columns)
    return (",".join(f'"{title}"' for title in titles) + "\n").encode()


def csv_writer(sink: Any, columns: Sequence[str]) -> csv.CSVWriter:
    """Give a writer of rows of text, for after the header row."""
    schema = pa.schema([(title, pa.large_string()) for title in columns])
    options = csv.WriteOptions(include_header=False, quoting_style="all_valid")
    return csv.CSVWriter(sink, schema, write_options=options)
