"""`make lite-test`: under Pyodide the pure functions return what they return natively."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-lite/bin/python"
RUNTIME = ROOT / ".lite/static/pyodide"
UNAVAILABLE = 69

pytestmark = pytest.mark.lite


def run(*command):
    """Run a command in the repository's folder."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def runtime():
    """Return the folder of Python for browsers; skip where a registry lacks a part of it."""
    if not shutil.which("node"):
        pytest.skip("Node.js is not installed")
    done = run(PYTHON, "scripts/lite/runtime.py")
    if done.returncode == UNAVAILABLE:
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    return RUNTIME


def test_results_are_those_of_the_native_run(runtime, tmp_path):
    """Frames, texts, pages and pictures of the samples are equal to the byte."""
    native, browser = tmp_path / "native", tmp_path / "browser"
    browser.mkdir()
    pins = ("-m", "pip", "install", "-q", "-c", ".lite/pins.txt", "-e", ".", "matplotlib")
    script, samples = "scripts/lite/results.py", "data-samples"
    for command in (
        (PYTHON, *pins),
        (PYTHON, script, samples, native),
        ("node", "scripts/lite/run.mjs", runtime, samples, browser),
    ):
        done = run(*map(str, command))
        assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in native.iterdir())
    assert names == sorted(path.name for path in browser.iterdir())
    assert len(names) > 40
    differs = [n for n in names if (native / n).read_bytes() != (browser / n).read_bytes()]
    assert differs == []
