"""Grouping forgets what no alert can join any more, and hands alerts on as it goes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pandakit import CURRENT, Pattern, consolidate, consolidate_dataset
from pandakit.scale import many_machines
from pandakit.scale._tasks import grouping
from tests.scale.test_many_machines import Losing
from tests.scale.writing import assert_same

ROWS = 1_200


@pytest.fixture
def frame():
    """Each event is of a host of its own; forty of them come within the longest window."""
    return pd.DataFrame(
        {
            "timestamp": 1_700_000_000 + 60 * np.arange(ROWS),
            "status": "critical",
            "host": [f"h{row}" for row in range(ROWS)],
            "cluster": [f"c{row // 3}" for row in range(ROWS)],
        }
    )


@pytest.mark.parametrize("anchor", ["first", "latest", "bucket"])
@pytest.mark.parametrize("matchers", ["intersect", "union"])
def test_what_is_held_does_not_grow(frame, tmp_path, monkeypatch, anchor, matchers):
    """Entries, texts and rows of openings are held for a window, not for all keys ever seen."""
    monkeypatch.setattr(grouping, "GROUP_ROWS", 25)
    monkeypatch.setattr(grouping, "EVICT_FROM", 50)
    monkeypatch.setattr(many_machines, "MOST_ROWS", 16)
    held = []
    group = grouping.Grouping._group

    def watched(self, chunk):
        found = group(self, chunk)
        texts = self._openings.reader.vocabularies["host"].size
        held.append((self._openings.n_rows, self.stages.grouper.n_entries, texts))
        return found

    monkeypatch.setattr(grouping.Grouping, "_group", watched)
    patterns = [Pattern("host", "10min"), Pattern("cluster", "40min")]
    policy = CURRENT.replace(patterns=patterns, anchor=anchor, matchers=matchers)
    frame.to_parquet(tmp_path / "events.parquet", row_group_size=100)
    found = consolidate_dataset(tmp_path, policy, executor=Losing(0, after=False))
    assert_same(found, consolidate(frame, policy))
    assert len(held) > 20
    assert np.max(held) < 500 < len(found.alerts) == ROWS


def test_row_groups_do_not_depend_on_the_parts(frame, tmp_path, monkeypatch):
    """Whatever parts a frame comes in, its file has the same bytes."""
    monkeypatch.setattr("pandakit.scale._folder.frame_file._ROWS", 300)
    monkeypatch.setattr("pandakit.scale._folder.in_memory._ROWS", 170)
    monkeypatch.setattr(grouping, "GROUP_ROWS", 64)
    (tmp_path / "events").mkdir()
    frame.to_parquet(tmp_path / "events" / "a.parquet", row_group_size=100)
    one = consolidate_dataset(tmp_path / "events", CURRENT, out=tmp_path / "one")
    many = consolidate_dataset(
        tmp_path / "events", CURRENT, out=tmp_path / "many", executor=Losing(0, after=False)
    )
    for name in ("alerts.parquet", "incidents.parquet"):
        assert (one / name).read_bytes() == (many / name).read_bytes()
    alerts = pd.read_parquet(one / "alerts.parquet")
    pd.testing.assert_frame_equal(alerts, consolidate(frame, CURRENT).alerts)
