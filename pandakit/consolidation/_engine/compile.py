"""The kernel, compiled where numba can be imported, interpreted where it cannot."""

from __future__ import annotations

import importlib.util
import os
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["inlined", "jit", "kernels", "options", "wanted"]

NO_NUMBA = "PANDAKIT_NO_NUMBA"
_INTERPRETED = "pandakit.consolidation._interpreted_kernel"
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True}
# The kernel allocates nothing, so that it does without numba's counting of references,
# which would take more than half of its time. The option is not a documented one.
_WITHOUT_COUNTING: dict[str, Any] = {"_nrt": False}


def wanted() -> bool:
    """Whether the kernel is to be compiled: numba is there and nobody said no."""
    return not os.environ.get(NO_NUMBA) and importlib.util.find_spec("numba") is not None


def jit(function: Callable[..., Any]) -> Any:
    """Compile a function of the kernel, or leave it as it is."""
    if not wanted():
        return function
    import numba  # noqa: PLC0415 - takes half a second; only the kernel needs it

    return numba.njit(**options())(function)


def inlined(function: Callable[..., Any]) -> Any:
    """Compile a function into each place that calls it: a call would cost more than it does."""
    if not wanted():
        return function
    import numba  # noqa: PLC0415 - as above

    return numba.njit(**options(), forceinline=True)(function)


@cache
def options() -> dict[str, Any]:
    """Give the options to compile with: a numba that does not know the fastest ones goes without.

    Numba itself would refuse an option only when the kernel is called for the first time.
    """
    try:
        flags = import_module("numba.core.compiler").Flags()
        known = import_module("numba.core.registry").cpu_target.options
        known.parse_as_flags(flags, dict(_WITHOUT_COUNTING))
    except (ImportError, AttributeError, KeyError, TypeError, ValueError):
        return _OPTIONS
    return _OPTIONS | _WITHOUT_COUNTING


def kernels() -> ModuleType:
    """Give the kernel: the compiled one or the interpreted one.

    Both are the same source, loaded once each; the environment variable
    ``PANDAKIT_NO_NUMBA`` chooses the interpreted one.
    """
    return _load(fast=wanted())


@cache
def _load(*, fast: bool) -> ModuleType:
    if fast:
        from pandakit.consolidation._engine import kernel  # noqa: PLC0415 - compiles when imported

        return kernel
    # Under a name of its own, with modules of its own.
    folder = Path(__file__).parent / "kernel"
    spec = importlib.util.spec_from_file_location(
        _INTERPRETED, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018 - it lies beside this file
    module = sys.modules[_INTERPRETED] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
