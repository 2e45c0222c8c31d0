"""Asking the processor for a row of an array some steps before it is needed.

Identities come in no order, so each event would wait for its row to arrive from memory.
The hint is compiled into the kernel and kept on disk with it; no answer depends on it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pandakit.consolidation._engine.compile import wanted

__all__ = ["AHEAD", "prefetcher"]

AHEAD = 16  # rows: fewer would not be there yet, more might be gone again

_FOR_WRITING, _KEEP_NEAR, _DATA = 1, 3, 1


def prefetcher() -> Any:
    """Give a function of an array and a row; it does nothing where the kernel is interpreted."""
    return _compiled() if wanted() else _nothing


def _nothing(_rows: Any, _row: int) -> None:
    pass


def _compiled() -> Any:
    from numba import types  # noqa: PLC0415 - takes long; only the kernel needs it
    from numba.extending import intrinsic  # noqa: PLC0415

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        # A hint changes no answer: where these names are no longer known it is left out.
        with suppress(AttributeError, TypeError):
            _ask(context, builder, signature, given)
        return context.get_dummy_value()

    @intrinsic
    def prefetch(_typing: Any, rows: Any, row: Any) -> Any:
        return types.void(rows, row), generate

    return prefetch


def _ask(context: Any, builder: Any, signature: Any, given: Any) -> None:
    """Write the instruction: the row's address, and what is to be done there."""
    from llvmlite import ir  # noqa: PLC0415 - comes with numba
    from numba import types  # noqa: PLC0415

    of_rows, of_row = signature.args
    byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
    rows = context.make_array(of_rows)(context, builder, given[0])
    row = context.cast(builder, given[1], of_row, types.intp)
    offset = builder.mul(row, builder.extract_value(rows.strides, 0))
    place = builder.gep(builder.bitcast(rows.data, byte), [offset])
    kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
    hint = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
    builder.call(hint, [place, flag(_FOR_WRITING), flag(_KEEP_NEAR), flag(_DATA)])
