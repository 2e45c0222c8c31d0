"""Break one rule at a time and see the tests turn red.

Each mutant is one textual change, made in a copy of the tree; a mutant that its tests do not
notice has survived, and the run fails. So does a change whose text is not found exactly once.

Run all mutants with ``python scripts/mutants.py``, or those whose reason holds a word with
``python scripts/mutants.py WORD``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("pandakit", "tests", "pyproject.toml")
PYTEST = ("-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider")
TESTS_FAILED = 1  # pytest's exit code; 2 and more mean that the tests did not run


@dataclass(frozen=True)
class Mutant:
    """One change: the rule that it breaks, where, and the tests that must notice."""

    breaks: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


KERNEL = "pandakit/consolidation/_kernel.py"
TIMELINES = ("tests/consolidation/test_timelines.py",)

MUTANTS: tuple[Mutant, ...] = ()


def mutate(copy: Path, mutant: Mutant) -> str | None:
    """Apply a change to the copy; say what is wrong with it, if anything."""
    path = copy / mutant.file
    if not path.is_file():
        return f"no file {mutant.file}"
    text = path.read_text(encoding="utf-8")
    if (found := text.count(mutant.old)) != 1:
        return f"{mutant.file} has the old text {found} times, not once"
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return None


def judge(mutant: Mutant, copy: Path) -> str | None:
    """Run the tests on the mutated copy; say why the mutant was not caught, if it was not."""
    if (wrong := mutate(copy, mutant)) is not None:
        return wrong
    environment = os.environ | {
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NUMBA_CACHE_DIR": str(copy / ".numba"),
        "NUMBA_DISABLE_JIT": "1",
    }
    run = subprocess.run(
        [sys.executable, *PYTEST, *mutant.tests],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode == TESTS_FAILED:
        return None
    if run.returncode == 0:
        return f"survived {' '.join(mutant.tests)}"
    return f"the tests did not run:\n{run.stdout[-2000:]}{run.stderr[-2000:]}"


def copy_tree(target: Path) -> Path:
    """Copy what the tests need; the tree itself is never edited."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc")
            shutil.copytree(source, target / name, ignore=ignored)
        else:
            shutil.copy(source, target / name)
    return target


def main(words: list[str]) -> int:
    """Try the chosen mutants and print one line for each."""
    chosen = [mutant for mutant in MUTANTS if all(word in mutant.breaks for word in words)]
    survivors = 0
    for mutant in chosen:
        with tempfile.TemporaryDirectory() as folder:
            wrong = judge(mutant, copy_tree(Path(folder)))
        survivors += wrong is not None
        print(f"{'caught' if wrong is None else 'ALIVE '}  {mutant.breaks}", flush=True)
        if wrong is not None:
            print(f"        {wrong}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants caught")
    return 0 if chosen and not survivors else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
