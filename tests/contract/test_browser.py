"""In a browser: the pure packages work without threads, sockets, fcntl, resource and numba."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import pandakit as pk

ROOT = Path(__file__).parents[2]
# Of each pure package what runs most of it in a few seconds.
PURE = (
    "tests/bpql/test_frames.py",
    "tests/consolidation/test_explain.py",
    "tests/consolidation/test_presets.py",
    "tests/enrichment/test_apply.py",
    "tests/lab/test_agreement.py",
)
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


def test_large_input():
    """Input that is large enough for threads is consolidated without them."""
    done = run("-c", _LARGE)
    shown = "<Consolidation: 250,000 events -> 9 alerts -> 9 incidents>\n"
    assert done.stdout == shown, done.stderr


@pytest.mark.parametrize(
    "client",
    [
        lambda: pk.Panther("api.example.com", "token"),
        lambda: pk.BigPanda("key", region="us"),
        lambda: pk.Pangea("token", domain="aws.us.pangea.cloud", config_id="one"),
    ],
    ids=["Panther", "BigPanda", "Pangea"],
)
def test_clients(monkeypatch, client):
    """A client of a service says at once that there is no network."""
    monkeypatch.setattr(sys, "platform", "emscripten")
    with pytest.raises(pk.TransportError, match="no network in this browser"):
        client()
