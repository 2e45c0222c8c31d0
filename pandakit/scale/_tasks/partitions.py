"""Files that are already split by a part of the identity: which of them belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pandakit.consolidation._read.requirements import INCIDENT_IDENTIFIER
from pandakit.errors import EventError
from pandakit.text import to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandakit.consolidation._read.events import EncodedEvents, Reader
    from pandakit.scale._source.pieces import Piece

__all__ = ["check_identities", "distinct_values", "files_that_share"]


def distinct_values(pieces: list[Piece], column: str) -> set[str | None]:
    """Return the values of a column in the pieces of a file, in their text form."""
    found: set[str | None] = set()
    for piece in pieces:
        cells = piece.load().table.column(column)
        found.update(to_text(cells.unique(), column=column).to_pylist())
    return found


def files_that_share(
    values: Sequence[set[str | None]], names: Sequence[str], column: str
) -> list[list[int]]:
    """Return the groups of files that have values in common.

    Raises
    ------
    EventError
        All files are in one group, so they are not split by the column.
    """
    owner: dict[str | None, int] = {}
    group = list(range(len(values)))

    def root(file: int) -> int:
        while group[file] != file:
            file = group[file]
        return file

    shared: tuple[str | None, int, int] | None = None
    for file, found in enumerate(values):
        for value in found:
            other = owner.setdefault(value, file)
            if other != file:
                shared = shared or (value, other, file)
                group[root(file)] = root(other)
    together: dict[int, list[int]] = {}
    for file in range(len(values)):
        together.setdefault(root(file), []).append(file)
    if shared is not None and len(together) == 1:
        value, one, two = shared
        raise EventError(
            f"partitioned_by: the files are not split by {column!r}: {names[one]} and "
            f"{names[two]} both have {value!r}, and the others follow from them; leave it out"
        )
    return list(together.values())


def check_identities(reader: Reader, encoded: EncodedEvents, column: str) -> None:
    """Raise if the column is not a part of the identity of every accepted row."""
    rows = np.arange(len(encoded.time)) if encoded.order is None else encoded.order
    bad = rows[~_has_part(reader, encoded, column)[rows]]
    if len(bad):
        raise EventError(
            f"partitioned_by: {column!r} is no part of the identity of {len(bad):,} rows, first of "
            f"row {bad[0]:,} of a chunk; name a column that is, or leave it out"
        )


def _has_part(reader: Reader, encoded: EncodedEvents, column: str) -> np.ndarray:
    if column == "app_key":
        return np.ones(len(encoded.time), dtype=bool)
    named = encoded.incident_identifier
    if column == INCIDENT_IDENTIFIER:
        return np.zeros(len(encoded.time), bool) if named is None else named >= 0
    has = np.zeros(len(encoded.time), dtype=bool)
    for numbers, known in (
        (encoded.primary, reader.primaries),
        (encoded.secondary, reader.secondaries),
    ):
        names, owners, _ = known.split(numbers)
        if column in names:
            has |= (owners == names.index(column)) & (numbers >= 0)
    return has if named is None else has & (named < 0)
