"""The kernel itself: how it is loaded, and the parts of it that only large inputs reach."""

import random
import sys
from types import FunctionType, SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from pandakit.consolidation._engine import compile as _jit, prefetch as _prefetch
from pandakit.consolidation._read import encode as _encode

ALPHABET = ["", "a", "ä", "日本", "x" * 7, "y" * 8, "z" * 9, "-", "\x00"]


def texts(rows: int, seed: int, kind: pa.DataType) -> pa.Array:
    """Give texts of all lengths, many of them alike but for one byte, and some missing."""
    rng = random.Random(seed)
    some = ["".join(rng.choices(ALPHABET, k=rng.randrange(9))) for _ in range(rows // 4)]
    cells = [rng.choice([*some, None]) for _ in range(rows)]
    ends = [text and text + rng.choice("ab") for text in cells]
    return pa.array([*cells, *ends, *(f"host-{row % 9000:05d}" for row in range(rows))], kind)


@pytest.mark.parametrize("seed", range(6))
def test_texts_get_the_numbers_that_arrow_gives_them(seed, monkeypatch):
    """The kernel's encoding of text is Arrow's, for both text types, with gaps and in slices."""
    monkeypatch.setattr(_encode, "WORTH_IT", 0)
    whole = texts(3000, seed, [pa.string(), pa.large_string()][seed % 2])
    for array in (whole, whole.slice(7, 4000), whole.drop_null(), whole.slice(len(whole) - 40)):
        codes, labels = _encode.encoded(array)
        expected = array.dictionary_encode()
        assert labels.to_pylist() == expected.dictionary.to_pylist()
        assert codes.tolist() == expected.indices.fill_null(-1).to_pylist()


@pytest.mark.parametrize("cells", [[], [None] * 9, [""] * 9, ["a"], [None, "a", ""], ["ab"] * 8])
def test_too_little_text_is_encoded_as_well(cells, monkeypatch):
    """Arrays without text, or with hardly a word of it, have the same numbers as in Arrow."""
    monkeypatch.setattr(_encode, "WORTH_IT", 0)
    codes, labels = _encode.encoded(pa.array(cells, pa.string()))
    known = labels.to_pylist()
    assert [None if code < 0 else known[code] for code in codes] == cells


def test_the_interpreted_kernel_calls_nothing_compiled(monkeypatch):
    """Without numba every function of the kernel is a plain one, down to the last helper."""
    monkeypatch.setenv("PANDAKIT_NO_NUMBA", "1")
    kernel = _jit.kernels()
    assert not kernel.fast
    for name in ("merge_events", "group_alerts", "number_pairs", "sum_up"):
        function = getattr(kernel, name)
        assert type(function) is FunctionType
        helpers = [
            function.__globals__[used]
            for used in function.__code__.co_names
            if used in function.__globals__
        ]
        assert {type(helper) for helper in helpers} <= {FunctionType, int}


def test_a_numba_without_the_private_option_compiles_without_it(monkeypatch):
    """Where numba refuses the option that saves counting, the kernel is compiled without it."""

    def refuse(flags: object, options: dict[str, bool]) -> None:
        raise KeyError(f"Unrecognized options: {set(options)}")

    target = SimpleNamespace(options=SimpleNamespace(parse_as_flags=refuse))
    monkeypatch.setitem(sys.modules, "numba.core.compiler", SimpleNamespace(Flags=dict))
    monkeypatch.setitem(sys.modules, "numba.core.registry", SimpleNamespace(cpu_target=target))
    assert _jit.options.__wrapped__() == {"cache": True, "nogil": True}
    target.options.parse_as_flags = lambda flags, options: flags
    assert _jit.options.__wrapped__() == {"cache": True, "nogil": True, "_nrt": False}
    monkeypatch.setitem(sys.modules, "numba.core.registry", SimpleNamespace())
    assert "_nrt" not in _jit.options.__wrapped__()


@pytest.mark.parametrize("fails", [True, False])
def test_a_row_is_asked_for_where_that_can_be_said(monkeypatch, fails):
    """The hint is compiled; LLVM bindings that do not know it do without, with the same sums."""
    numba = pytest.importorskip("numba")

    def refuse(*_: object) -> None:
        raise AttributeError("as_pointer")

    if fails:
        monkeypatch.setattr(_prefetch, "_ask", refuse)
    prefetch = _prefetch.prefetcher()

    @numba.njit
    def add_up(rows: np.ndarray) -> int:
        total = 0
        for row in range(len(rows)):
            prefetch(rows, row)
            total += rows[row, 1]
        return total

    assert add_up(np.arange(6).reshape(3, 2)) == 9
    asked = "call void @llvm.prefetch" in add_up.inspect_llvm(add_up.signatures[0])
    assert asked is not fails
