"""The kernel, compiled where numba can be imported, interpreted where it cannot."""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["jit", "kernels"]

NO_NUMBA = "PANDAKIT_NO_NUMBA"
# The kernel allocates nothing, so that it does without numba's counting of references
# (`_nrt`), which would take more than half of its time.
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}


def wanted() -> bool:
    """Whether the kernel is to be compiled: numba is there and nobody said no."""
    return not os.environ.get(NO_NUMBA) and importlib.util.find_spec("numba") is not None


def jit(function: Callable[..., Any]) -> Any:
    """Compile a function of the kernel, or leave it as it is."""
    if not wanted():
        return function
    import numba  # noqa: PLC0415 - takes half a second; only the kernel needs it

    return numba.njit(**_OPTIONS)(function)


def kernels() -> ModuleType:
    """Give the module of the kernel: the compiled one or the interpreted one.

    Both are the same source, loaded once each; the environment variable
    ``PANDAKIT_NO_NUMBA`` chooses the interpreted one.
    """
    return _load(fast=wanted())


@cache
def _load(*, fast: bool) -> ModuleType:
    if fast:
        from pandakit.consolidation import _kernel  # noqa: PLC0415 - compiles when imported

        return _kernel
    spec = importlib.util.find_spec("pandakit.consolidation._kernel")
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018 - it lies beside this file
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
