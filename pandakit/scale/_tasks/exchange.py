"""Exchange: rows go to buckets by their identity, so that each identity is in one bucket."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pandakit.consolidation._read.events import Reader
from pandakit.consolidation._read.requirements import INCIDENT_IDENTIFIER
from pandakit.files import atomic_write
from pandakit.scale._folder.records import rejected_records
from pandakit.scale._order.segments import Segment, write_segments
from pandakit.scale._source.columns import looks_at
from pandakit.scale._source.files import naming
from pandakit.scale._tasks.counts import Counts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pandakit.consolidation._read.events import EncodedEvents
    from pandakit.consolidation.policy import Policy, TimeUnit
    from pandakit.scale._source.pieces import Piece

__all__ = ["exchange"]

SEGMENT_ROWS = 1 << 17
_MISSING = np.uint64(0x9E3779B97F4A7C15)
_FACTOR = np.uint64(0xFF51AFD7ED558CCD)
_SHIFT = np.uint64(32)


def exchange(
    pieces: list[Piece], policy: Policy, unit: TimeUnit, n_buckets: int, path: Path
) -> Path:
    """Write the accepted rows of pieces of one file into one file, bucket by bucket.

    Parameters
    ----------
    pieces, policy, unit
        What to read, and how; the pieces follow each other in the file.
    n_buckets
        How many buckets there are.
    path
        The file to write; rejected rows are listed beside it.
    """
    first_row, place = pieces[0].first_row, pieces[0].place_of
    table = pa.concat_tables(piece.load().table for piece in pieces).unify_dictionaries()
    reader = Reader(policy, unit)
    with naming(f"{place(0)} and later"):
        encoded = reader.read(table, place)
    counts = Counts()
    counts.add(reader)
    rows = np.flatnonzero(encoded.reason >= 0)
    with atomic_write(path.with_suffix(".outcomes")) as file:
        file.write(rejected_records(rows + first_row, encoded.reason[rows]).tobytes())
    if not looks_at("timestamp", policy):
        table = table.drop_columns(["timestamp"])  # the parsed times are written anyway
    buckets = _buckets(reader, encoded, n_buckets)
    write_segments(path, _by_bucket(first_row, table, encoded, buckets), counts.facts)
    return path


def _by_bucket(
    first_row: int, table: pa.Table, encoded: EncodedEvents, buckets: np.ndarray
) -> Iterator[Segment]:
    table = table.combine_chunks()
    order = np.arange(len(buckets)) if encoded.order is None else encoded.order
    order = order[np.argsort(buckets[order], kind="stable")]  # in time order within each bucket
    bounds = np.searchsorted(buckets[order], np.arange(buckets.max(initial=0) + 2))
    for bucket, (begin, stop) in enumerate(itertools.pairwise(bounds.tolist())):
        for at in range(begin, stop, SEGMENT_ROWS):
            part = order[at : min(at + SEGMENT_ROWS, stop)]
            rows = part + first_row
            yield Segment(table.take(pa.array(part)), encoded.time[part], rows, first_row, bucket)


def _buckets(reader: Reader, encoded: EncodedEvents, n_buckets: int) -> np.ndarray:
    """Return the bucket of each row, which depends on its identity, not on the columns' types."""
    rows = np.zeros(encoded.n_identities, dtype=np.int64)
    rows[encoded.identity[::-1]] = np.arange(len(encoded.identity))[::-1]
    hashes = _hash_identities(reader, encoded, rows)
    numbers = (hashes % np.uint64(n_buckets)).astype(np.uint16)
    return np.asarray(numbers[encoded.identity])


def _hash_identities(reader: Reader, encoded: EncodedEvents, rows: np.ndarray) -> np.ndarray:
    """Return a stable hash of the text form of the identity of some rows."""
    vocabularies = reader.vocabularies
    found = _hash_labels(vocabularies["app_key"].labels, encoded.app[rows])
    pairs = found
    for numbers, known in (
        (encoded.primary, reader.primaries),
        (encoded.secondary, reader.secondaries),
    ):
        names, owners, values = known.split(numbers[rows])
        labels, offsets = vocabularies.joined(names)
        places = np.where(values < 0, -1, values + np.append(offsets, np.int32(0))[owners])
        pairs = _mixed(pairs, _hash_labels(pa.array(names, pa.string()), owners))
        pairs = _mixed(pairs, _hash_labels(labels, places))
    if encoded.incident_identifier is None:
        return pairs
    codes = encoded.incident_identifier[rows]
    named = _mixed(found, _hash_labels(vocabularies[INCIDENT_IDENTIFIER].labels, codes))
    return np.where(codes < 0, pairs, named)


def _hash_labels(labels: pa.Array, codes: np.ndarray) -> np.ndarray:
    texts = np.array([*labels.to_pylist()], dtype=object)
    hashes = pd.util.hash_array(texts, categorize=False) if len(texts) else np.zeros(0, np.uint64)
    return np.asarray(np.append(hashes, _MISSING)[codes])


def _mixed(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    mixed: Any = (one ^ (two + _MISSING)) * _FACTOR  # products wrap around
    return np.asarray(mixed ^ (mixed >> _SHIFT))
