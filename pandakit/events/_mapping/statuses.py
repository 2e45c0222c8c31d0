"""Statuses of raw columns, turned into the five of an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.text import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["STATUSES", "checked_statuses", "read_statuses"]

STATUSES = ("ok", "acknowledged", "unknown", "warning", "critical")


def checked_statuses(mapping: Mapping[Any, str] | None) -> dict[str, str]:
    """Return a mapping of status texts, keys in lower case.

    Raises
    ------
    ValueError
        A value is not a status, or two keys that differ in case disagree.

    Examples
    --------
    >>> checked_statuses({"Firing": "critical", 2: "warning"})
    {'firing': 'critical', '2': 'warning'}
    """
    if mapping is None:
        return {}
    keys = [text or "" for text in to_text(list(mapping)).to_pylist()]
    found: dict[str, str] = {}
    for key, value in zip(keys, mapping.values(), strict=True):
        status = str(value).lower()
        if status not in STATUSES:
            raise ValueError(
                f"status={{{key!r}: {value!r}}}: a status is one of {', '.join(STATUSES)}"
            )
        if found.setdefault(key.lower(), status) != status:
            raise ValueError(f"status: {key!r} is given twice, with different statuses")
    return found


def read_statuses(
    cells: pa.ChunkedArray, mapping: Mapping[str, str], otherwise: str | None, column: str
) -> tuple[Any, np.ndarray]:
    """Return the statuses, as a dictionary if the column is one, and which rows have none.

    Parameters
    ----------
    cells
        A column of any type.
    mapping
        Text in lower case -> status; the five statuses map to themselves.
    otherwise
        The status of every other and of a missing value; ``None``: such rows have no status.
    column
        For messages.
    """
    is_dictionary = pa.types.is_dictionary(cells.type)
    if not is_dictionary:
        cells = to_text(cells, column=column).dictionary_encode()
    encoded = cells.combine_chunks()
    known = {status: status for status in STATUSES} | dict(mapping)
    labels = [label or "" for label in to_text(encoded.dictionary, column=column).to_pylist()]
    statuses = [known.get(label.lower(), otherwise) for label in labels]
    places = [None if status is None else STATUSES.index(status) for status in statuses]
    codes = pa.array(places, pa.int8()).take(encoded.indices)
    if otherwise is not None:
        codes = pc.fill_null(codes, STATUSES.index(otherwise))
    found = pa.DictionaryArray.from_arrays(codes, pa.array(STATUSES, pa.large_string()))
    bad = np.asarray(codes.is_null())
    return pa.chunked_array([found if is_dictionary else found.cast(pa.large_string())]), bad
