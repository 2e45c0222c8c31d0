"""One upload at a time for a table: within this process for sure, across processes with a warning.

Two jobs for one table may end in another order than they began, and the last one wins. So an
upload's turn ends with its job; where nobody has seen the end yet (`wait=False`, or a look at
the job that failed), the next upload to the table has to see it first.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import platformdirs

from pandakit.errors import ServiceWarning
from pandakit.transport import warn_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pandakit.bigpanda._upload import UploadJob

__all__ = ["Turn", "has_ended", "one_upload"]


class Turn:
    """Whose turn it is to replace a table."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.job: UploadJob | None = None
        """A job that was sent, and whose end nobody has seen."""
        self.claim = ExitStack()
        """What tells other processes."""


_turns: dict[tuple[str, str], Turn] = {}
_guard = threading.Lock()


@contextmanager
def one_upload(
    base_url: str, schema_id: str, see_end: Callable[[UploadJob], object]
) -> Iterator[Turn]:
    """Let one upload at a time replace a table; another thread's waits for its turn.

    Parameters
    ----------
    base_url, schema_id
        The table.
    see_end
        Waits for the end of the job that an earlier upload left at work.

    Yields
    ------
    Turn
        To note the job on, once there is one; it lasts until `has_ended` is told of it.

    Warns
    -----
    ServiceWarning
        Another process of this user uploads to the same table, or that cannot be known.
    """
    with _guard:
        turn = _turns.setdefault((base_url, schema_id), Turn())
    with turn.lock:
        if turn.job is not None:
            see_end(turn.job)
        try:
            _claim(turn.claim, base_url, schema_id)
            yield turn
        finally:
            if turn.job is None:
                turn.claim.close()


def has_ended(base_url: str, job: UploadJob) -> None:
    """End the turn of the upload that sent this job."""
    with _guard:
        for (base, _), turn in _turns.items():
            if base == base_url and turn.job and job.id == turn.job.id:
                turn.job = None
                turn.claim.close()


def _claim(held: ExitStack, base_url: str, schema_id: str) -> None:
    """Hold the table's lock file; the system lets go of it also when the process dies."""
    try:
        file = os.open(_lock_file(base_url, schema_id), os.O_RDWR | os.O_CREAT, 0o600)
        held.callback(os.close, file)
        is_ours = _lock(file)
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
    warn_user(message, ServiceWarning)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
