"""Break one rule at a time and see the tests turn red.

Each mutant is one textual change, made in a copy of the tree; a mutant that its tests do not
notice has survived, and the run fails. So does a change whose text is not found exactly once.
The mutants are the tables in the folder `mutants`, one document per room: `file` and `tests`
at its top are those of all its mutants that name no others.

Run all mutants with ``python scripts/mutants.py``, or those of one room, or those whose rule
holds a word, with ``python scripts/mutants.py kernel window``. A mutant whose tests do not end
in time, or are ended by a signal, counts as noticed, and the line says so.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLES = Path(__file__).resolve().parent / "mutants"
COPIED = ("pandakit", "tests", "pyproject.toml")
PYTEST = ("-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider")
TESTS_FAILED = 1  # pytest's exit code; 2 and more mean that the tests did not run
LONGEST = 600.0  # seconds for the tests of one mutant; all of them pass in a fraction of it
CAUGHT, HUNG, DIED, ALIVE = "caught", "hung  ", "died  ", "ALIVE "


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant, and what is wrong if it was not caught."""

    outcome: str
    wrong: str = ""


@dataclass(frozen=True)
class Mutant:
    """One change: the rule that it breaks, where, and the tests that must notice."""

    room: str
    breaks: str
    file: str
    old: str
    new: str
    tests: list[str]


def read_mutants() -> list[Mutant]:
    """Read the tables of all rooms."""
    found = []
    for path in sorted(TABLES.glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        mutants = table.pop("mutant")
        found += [Mutant(path.stem, **{**table, **mutant}) for mutant in mutants]
    return found


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


def run(mutant: Mutant) -> Verdict:
    """Run the tests on a mutated copy, and return whether they noticed."""
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_tree(Path(folder))
        wrong = mutate(copy, mutant)
        return Verdict(ALIVE, wrong) if wrong else run_tests(copy, mutant.tests)


def run_tests(copy: Path, tests: list[str]) -> Verdict:
    """Run tests that ought to fail, and return whether they did."""
    environment = os.environ | {
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PANDAKIT_FUZZ": "1",  # all examples
        "PANDAKIT_NO_NUMBA": "1",  # compiling each mutant would take longer than its tests
    }
    with subprocess.Popen(
        [sys.executable, *PYTEST, *tests],
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as run:
        try:
            said, _ = run.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)  # the processes of its tests too
            return Verdict(HUNG)
    if run.returncode == TESTS_FAILED:
        return Verdict(CAUGHT)
    if run.returncode < 0:
        return Verdict(DIED)
    if run.returncode == 0:
        return Verdict(ALIVE, f"survived {' '.join(tests)}")
    return Verdict(ALIVE, f"the tests did not run:\n{said[-4000:]}")


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
    chosen = [
        mutant
        for mutant in read_mutants()
        if all(word in f"{mutant.room}: {mutant.breaks}" for word in words)
    ]
    survivors = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for mutant, verdict in zip(chosen, pool.map(run, chosen), strict=True):
            survivors += verdict.outcome == ALIVE
            print(f"{verdict.outcome}  {mutant.room}: {mutant.breaks}", flush=True)
            if verdict.wrong:
                print(f"        {verdict.wrong}")
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants caught")
    return 0 if chosen and not survivors else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
