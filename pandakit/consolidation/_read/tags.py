"""The tags of events: columns, and the names that stand for something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.consolidation._read.codes import Vocabulary, one_chunk
from pandakit.consolidation._read.events import STATUSES
from pandakit.text import to_text

if TYPE_CHECKING:
    from pandakit.bpql import Bpql
    from pandakit.consolidation._read.events import Reader, Reading

__all__ = ["Tags"]


class Tags:
    """Reads tags of some rows: as codes for patterns, as columns for queries."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._sources = Vocabulary()

    def encode(self, tag: str, reading: Reading, rows: np.ndarray) -> tuple[np.ndarray, int]:
        """Give the codes of a tag, -1 where it is missing, and how many codes there are."""
        if tag == "primary":
            return reading.primary[rows], self._reader.primaries.size
        if tag == "secondary":
            return reading.secondary[rows], self._reader.secondaries.size
        if tag == "status":
            return reading.status[rows].astype(np.int32), len(STATUSES)
        if tag == "source_system":
            codes = self._sources.encode(self._source_systems(reading, rows), tag)
            return codes, self._sources.size
        vocabulary = self._reader.vocabulary(tag)
        if tag in reading.codes:
            return reading.codes[tag][rows], vocabulary.size
        return self._reader.encode(reading.table, tag, rows), vocabulary.size

    def columns(self, query: Bpql, reading: Reading, rows: np.ndarray) -> dict[str, Any]:
        """Give the columns that a query looks at."""
        wanted = set(query.columns)
        names = [
            name
            for name in map(str, reading.table.names)
            if query.has_keywords or name.lower() in wanted
        ]
        columns = {name: self._column(name, reading, rows) for name in names}
        if "source_system" in wanted or query.has_keywords:
            columns["source_system"] = self._source_systems(reading, rows)
        return columns

    def _column(self, name: str, reading: Reading, rows: np.ndarray) -> Any:
        if name == "status":
            return _dictionary(reading.status[rows], pa.array(STATUSES))
        if name in reading.codes:
            labels = self._reader.vocabulary(name).labels
            return _dictionary(reading.codes[name][rows], labels)
        return reading.table.rows(name, rows)

    def _source_systems(self, reading: Reading, rows: np.ndarray) -> pa.Array:
        labels = one_chunk(to_text(self._reader.vocabulary("app_key").labels))
        apps = labels.take(pa.array(reading.app[rows]))
        if "source_system" not in reading.table:
            return apps
        given = reading.table.text("source_system", rows)
        return pc.coalesce(one_chunk(given).cast(apps.type), apps)


def _dictionary(codes: np.ndarray, labels: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), labels)
