"""One upload at a time for a table: within this process for sure, across processes with a warning.

Two jobs for one table may end in another order than they began, and the last one wins.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING

import platformdirs

from pandakit.errors import PartialWarning
from pandakit.transport import warn_user

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["table_lock"]

_locks: dict[tuple[str, str], threading.Lock] = {}
_guard = threading.Lock()


@contextmanager
def table_lock(base_url: str, schema_id: str) -> Iterator[None]:
    """Let one upload at a time replace a table; another thread's waits for its turn.

    Warns
    -----
    PartialWarning
        Another process of this user uploads to the same table, or that cannot be known.
    """
    with _guard:
        lock = _locks.setdefault((base_url, schema_id), threading.Lock())
    with lock, ExitStack() as held:
        _claim(held, base_url, schema_id)
        yield


def _claim(held: ExitStack, base_url: str, schema_id: str) -> None:
    """Hold the table's lock file; the system lets go of it also when the process dies."""
    try:
        is_ours = _lock(held.enter_context(_lock_file(base_url, schema_id).open("ab")))
    except OSError as error:
        _warn(f"whether another process uploads to {schema_id} cannot be known: {error}")
        return
    if not is_ours:
        _warn(
            f"another process of yours is uploading to the table of {schema_id}: of the two jobs "
            "the one that ends last wins; enrichment_arrived() tells which table is there"
        )


def _lock_file(base_url: str, schema_id: str) -> Path:
    digest = hashlib.sha256(f"{base_url} {schema_id}".encode()).hexdigest()
    folder = platformdirs.user_state_path("pandakit", appauthor=False, ensure_exists=True)
    return folder / f"upload-{digest[:32]}.lock"


def _warn(message: str) -> None:
    warn_user(message, PartialWarning)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
