"""The columns of a frame as a query sees them: codes of distinct texts."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pandakit.errors import EventError
from pandakit.text import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    Test = Callable[["Texts"], NDArray[np.bool_]]

__all__ = ["TagColumn", "TagColumns", "Texts", "nearest", "tag_places"]

# Tags that fall back to another column.
_INSTEAD = {"source_system": "app_key"}
# A keyword searches descriptions, sources, comments and tags; this column is none of them.
_NOT_SEARCHED = "timestamp"


class Texts:
    """Distinct texts, as they are and without case."""

    def __init__(self, exact: pa.Array) -> None:
        self.exact = exact

    @cached_property
    def folded(self) -> pa.Array:
        """The texts in lower case."""
        return pc.utf8_lower(self.exact)


class TagColumn:
    """One column: each row has a code of a distinct text, -1 where it is missing."""

    def __init__(self, values: Any, name: str) -> None:
        self.codes, labels = _encode(values, name)
        self.whole = Texts(labels)

    @cached_property
    def _items(self) -> tuple[Texts, NDArray[np.int64]]:
        lists = pc.split_pattern(self.whole.exact, "|")
        return Texts(lists.flatten()), pc.list_parent_indices(lists).to_numpy()

    @cached_property
    def _is_multi_valued(self) -> bool:
        return bool(pc.any(pc.match_substring(self.whole.exact, "|")).as_py())

    def hits(self, test: Test, *, whole: bool) -> NDArray[np.bool_]:
        """Return, for each distinct text, whether it or one of its ``|``-joined items passes."""
        if whole or not self._is_multi_valued:
            return test(self.whole)
        items, parents = self._items
        hits = np.zeros(len(self.whole.exact), dtype=bool)
        hits[parents[test(items)]] = True
        return hits

    def spread(self, hits: NDArray[np.bool_], *, missing: bool) -> NDArray[np.bool_]:
        """Return the result for each row from that for the distinct texts."""
        # A missing row's code, -1, picks the last one.
        return np.append(hits, missing)[self.codes]


class TagColumns:
    """The columns of a frame, table or mapping by the name of the tag, each read once."""

    def __init__(self, source: Any) -> None:
        self.names, self._get, self.rows = _open(source)
        self._read: dict[int, TagColumn] = {}

    def find(self, tag: str) -> TagColumn | None:
        """Return the column of a tag: by its name, else in another case, else `tag.<name>`."""
        found = tag_places(self.names, tag)
        if len(found) > 1:
            shown = ", ".join(repr(self.names[i]) for i in found)
            raise EventError(
                f"the query's tag {tag!r} could be any of the columns {shown}: BPQL ignores "
                f"case in names; rename or drop all but one"
            )
        if found:
            return self._column(found[0])
        folded = tag.lower()
        return self.find(_INSTEAD[folded]) if folded in _INSTEAD else None

    def searched(self) -> Iterator[TagColumn]:
        """Return the columns that a keyword is searched in: all but times."""
        for i, name in enumerate(self.names):
            if str(name).lower() != _NOT_SEARCHED and not _is_time(self._get(i)):
                yield self._column(i)

    def _column(self, i: int) -> TagColumn:
        if i not in self._read:
            column = TagColumn(self._get(i), str(self.names[i]))
            if len(column.codes) != self.rows:
                raise ValueError(
                    f"column {self.names[i]!r} has {len(column.codes)} rows, not {self.rows}"
                )
            self._read[i] = column
        return self._read[i]


def nearest(tag: str, names: Iterable[Any]) -> str:
    """Return the column names most like a tag, for a message."""
    known = {str(name).removeprefix("tag."): str(name) for name in names}
    near = get_close_matches(tag, known, 3, 0.5)
    return f"nearest: {', '.join(near)}" if near else f"there is: {', '.join(known)}"


def tag_places(columns: Iterable[Any], tag: str) -> list[int]:
    """Return the positions of a tag's column: by name, else in another case, else `tag.<name>`.

    Examples
    --------
    >>> tag_places(["status", "Host", "tag.host"], "host"), tag_places(["a"], "host")
    ([1], [])
    """
    names = [str(column) for column in columns]
    lowered = [name.lower() for name in names]
    folded = tag.lower()
    return _places(names, tag) or _places(lowered, folded) or _places(lowered, f"tag.{folded}")


def _places(names: list[str], wanted: str) -> list[int]:
    return [i for i, name in enumerate(names) if name == wanted]


def _open(source: Any) -> tuple[list[Any], Callable[[int], Any], int]:
    if isinstance(source, pd.DataFrame):
        return list(source.columns), lambda i: source.iloc[:, i], len(source)
    if isinstance(source, (pa.Table, pa.RecordBatch)):
        return list(source.schema.names), source.column, source.num_rows
    if isinstance(source, Mapping):
        names = list(source)
        rows = len(source[names[0]]) if names else 0
        return names, lambda i: source[names[i]], rows
    raise TypeError(
        f"a DataFrame, an Arrow table or a mapping of names to arrays is needed, "
        f"not {type(source).__name__}"
    )


def _is_time(values: Any) -> bool:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return bool(pa.types.is_temporal(values.type))
    return getattr(getattr(values, "dtype", None), "kind", "") in {"m", "M"}


def _encode(values: Any, name: str) -> tuple[NDArray[np.int32], pa.Array]:
    try:
        cells = _encodable(values)
        cells = to_text(values, column=name) if cells is None else cells
    except ValueError as error:
        raise EventError(str(error)) from None
    if not len(cells):
        cells = pa.array([], pa.large_string())
    if not pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_encode()
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.unify_dictionaries().combine_chunks()
    labels = _flat(to_text(cells.dictionary, column=name).cast(pa.large_string()))
    codes = pc.fill_null(cells.indices.cast(pa.int32()), -1).to_numpy()
    if labels.null_count:
        places = np.arange(len(labels), dtype=np.int32)
        places[labels.is_null().to_numpy(zero_copy_only=False)] = -1
        codes = np.append(places, np.int32(-1))[codes]
        labels = pc.fill_null(labels, "")
    return codes, labels


def _flat(array: Any) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _encodable(values: Any) -> Any:
    """Return an Arrow array whose distinct values can be read before their text, else None."""
    if isinstance(values, pd.Series) and values.dtype != object:
        try:
            values = pa.array(values.array, from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError):
            return None
    if not isinstance(values, (pa.Array, pa.ChunkedArray)):
        return None
    kind = values.type
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return values if any(fits(inner) for fits in _ENCODABLE) else None


_ENCODABLE = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_integer,
    pa.types.is_boolean,
    pa.types.is_float32,
    pa.types.is_float64,
)
