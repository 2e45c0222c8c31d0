"""The events to verify as arrays, from a frame or from JSON: nothing is checked here.

A `Place` is what the events of a batch share: its root and its number. Each event has the number
of its place, so that the checks of a batch run once and not for every event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from pandakit.errors import EventError
from pandakit.frames import facts
from pandakit.pangea._evidence.documents import events_of
from pandakit.pangea._evidence.roots import Root, Roots
from pandakit.pangea._evidence.values import (
    UNREADABLE,
    Unreadable,
    read_count,
    read_flag,
    read_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["Events", "Place", "read_events"]

Row = dict[str, Any]

_HELD = [
    moment.ceil("D").tz_localize("UTC")
    for moment in (pd.Timestamp.min, pd.Timestamp.max - pd.Timedelta("2D"))
]


class Place(NamedTuple):
    """The claimed position of an event: its root and its batch.

    Parameters
    ----------
    tree, size, root_hash
        The root that came with the results, or only its size.
    published
        Whether the batch is under a published root.
    leaf
        The number of the batch.
    """

    tree: str | Unreadable | None
    size: int | Unreadable | None
    root_hash: str | Unreadable | None
    published: bool | Unreadable | None
    leaf: int | Unreadable | None


_READERS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("tree_name", read_text),
    ("root_size", read_count),
    ("root_hash", read_text),
    ("published", read_flag),
    ("leaf_index", read_count),
)


@dataclass(frozen=True)
class Events:
    """The events to verify.

    Parameters
    ----------
    index
        The labels of the rows.
    received_at
        When the service received each event, as UTC times; from the envelope, which is hashed.
    envelopes, hashes
        One value for each event, as received.
    proofs
        One value for each event, as received; a text column stays a column, since proofs are
        most of a log.
    places, place_of
        The distinct places, and the number of each event's place.
    roots
        The roots that came with the events.
    """

    index: pd.Index
    received_at: Any
    envelopes: NDArray[Any]
    hashes: NDArray[Any]
    proofs: Any
    places: list[Place]
    place_of: NDArray[np.int64]
    roots: Roots


def read_events(results: Any) -> Events:
    """Return the events of a frame, or of JSON as Python data.

    Raises
    ------
    EventError
        If the frame has no column `envelope`, or the JSON no events.
    """
    if not isinstance(results, pd.DataFrame):
        return _from_rows(events_of(results))
    if "envelope" not in results:
        raise EventError(
            "the frame has no column 'envelope', so nothing can be verified: pass the frame of "
            "search, results or load, or a part of it that keeps this column"
        )
    return _from_frame(results)


def _from_rows(rows: Sequence[tuple[Row, Any]]) -> Events:
    places = [_place_key(row, root) for row, root in rows]
    numbers: dict[Any, int] = {}
    place_of = np.array([numbers.setdefault(key, len(numbers)) for key in places], np.int64)
    first = np.unique(place_of, return_index=True)[1].tolist()
    roots = {id(rows[row][1]): rows[row][1] for row in first if isinstance(rows[row][1], dict)}
    envelopes = _objects([row.get("envelope") for row, _ in rows])
    return Events(
        pd.RangeIndex(len(rows)),
        _received(envelopes),
        envelopes,
        _objects([row.get("hash") for row, _ in rows]),
        _objects([row.get("membership_proof") for row, _ in rows]),
        [_place(*rows[row]) for row in first],
        place_of,
        _roots_of(roots.values()),
    )


def _place_key(row: Row, root: Any) -> Any:
    """Return what the events of a place share: values with their types, and the root."""
    published, leaf, size = row.get("published"), row.get("leaf_index"), row.get("tree_size")
    if isinstance(leaf, dict | list) or isinstance(size, dict | list):
        leaf, size = id(leaf), id(size)
    return id(root), published is True, repr(published), type(leaf), leaf, type(size), size


def _place(row: Row, root: Any) -> Place:
    if root is None:
        tree, size, root_hash = None, row.get("tree_size"), None
    elif isinstance(root, dict):
        tree, size, root_hash = (root.get(key) for key in ("tree_name", "size", "root_hash"))
    else:
        tree = size = root_hash = UNREADABLE
    return Place(
        read_text(tree),
        read_count(size),
        read_text(root_hash),
        read_flag(row.get("published")),
        read_count(row.get("leaf_index")),
    )


def _roots_of(rows: Any) -> Roots:
    """Return the roots that came with the events; their sizes are checked with the events."""
    found = []
    for row in rows:
        size, tree = read_count(row.get("size")), read_text(row.get("tree_name"))
        root_hash = read_text(row.get("root_hash"))
        if isinstance(size, int) and not isinstance(tree, Unreadable) and root_hash is not None:
            found.append(Root(tree, size, root_hash, row.get("consistency_proof"), "results"))
    return Roots(found)


def _received(envelopes: NDArray[Any]) -> Any:
    texts = [each.get("received_at") if isinstance(each, dict) else None for each in envelopes]
    plain = pd.Series([text if isinstance(text, str) else None for text in texts], dtype=object)
    times = pd.to_datetime(plain, format="ISO8601", utc=True, errors="coerce")
    held = times.between(*_HELD)  # years beyond the range of nanoseconds are not times here
    return times.where(held).astype("datetime64[ns, UTC]").array


def _from_frame(frame: pd.DataFrame) -> Events:
    places, place_of = _places_of(frame)
    strange = _objects_of(frame, "unreadable")
    positions = np.flatnonzero([isinstance(each, dict) for each in strange])
    columns: dict[str, Any] = {name: _objects_of(frame, name) for name in ("envelope", "hash")}
    proofs = frame.get("membership_proof")
    if not len(positions) and proofs is not None and isinstance(proofs.dtype, pd.StringDtype):
        columns["membership_proof"] = proofs.array
    else:
        columns["membership_proof"] = _objects_of(frame, "membership_proof")
    for position in positions:
        row = strange[position]
        for name, values in columns.items():
            if name in row:
                values[position] = row[name]
        places.append(_corrected(places[place_of[position]], row))
        place_of[position] = len(places) - 1
    return Events(
        frame.index,
        _received(columns["envelope"]),
        columns["envelope"],
        columns["hash"],
        columns["membership_proof"],
        places,
        place_of,
        _roots_of(each for each in facts(frame).get("roots") or () if isinstance(each, dict)),
    )


def _corrected(place: Place, row: Row) -> Place:
    """Return a place with the values that did not fit their columns."""
    if "root" in row or "tree_size" in row:
        root = _place(row, row.get("root"))
        place = place._replace(tree=root.tree, size=root.size, root_hash=root.root_hash)
    if "published" in row:
        place = place._replace(published=read_flag(row["published"]))
    if "leaf_index" in row:
        place = place._replace(leaf=read_count(row["leaf_index"]))
    return place


def _places_of(frame: pd.DataFrame) -> tuple[list[Place], NDArray[np.int64]]:
    """Return the distinct places, and the number of each row's place."""
    combined = np.zeros(len(frame), np.int64)
    parts = []
    for name, read in _READERS:
        codes, values = _factorized(frame, name, read)
        parts.append((codes, values))
        combined = pd.factorize(combined * (len(values) + 1) + codes)[0].astype(np.int64)
    first = np.unique(combined, return_index=True)[1]
    places = [Place(*(values[codes[row]] for codes, values in parts)) for row in first]
    return places, combined


def _factorized(
    frame: pd.DataFrame, name: str, read: Callable[[Any], Any]
) -> tuple[NDArray[np.int64], list[Any]]:
    if name not in frame:
        return np.zeros(len(frame), np.int64), [None]
    try:
        codes, values = pd.factorize(frame[name])
        found = [read(value) for value in values]
    except TypeError:  # lists and maps have no hash
        codes, values = pd.factorize(_objects([read(value) for value in frame[name]]))
        found = list(values)
    return codes.astype(np.int64) + 1, [None, *found]


def _objects_of(frame: pd.DataFrame, name: str) -> NDArray[Any]:
    if name not in frame:
        return np.full(len(frame), None, dtype=object)
    column = frame[name]
    if column.dtype == object:
        values: NDArray[Any] = column.to_numpy().copy()
        values[[isinstance(value, float) and value != value for value in values]] = None  # noqa: PLR0124
        return values
    texts: NDArray[Any] = column.to_numpy(dtype=object, na_value=None)
    return texts


def _objects(values: list[Any]) -> NDArray[Any]:
    """Return an array of objects, even of lists and dicts."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
