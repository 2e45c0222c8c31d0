"""Compiling the kernels with numba, and keeping the compiled code on disk."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["COMPILED", "cache_folder", "inlined", "jit", "options"]

NO_NUMBA = "PANDAKIT_NO_NUMBA"
COMPILED = not os.environ.get(NO_NUMBA) and importlib.util.find_spec("numba") is not None

_OPTIONS: dict[str, Any] = {"nogil": True}
# The kernels allocate nothing, so they can do without numba's reference counting, which would
# take more than half of their time. The option is undocumented.
_WITHOUT_COUNTING: dict[str, Any] = {"_nrt": False}
_PACKAGE = Path(__file__).parents[1]
# Kernels call nothing outside of these, and take their constants from nowhere else.
_COMPILED_MODULES = ("compile", "kernel", "layout")
_WRITABLE_BY_OTHERS = 0o022


def jit(function: Callable[..., Any]) -> Any:
    """Return the compiled function, or the function itself where numba is not used."""
    if not COMPILED:
        return function
    import numba  # noqa: PLC0415 - takes half a second; only the kernels need it

    folder = cache_folder()
    with _cached_in(folder):
        return numba.njit(**options(), cache=folder is not None)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """Return a function that is compiled into each of its callers: a call would cost too much."""
    if not COMPILED:
        return function
    import numba  # noqa: PLC0415 - as above

    return numba.njit(**options(), forceinline=True)(function)


@cache
def options() -> dict[str, Any]:
    """Return the options to compile with, without the undocumented one if numba refuses it.

    Numba itself would only refuse it when a kernel is first called.
    """
    try:
        flags = import_module("numba.core.compiler").Flags()
        target = import_module("numba.core.registry").cpu_target.options
        target.parse_as_flags(flags, dict(_WITHOUT_COUNTING))
    except (ImportError, AttributeError, KeyError, TypeError, ValueError):
        return _OPTIONS
    return _OPTIONS | _WITHOUT_COUNTING


@cache
def cache_folder() -> str | None:
    """Return the folder for compiled code, or None if only an unsafe or read-only one exists.

    The folder is named after everything that the compiled code depends on, because numba only
    notices changes in the one file that holds a function. Compiled code is loaded and run, so a
    folder that belongs to another user, or that others can write to, is not used.
    """
    from platformdirs import user_cache_path  # noqa: PLC0415 - only needed where numba is used

    config = _numba_config()
    base = Path(config.CACHE_DIR or user_cache_path("pandakit", appauthor=False))
    folder = base / f"kernels-{_digest()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return str(folder) if _is_ours(folder) and os.access(folder, os.W_OK) else None
    except OSError:
        return None


def _digest() -> str:
    """Return a hash of the kernels' sources, the options and the version of the package."""
    digest = hashlib.sha256(repr((version("pandakit"), options())).encode())
    for name in _COMPILED_MODULES:
        for path in sorted(_PACKAGE.glob(f"*/{name}.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _is_ours(folder: Path) -> bool:
    if not hasattr(os, "getuid"):
        return True  # on Windows the user's own profile is private
    status = folder.lstat()
    return status.st_uid == os.getuid() and not status.st_mode & _WRITABLE_BY_OTHERS


def _numba_config() -> Any:
    return import_module("numba.core.config")


@contextmanager
def _cached_in(folder: str | None) -> Iterator[None]:
    """Make numba use a cache folder; it reads the setting when a function is decorated."""
    config = _numba_config()
    before = config.CACHE_DIR
    config.CACHE_DIR = folder or before
    try:
        yield
    finally:
        config.CACHE_DIR = before
