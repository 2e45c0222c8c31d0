"""Tracebacks in a notebook: the user's own lines and the error, all of it for debugging."""

import re

import pytest

interactiveshell = pytest.importorskip("IPython.core.interactiveshell")
capture_output = pytest.importorskip("IPython.utils.capture").capture_output

CELL = """
import pandakit as pk

def load():
    return pk.BigPanda("a-key", region="eu").close() or pk.Bpql("host =").mask(None)

load()
"""
CHAINED = """
from pandakit.errors import ServerError, TransportError
from pandakit.snapshot import load

def fail():
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise ServerError("the service failed (503); try again") from error

try:
    fail()
except ServerError as error:
    caught = error
    raise
"""


@pytest.fixture
def shell():
    """IPython, as a notebook runs cells."""
    interactiveshell.InteractiveShell.clear_instance()
    yield interactiveshell.InteractiveShell.instance(user_ns={}, colors="nocolor")
    interactiveshell.InteractiveShell.clear_instance()


def shown(shell, cell):
    """Return what a cell that fails shows, without colours."""
    with capture_output() as captured:
        done = shell.run_cell(cell)
    assert done.error_in_exec is not None
    return re.sub(r"\x1b\[[0-9;]*m", "", captured.stdout)


def test_only_the_users_lines_and_the_error_are_shown(shell):
    """No line of pandakit stands above the error, which is the last line; the cell's lines do."""
    text = shown(shell, CELL)
    assert "load()" in text
    assert "def load():" in text
    assert "/pandakit/" not in text
    last = text.rstrip().splitlines()
    assert any(line.startswith("BpqlSyntaxError: ") for line in last)


def test_causes_are_not_shown_and_not_lost(shell):
    """What raised the error first stays on it, but is not in the way of its message."""
    text = shown(shell, CHAINED)
    assert "division by zero" not in text
    assert text.rstrip().endswith("ServerError: the service failed (503); try again")
    assert isinstance(shell.user_ns["caught"].__cause__, ZeroDivisionError)


def test_debugging_shows_everything(shell, monkeypatch):
    """PANDAKIT_DEBUG=1 shows each frame and each cause."""
    monkeypatch.setenv("PANDAKIT_DEBUG", "1")
    assert "/pandakit/bpql/" in shown(shell, CELL)
    assert "division by zero" in shown(shell, CHAINED)
