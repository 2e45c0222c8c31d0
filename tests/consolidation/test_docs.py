"""The page about consolidation says what the package does."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pandakit.consolidation import CLASSIC, CURRENT, Consolidation, Policy

PAGE = (Path(__file__).parents[2] / "docs" / "consolidation.md").read_text(encoding="utf-8")


def test_the_example_runs():
    """The example of the page runs as it stands and gives one incident."""
    names = {}
    exec(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1], names)  # noqa: S102 - our own page
    assert isinstance(names["result"], Consolidation)
    assert len(names["result"].incidents) == 1


def test_every_setting_is_on_the_page():
    """The page explains every setting of a policy."""
    for setting in dataclasses.fields(Policy):
        assert setting.name in PAGE


def test_presets_on_the_page():
    """The table of presets has the values of the presets."""
    table = PAGE.partition("## Presets")[2].partition("##")[0]
    for policy in (CLASSIC, CURRENT):
        for pattern in policy.patterns:
            assert f"`{pattern.name}`" in table
        for word in (policy.dedup, policy.anchor, policy.matchers):
            assert f"`{word}`" in table


_LARGE = """
import pandas as pd
from pandakit.consolidation import CURRENT, consolidate
frame = pd.DataFrame({"timestamp": range(200_000), "status": "critical", "host": "h"})
print([note for note in consolidate(frame, CURRENT).notes if "interpreted" in note])
print(consolidate(frame[:9], CURRENT).notes)
"""


@pytest.mark.parametrize("no_numba", ["1", ""], ids=["interpreted", "compiled"])
def test_large_inputs_without_numba_say_so(monkeypatch, no_numba):
    """A large input that was interpreted has a note; a small one, or a compiled one, has none."""
    pytest.importorskip("numba")
    monkeypatch.setenv("PANDAKIT_NO_NUMBA", no_numba)
    command = [sys.executable, "-c", _LARGE]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    large, small = run.stdout.splitlines()
    assert ("interpreted" in large) is bool(no_numba)
    assert "interpreted" not in small
