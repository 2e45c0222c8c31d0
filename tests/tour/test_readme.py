"""The README: every snippet runs as it stands there, and shows something."""

import functools
import re
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from pandakit import sandbox

README = Path(__file__).parents[2] / "README.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def small_sandbox(monkeypatch, tmp_path):
    """Start small sandboxes without a rate limit, in an empty folder."""
    start = functools.partial(sandbox.start, incidents=200, audit_events=300)
    monkeypatch.setattr(sandbox, "start", start)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("small_sandbox")
def test_the_snippets_run_as_cells_of_a_notebook_and_each_shows_something():
    """Typed into a notebook from top to bottom with no settings, each cell has an output."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(user_ns={})
    shown, printed = [], []
    for snippet in SNIPPETS:
        with capture_output() as captured:
            done = shell.run_cell(snippet)
        assert done.success, done.error_in_exec or done.error_before_exec
        printed.append(captured.stdout)
        shown.append(done.result if done.result is not None else captured.stdout or None)
    names = shell.user_ns
    InteractiveShell.clear_instance()

    assert len(SNIPPETS) >= 12
    silent = [text for text, output in zip(SNIPPETS, shown, strict=True) if output is None]
    assert silent == ["services.close()\n"]
    assert len(names["detections"]) > 300
    assert len(names["loud"]) > 10
    assert "joined incident" in shown[SNIPPETS.index(next(s for s in SNIPPETS if "explain" in s))]
    assert names["sweep"]["incidents"].nunique() > 1
    assert len(names["changes"]) == 1
    assert names["report"].n_warnings == 1
    assert set(names["deleted"]["action"]) == {"delete"}
    assert len(names["rules"]) == len(names["rehearsal"].organisation.panther["rules"])
    assert any("401" in text and "100 rows" in text for text in printed)
