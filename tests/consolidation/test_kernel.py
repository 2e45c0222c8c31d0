"""The kernels: how they are compiled and cached, and the parts that only large inputs reach."""

import ast
import random
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from pandakit.consolidation._arrays import codes, compile as compiling

PACKAGE = Path(compiling.__file__).parents[2]
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
    monkeypatch.setattr(codes, "_COMPILED_FROM", 0)
    whole = texts(3000, seed, [pa.string(), pa.large_string()][seed % 2])
    for array in (whole, whole.slice(7, 4000), whole.drop_null(), whole.slice(len(whole) - 40)):
        numbers, labels = codes.encode_texts(array)
        expected = array.dictionary_encode()
        assert labels.to_pylist() == expected.dictionary.to_pylist()
        assert numbers.tolist() == expected.indices.fill_null(-1).to_pylist()


@pytest.mark.parametrize("cells", [[], [None] * 9, [""] * 9, ["a"], [None, "a", ""], ["ab"] * 8])
def test_too_little_text_is_encoded_as_well(cells, monkeypatch):
    """Arrays without text, or with hardly a word of it, have the same numbers as in Arrow."""
    monkeypatch.setattr(codes, "_COMPILED_FROM", 0)
    numbers, labels = codes.encode_texts(pa.array(cells, pa.string()))
    known = labels.to_pylist()
    assert [None if number < 0 else known[number] for number in numbers] == cells


def test_a_numba_without_the_private_option_compiles_without_it(monkeypatch):
    """Where numba refuses the option that saves counting, the kernel is compiled without it."""

    def refuse(flags: object, options: dict[str, bool]) -> None:
        raise KeyError(f"Unrecognized options: {set(options)}")

    target = SimpleNamespace(options=SimpleNamespace(parse_as_flags=refuse))
    monkeypatch.setitem(sys.modules, "numba.core.compiler", SimpleNamespace(Flags=dict))
    monkeypatch.setitem(sys.modules, "numba.core.registry", SimpleNamespace(cpu_target=target))
    assert compiling.options.__wrapped__() == {"nogil": True}
    target.options.parse_as_flags = lambda flags, options: flags
    assert compiling.options.__wrapped__() == {"nogil": True, "_nrt": False}
    monkeypatch.setitem(sys.modules, "numba.core.registry", SimpleNamespace())
    assert "_nrt" not in compiling.options.__wrapped__()


def test_kernels_use_nothing_that_their_cache_key_does_not_cover():
    """Kernels import from this package only modules whose text is part of the cache key."""
    for path in (PACKAGE / "consolidation").glob("*/kernel.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pandakit"):
                assert node.module.rpartition(".")[2] in compiling._COMPILED_MODULES


_COUNT = """
import pandas as pd
from pandakit.consolidation import CLASSIC
from pandakit.consolidation._merge import kernel, layout
from pandakit.consolidation._merge.merger import Merger
from pandakit.consolidation._read.events import Reader
status = ["critical", "ok", "critical", "ok"]
events = pd.DataFrame({"timestamp": range(0, 40, 10), "status": status, "host": "h"})
merger = Merger(CLASSIC)
merger.merge(Reader(CLASSIC, "s").read(events))
(row,) = merger.alerts(0, final=True).rows
hits = sum(kernel.merge_events.stats.cache_hits.values())
print(row[layout.N_EVENTS], row[layout.N_REOPENS], hits)
"""


def test_a_changed_constant_is_compiled_anew(tmp_path, monkeypatch):
    """A kernel whose columns were swapped in another module is not taken from the cache."""
    pytest.importorskip("numba")
    shutil.copytree(PACKAGE, tmp_path / "pandakit", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PANDAKIT_NO_NUMBA", "")

    def count():
        command = [sys.executable, "-c", _COUNT]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return run.stdout.split()

    assert [count(), count()] == [["4", "1", "0"], ["4", "1", "1"]]
    layout = tmp_path / "pandakit" / "consolidation" / "_merge" / "layout.py"
    text = layout.read_text(encoding="utf-8")
    swapped = text.replace("N_EVENTS, N_REOPENS, FLAPPING", "N_REOPENS, N_EVENTS, FLAPPING")
    assert swapped != text
    layout.write_text(swapped, encoding="utf-8")
    assert count() == ["4", "1", "0"]


@pytest.mark.parametrize(
    "fault", ["none", "another owner", "open to others", "read-only", "a file"]
)
def test_only_a_private_folder_is_used_as_a_cache(tmp_path, monkeypatch, fault):
    """Compiled code is neither read from nor written to a folder that others could have filled."""
    config = pytest.importorskip("numba").config
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    folder = tmp_path / f"kernels-{compiling._digest()}"
    folder.mkdir(mode=0o700)
    if fault == "another owner":
        monkeypatch.setattr(compiling.os, "getuid", lambda: 12345)
    elif fault == "open to others":
        folder.chmod(0o777)
    elif fault == "read-only":
        monkeypatch.setattr(compiling.os, "access", lambda *_: False)
    elif fault == "a file":
        folder.rmdir()
        folder.touch()
    found = compiling.cache_folder.__wrapped__()
    assert found == (str(folder) if fault == "none" else None)
