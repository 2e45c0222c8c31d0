"""The progress line: silent when nobody watches, telling when somebody does."""

import io
import subprocess
import sys
import threading

import pytest
from tqdm import tqdm

from pandakit import progress
from pandakit.progress import progress_line, someone_watches
from pandakit.redaction import Secret
from tests.tokens import CANARY


def test_nobody_watches_a_pipe(monkeypatch, capsys):
    """Without a terminal or a notebook nothing is written."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not someone_watches()
    with progress_line("rules") as line:
        line.advance(rows=3, pages=1)
    assert sys.stderr.getvalue() == ""


def test_a_terminal_is_watched(monkeypatch):
    """On a terminal the line has the label, the rows, the pages and the waits with their reason."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "200")  # a line is cut at the width of its terminal
    with progress_line("rules") as line:
        line.advance(rows=3, pages=1, total=9)
        line.wait(2.5, "Panther failed (503)")
    text = terminal.getvalue()
    assert "rules" in text
    assert "1 pages, Panther failed (503), waiting 2.5 s" in text
    assert "3/9" in text


def test_what_a_service_says_is_shown_safely(monkeypatch):
    """A state that a service made up brings neither a token nor a control character to the line."""
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    token = Secret(CANARY)
    with progress_line("upload", progress=True) as line:
        line.wait(1.0, f"job 7 is \x1b[2J\u202e\nnew{CANARY[:12]}")
    assert token
    assert r"job 7 is \x1b[2J\u202e\nnew***, waiting 1.0 s" in pipe.getvalue()
    assert "\u202e" not in pipe.getvalue()


def test_false_and_true_force(monkeypatch):
    """progress=False is silent on a terminal, progress=True writes into a pipe."""
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    with progress_line("rules", progress=False) as line:
        line.advance(rows=1)
    assert pipe.getvalue() == ""
    with progress_line("rules", progress=True) as line:
        line.advance(rows=1)
    assert "rules" in pipe.getvalue()


def test_counts_are_kept_either_way():
    """Rows, pages and waits are counted whether they are shown or not."""
    with progress_line("rules", progress=False) as line:
        line.advance(rows=3, pages=1)
        line.wait(1.0, "rate limit")
    assert (line.rows, line.pages, line.waits) == (3, 1, 1)


class Broken(io.StringIO):
    """A terminal that is gone after some writes."""

    def __init__(self, writes):
        super().__init__()
        self.left = writes

    def write(self, text):
        """Write, or fail."""
        self.left -= 1
        if self.left < 0:
            raise BrokenPipeError
        return super().write(text)


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_a_display_that_fails_is_dropped(monkeypatch, writes):
    """Whenever the terminal goes away while it is drawn on, counting goes on, nothing is raised."""
    terminal = Broken(writes)
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_line("rules", progress=True) as line:
        line.advance(rows=3, pages=1)
        line.wait(1.0, "rate limit")
        line.wait(2.0, "rate limit")
    assert terminal.left < 0
    assert (line.rows, line.pages, line.waits) == (3, 1, 2)


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_a_display_that_fails_keeps_nobody_waiting(monkeypatch, writes):
    """A bar whose terminal went away holds no lock: other threads draw, the process ends."""
    monkeypatch.setattr(sys, "stderr", Broken(writes))
    with progress_line("rules", progress=True) as line:
        line.advance(rows=3, pages=1)
        line.wait(1.0, "rate limit")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    other = threading.Thread(target=lambda: tqdm(total=1).close(), daemon=True)
    other.start()
    other.join(timeout=10)
    assert not other.is_alive()


def test_no_thread_is_left_behind():
    """Drawing a line starts no thread that the process would have to wait for at its end."""
    code = (
        "import threading\n"
        "from pandakit.progress import progress_line\n"
        "with progress_line('rules', progress=True) as line:\n"
        "    line.advance(rows=3, pages=1)\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_line_without_pages(monkeypatch):
    """Where no pages are counted, as in an upload, none are shown."""
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    with progress_line("table", progress=True, total=9) as line:
        line.advance(rows=3)
        line.wait(1.0, "BigPanda failed (503)")
    assert "pages" not in pipe.getvalue()
    assert "3/9" in pipe.getvalue()


@pytest.fixture
def notebook(monkeypatch):
    """Collect what a notebook would display."""
    interactiveshell = pytest.importorskip("IPython.core.interactiveshell")
    capture = pytest.importorskip("IPython.utils.capture")
    interactiveshell.InteractiveShell.clear_instance()
    interactiveshell.InteractiveShell.instance()
    monkeypatch.setattr(progress, "_in_notebook", lambda: True)
    with capture.capture_output() as captured:
        yield captured._outputs
    interactiveshell.InteractiveShell.clear_instance()


def test_a_notebook_shows_one_line_and_saves_none(notebook):
    """One output is updated while the load runs, and is empty at its end: nothing is saved."""
    with progress_line("<rules>", total=2000) as line:
        line.advance(rows=1500, pages=3)
        line.wait(2.5, "Panther failed (503)")
        during = notebook[-1]["data"]["text/html"]
    assert "&lt;rules&gt;: 1,500 of 2,000 rows, 3 pages, Panther failed (503)" in during
    assert "width:max(75.00%,2px)" in during
    assert [output["update"] for output in notebook] == [False, *[True] * (len(notebook) - 1)]
    assert len({output["transient"]["display_id"] for output in notebook}) == 1
    for output in (notebook[0], notebook[-1]):
        assert output["data"] == {"text/html": "", "text/plain": ""}


def test_a_load_that_fails_in_a_notebook_leaves_no_line_either(notebook):
    """The line is taken away when the block is left by an error."""
    with pytest.raises(ZeroDivisionError), progress_line("rules"):
        _ = 1 / 0
    assert notebook[-1]["data"] == {"text/html": "", "text/plain": ""}
