"""Keep a loaded frame with its `attrs` in one Parquet file, to continue offline.

The file has a checksum of all its bytes, so a damaged file raises an error and never becomes a
different frame.

>>> import pathlib, tempfile
>>> import pandas as pd
>>> frame = pd.DataFrame({"id": ["a", "b"], "tags": [["x"], None]})
>>> frame.attrs["pandakit"] = {"source": "Panther sandbox", "rows": 2, "elapsed_s": 0.7}
>>> with tempfile.TemporaryDirectory() as folder:
...     path = save(frame, pathlib.Path(folder) / "rules.parquet")
...     again = load(path)
>>> again["tags"].tolist(), again.attrs["pandakit"]
([['x'], None], {'source': 'Panther sandbox', 'rows': 2})
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.errors import PandakitError
from pandakit.files import atomic_write

if TYPE_CHECKING:
    import os

    import pyarrow as pa

__all__ = ["load", "save"]

_KEY = b"pandakit"
_VERSION = 2
# In the footer's metadata; the checksum is computed with zeros in its place.
_SUM_KEY, _SUM_LENGTH = b"pandakit-sha256:", 64
# Differ from run to run for the same rows: left out, so that equal loads make equal files.
_VOLATILE = ("elapsed_s",)


def save(frame: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Save a frame and its `attrs`, and return the path of the file.

    The same frame always makes the same bytes; values that differ from run to run (`elapsed_s`) are
    left out. Columns of objects (lists, maps, mixed values) are kept as JSON text and restored
    with equal values; any missing value in them becomes `None`.

    Parameters
    ----------
    frame
        A loaded frame, or any frame whose objects are JSON values.
    path
        The file to write; an existing one is replaced when the new one is complete, and keeps
        its permissions.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    TypeError
        When a value is not a JSON value; the message names the column and the row.
    ValueError
        When a column's name is not text, or is repeated.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "rules.parquet"
    >>> save(pd.DataFrame({"id": ["a"], "tags": [["x", "y"]]}), path).name
    'rules.parquet'
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy, loaded on first use

    _check_names(frame)
    as_json = [name for name in frame.columns if frame[name].dtype == object]
    flat = frame.copy(deep=False)
    flat.attrs = {}
    for name in as_json:
        flat[name] = pd.array(_texts(frame[name]), dtype="string")
    table = pa.Table.from_pandas(flat)
    strings = {name: frame[name].dtype.storage for name in frame if _is_string(frame[name])}
    note = {
        "version": _VERSION,
        "json": as_json,
        "strings": strings,
        "categories": {
            name: frame[name].cat.categories.tolist()
            for name in frame
            if isinstance(frame[name].dtype, pd.CategoricalDtype)
        },
        "attrs": _steady(frame.attrs),
    }
    text = json.dumps(note, ensure_ascii=False, allow_nan=False, default=_refuse_attr)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: text.encode()})
    content = _with_checksum(table)
    with atomic_write(path) as file:
        file.write(content)
    return Path(path)


def _with_checksum(table: pa.Table) -> bytes:
    """Return the bytes of a Parquet file with their checksum."""
    import pyarrow as pa  # noqa: PLC0415 - heavy, loaded on first use
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy, loaded on first use

    sink = pa.BufferOutputStream()
    empty = "0" * _SUM_LENGTH
    with pq.ParquetWriter(sink, table.schema) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"checksum": _SUM_KEY.decode() + empty})
    content = bytearray(sink.getvalue().to_pybytes())
    place = content.rindex(_SUM_KEY) + len(_SUM_KEY)
    content[place : place + _SUM_LENGTH] = hashlib.sha256(content).hexdigest().encode()
    return bytes(content)


def _is_whole(content: bytes) -> bool:
    """Return whether the bytes of a file match their checksum."""
    place = content.rfind(_SUM_KEY) + len(_SUM_KEY)
    if place < len(_SUM_KEY):
        return False
    end = place + _SUM_LENGTH
    digest = hashlib.sha256(content[:place])
    digest.update(b"0" * _SUM_LENGTH)
    digest.update(content[end:])
    return content[place:end] == digest.hexdigest().encode()


def load(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return what `save` wrote: the same columns, values and `attrs`.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    PandakitError
        When the file is damaged, or was not written by `save` of this version.
    FileNotFoundError
        When there is no such file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "rules.parquet"
    >>> path = save(pd.DataFrame({"id": ["a"], "tags": [["x", "y"]]}), path)
    >>> load(path)["tags"].tolist()
    [['x', 'y']]
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy, loaded on first use
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy, loaded on first use

    source = Path(path)
    content = source.read_bytes()
    if not _is_whole(content):
        raise PandakitError(
            f"{source} is damaged, or was not saved by pandakit.save of this version: save it again"
        )
    fault = ""
    try:
        table = pq.ParquetFile(pa.BufferReader(content)).read()
        note = json.loads(table.schema.metadata[_KEY])
        if note["version"] == _VERSION:
            return _restored(table, note)
        fault = f"has the version {note['version']!r}"
    except (pa.ArrowException, LookupError, TypeError, ValueError, AttributeError) as error:
        fault = f"cannot be read ({type(error).__name__}: {error})"
    raise PandakitError(f"{source} {fault}: save it again with this version of pandakit")


def _restored(table: pa.Table, note: dict[str, Any]) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    for name in note["json"]:
        texts = table.column(name).to_pylist()
        values = [None if text is None else json.loads(text) for text in texts]
        frame[name] = pd.Series(values, index=frame.index, dtype=object)
    for name, storage in note["strings"].items():
        frame[name] = frame[name].astype(pd.StringDtype(storage))
    for name, categories in note["categories"].items():
        # An empty column forgets them.
        frame[name] = frame[name].cat.set_categories(categories)
    frame.attrs = note["attrs"]
    return frame


def _check_names(frame: pd.DataFrame) -> None:
    for name in frame.columns:
        if not isinstance(name, str):
            raise ValueError(f"column {name!r} has a name that is not text: rename it first")  # noqa: TRY004 - a value of the frame
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise ValueError(f"column {twice[0]!r} is there twice: rename one of them first")


def _is_string(column: pd.Series) -> bool:
    """Return whether this is pandas' nullable text, whose storage Parquet does not record."""
    return isinstance(column.dtype, pd.StringDtype) and column.dtype.na_value is pd.NA


def _texts(column: pd.Series) -> list[str | None]:
    return [_text(value, column.name, row) for row, value in enumerate(column)]


def _text(value: Any, name: Any, row: int) -> str | None:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        same = json.loads(text) == value
    except (TypeError, ValueError):
        same = False
    if not same:
        raise TypeError(
            f"column {name!r}, row {row}: {type(value).__name__} {str(value)[:40]!r} would not "
            "come back the same from JSON: turn it into text or numbers first"
        )
    return text


def _steady(attrs: dict[Any, Any]) -> dict[Any, Any]:
    return {
        key: {name: fact for name, fact in value.items() if name not in _VOLATILE}
        if isinstance(value, dict)
        else value
        for key, value in attrs.items()
    }


def _refuse_attr(value: Any) -> Any:
    number = getattr(value, "item", None)
    if number is not None and not (isinstance(number(), float) and math.isnan(number())):
        return number()
    raise TypeError(f"attrs have a {type(value).__name__}, which JSON has no form for")
