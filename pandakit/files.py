"""The one way in which pandakit writes a file: whole, or not at all.

Text goes to a new file with a random name in the same folder, which then takes the place of
the old one in a single step. Readers see the old file or the new one, never a part of one.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["atomic_write", "refuse_existing"]

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL  # O_EXCL fails on any existing name, links too
_FLAGS = _NEW_FILE | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
_DEFAULT_MODE = 0o666  # less the process's umask


@contextmanager
def atomic_write(path: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[IO[bytes]]:
    """Yield a binary file whose content takes the place of `path` when the block ends.

    If the block raises, or the process is interrupted, the old file stays as it was and the
    temporary file is deleted. Of several writers the last to finish wins, with its whole file.

    Parameters
    ----------
    path
        The file to write. An existing file keeps its permissions. A symbolic link is replaced
        by the file; what it points to is left alone.
    overwrite
        Whether an existing file may be replaced.

    Raises
    ------
    FileExistsError
        The file exists and `overwrite` is false; also if it was created in the meantime. The
        message names it and says what to do.
    OSError
        The path is a folder, a pipe or a device, or the file cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = pathlib.Path(folder, "owners.csv")
    ...     with atomic_write(target) as file:
    ...         _ = file.write(b"host,owner")
    ...     target.read_bytes()
    b'host,owner'
    """
    target = Path(path)
    if not overwrite:
        refuse_existing(target)
    mode = _mode_of(target)
    temporary = target.with_name(f".pandakit-{secrets.token_hex(16)}.tmp")
    descriptor = os.open(temporary, _FLAGS, _DEFAULT_MODE if mode is None else mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.chmod(temporary, mode)  # noqa: PTH101 - the umask may have taken bits away
            yield file
            file.flush()
            os.fsync(file.fileno())
        _publish(temporary, target, overwrite=overwrite)
    finally:
        temporary.unlink(missing_ok=True)


def refuse_existing(*paths: Path) -> None:
    """Raise an error if one of the names is taken, by a file, a folder or a link.

    Raises
    ------
    FileExistsError
        The message names the first that is taken and says what to do.
    """
    for path in paths:
        if os.path.lexists(path):
            raise _exists(path)


def _exists(path: Path) -> FileExistsError:
    return FileExistsError(
        f"{path} exists already; choose another name, or replace it with overwrite=True"
    )


def _mode_of(target: Path) -> int | None:
    """Return the permissions of an existing file, None where there is none."""
    try:
        found = target.lstat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found):
        return None
    if not stat.S_ISREG(found):
        raise OSError(f"{target} is not a regular file; choose another name")
    return stat.S_IMODE(found) & 0o777


def _publish(temporary: Path, target: Path, *, overwrite: bool) -> None:
    if not overwrite:
        try:
            _reserve(temporary, target)
        except FileExistsError:
            raise _exists(target) from None
    temporary.replace(target)


def _reserve(temporary: Path, target: Path) -> None:
    """Take a free name; unlike a rename, a hard link fails if it is taken."""
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        target.touch(exist_ok=False)
