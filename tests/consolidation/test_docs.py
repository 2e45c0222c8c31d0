"""The page about consolidation says what the package does."""

import dataclasses
import re
from pathlib import Path

import pandas as pd

from pandakit.consolidation import CLASSIC, CURRENT, Consolidation, Policy, consolidate

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


def test_large_inputs_without_numba_say_so(monkeypatch):
    """A large input that was interpreted has a note; the same answer compiled has none."""
    rows = 200_000
    frame = pd.DataFrame({"timestamp": range(rows), "status": "critical", "host": "h"})
    monkeypatch.setenv("PANDAKIT_NO_NUMBA", "1")
    large = consolidate(frame, CURRENT)
    assert [note for note in large.notes if "interpreted" in note]
    assert not consolidate(frame[:9], CURRENT).notes
    assert len(large.alerts) == 1
