"""Download the results of a search to a file."""

from __future__ import annotations

import gzip
import zlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from pandakit.errors import ProtocolError
from pandakit.files import atomic_write
from pandakit.pangea._search.deferred import DeferredReplies
from pandakit.pangea.service import read_result
from pandakit.progress import progress_line
from pandakit.transport import Call

if TYPE_CHECKING:
    import os

    from pandakit.pangea.account import Account
    from pandakit.transport import Reply

__all__ = ["download"]

_GZIP = b"\x1f\x8b"
_MOST_BYTES = 1 << 30
_FORMATS = (".csv", ".json")


def download(self: Account, search_id: str, path: str | os.PathLike[str]) -> Path:
    """Return the file that the results of an earlier search were downloaded to.

    Parameters
    ----------
    search_id
        The id in `df.attrs["pandakit"]["search"]["id"]`.
    path
        The file to write. Its name decides the format: `.json` or `.csv`, gzipped if
        `.gz` follows. It is written whole or not at all; an existing one is replaced.

    Returns
    -------
    pathlib.Path
        The file. `pandakit.pangea.load` reads the JSON form.

    Raises
    ------
    ValueError
        If the name has a different suffix.
    NotFoundError, InvalidRequestError
        If the service does not keep the search.

    Notes
    -----
    The address that the service returns is fetched without the token.

    Source: "Pangea API reference".

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     events = services.pangea.search(start="2026-05-01")
    ...     search_id = events.attrs["pandakit"]["search"]["id"]
    ...     path = pathlib.Path(tempfile.mkdtemp()) / "events.json.gz"
    ...     path = services.pangea.download(search_id, path)
    >>> path.name
    'events.json.gz'
    """
    file = Path(path)
    body = {"result_id": search_id, "format": _file_format(file)}
    with progress_line("Pangea download", progress=self._progress) as line:
        replies = DeferredReplies(self._session, self._progress)
        reply = replies.send(self._call("/v1/download_results", body), line)
        url = reply.read(lambda reply: read_result(reply, "dest_url"))["dest_url"]
        content = self._session.send(_presigned_call(reply, url), line).content
    _write_whole(content, file)
    return file


def _file_format(path: Path) -> str:
    """Return the format that a file's name stands for.

    Raises
    ------
    ValueError
        If it ends neither in `.csv` nor `.json`, with `.gz` or without.

    Examples
    --------
    >>> _file_format(Path("events.csv.gz"))
    'csv'
    """
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    if plain.suffix not in _FORMATS:
        raise ValueError(f"{path.name!r} names no format: use .csv, .json, .csv.gz or .json.gz")
    return plain.suffix[1:]


def _presigned_call(reply: Reply, url: object) -> Call:
    """Return the call that fetches a presigned address, without the token."""
    if not isinstance(url, str) or "://" not in url:
        raise reply.malformed("returned no address to download from")
    return Call("GET", url, endpoint="download", anonymous=True)


def _write_whole(data: bytes, path: Path) -> None:
    """Write a file whole or not at all, gzipped if its name ends in `.gz`."""
    packed = data.startswith(_GZIP)
    if path.suffix == ".gz" and not packed:
        data = gzip.compress(data, mtime=0)
    elif path.suffix != ".gz" and packed:
        data = _unpacked(data)
    with atomic_write(path) as file:
        file.write(data)


def _unpacked(data: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as file:
            unpacked = file.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ProtocolError(
            f"the downloaded file is damaged ({type(error).__name__}): download it again"
        ) from None
    if len(unpacked) > _MOST_BYTES:
        raise ProtocolError(
            f"the downloaded file is longer than {_MOST_BYTES:,} bytes unpacked: use a name "
            "that ends in .gz"
        )
    return unpacked
