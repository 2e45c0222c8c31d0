"""In a browser: the pure packages work without threads, sockets and what else it lacks."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import pandakit as pk

ROOT = Path(__file__).parents[2]
# Of packages that the results of the samples only touch, what runs most in a second or two.
PURE = (
    "tests/bpql/test_frames.py",
    "tests/consolidation/test_presets.py",
    "tests/enrichment/test_apply.py",
)
RESULTS = ("scripts/lite/results.py", "data-samples")
_GUARDED = """
import tests.browser
tests.browser.install()
import runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
_LARGE = """
import tests.browser
tests.browser.install()
import sys, pandas as pd, pandakit as pk
rows = range(250_000)  # enough for threads where there are some
frame = pd.DataFrame({"timestamp": rows, "status": "critical", "host": [f"h{n % 9}" for n in rows]})
print(pk.consolidate(frame))
"""


def run(*command):
    """Run Python in a process of its own."""
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_pure_packages():
    """The tests of the pure packages pass in a process that lacks what a browser lacks."""
    done = run("-m", "pytest", "-q", "-p", "tests.browser", "-p", "no:xdist", *PURE)
    assert done.returncode == 0, done.stdout[-2000:]


def test_results(tmp_path):
    """Results for the samples, of each pure package, are those of an ordinary process."""
    pytest.importorskip("matplotlib", reason="plots are an extra")
    for name, command in {"ordinary": RESULTS, "guarded": ("-c", _GUARDED, *RESULTS)}.items():
        done = run(*command, str(tmp_path / name))
        assert done.returncode == 0, done.stderr
    ordinary, guarded = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("ordinary", "guarded")
    )
    assert len(ordinary) > 40
    assert guarded == ordinary


def test_large_input():
    """Input that is large enough for threads is consolidated without them."""
    done = run("-c", _LARGE)
    shown = "<Consolidation: 250,000 events -> 9 alerts -> 9 incidents>\n"
    assert done.stdout == shown, done.stderr


@pytest.mark.parametrize(
    "start",
    [
        lambda: pk.Panther("api.example.com", "token"),
        lambda: pk.BigPanda("key", region="us"),
        lambda: pk.Pangea("token", domain="aws.us.pangea.cloud", config_id="one"),
        pk.Panther,
        pk.connect,
        lambda: runpy.run_path(str(ROOT / "pandakit" / "sandbox" / "requirement.py")),
    ],
    ids=["Panther", "BigPanda", "Pangea", "without settings", "connect", "sandbox"],
)
def test_network(monkeypatch, start):
    """What needs a network says at once that a browser has none, whatever settings there are."""
    monkeypatch.setattr(sys, "platform", "emscripten")
    with pytest.raises(pk.TransportError, match="no network in this browser"):
        start()
