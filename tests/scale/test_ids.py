"""Ids have 32 bits: an error before they run out, whatever runs out first."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pandakit import (
    CLASSIC,
    Consolidator,
    EventError,
    Pattern,
    Policy,
    consolidate,
    consolidate_dataset,
)
from pandakit.consolidation._arrays import codes
from pandakit.scale import many_machines
from pandakit.scale._order import watermark
from pandakit.scale._tasks import grouping
from tests.scale.test_many_machines import Losing

MOST = 90
SIZE = 20  # of a chunk
AT_ONCE = CLASSIC.replace(reopen_window="0s")


def many_hosts(number):
    """Each event is of a host of its own."""
    rows = np.arange(SIZE) + SIZE * number
    hosts = [f"h{row}" for row in rows]
    return pd.DataFrame({"timestamp": rows, "status": "critical", "host": hosts})


def flapping(number):
    """Each second event opens an alert of one host, an hour after the one before."""
    rows = np.arange(SIZE) + SIZE * number
    status = np.where(rows % 2, "ok", "critical")
    return pd.DataFrame({"timestamp": rows * 1_800, "status": status, "host": "h", "check": "c"})


CASES = {
    "identities": (many_hosts, CLASSIC, 2),
    "alerts": (flapping, AT_ONCE.replace(patterns=[Pattern("cluster", "1min")]), 8),
    "entries of incidents": (
        flapping,
        Policy(
            patterns=[Pattern(tag, "1min") for tag in ("host", "check", "primary")],
            reopen_window="0s",
        ),
        3,
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_chunks(monkeypatch, what):
    """What runs out first is named, in the chunk in which it could."""
    chunk, policy, n_fit = CASES[what]
    monkeypatch.setattr(codes, "MOST_IDS", MOST)
    chunks = Consolidator(policy)
    for number in range(n_fit):
        chunks.feed(chunk(number))
    with pytest.raises(EventError, match=f"there may be more than 90 {what}, which is as far as"):
        chunks.feed(chunk(n_fit))


def test_one_table(monkeypatch):
    """A table is refused only if its events could open more alerts than there are ids."""
    monkeypatch.setattr(codes, "MOST_IDS", 2 * SIZE)
    assert len(consolidate(many_hosts(0)).alerts) == SIZE
    both = pd.concat([many_hosts(0), many_hosts(1), many_hosts(2)])
    with pytest.raises(EventError, match="more than 40 "):
        consolidate(both)


@pytest.mark.parametrize("what", CASES)
@pytest.mark.parametrize("way", ["one machine", "many machines"])
def test_files(monkeypatch, tmp_path, what, way):
    """Of files too, before a number wraps; no folder is left."""
    chunk, policy, n_fit = CASES[what]
    folder = tmp_path / "events"
    folder.mkdir()
    for number in range(n_fit + 1):
        chunk(number).to_parquet(folder / f"{number}.parquet", index=False)
    monkeypatch.setattr(codes, "MOST_IDS", MOST)
    monkeypatch.setattr(watermark, "CHUNK_ROWS", SIZE)
    monkeypatch.setattr(grouping, "GROUP_ROWS", SIZE)
    monkeypatch.setattr(many_machines, "FEWEST_BUCKETS", 1)
    executor = Losing(0, after=False) if way == "many machines" else None
    with pytest.raises(EventError, match=f"there may be more than 90 {what}, which is as far as"):
        consolidate_dataset(folder, policy, out=tmp_path / "out", executor=executor)
    assert [path.name for path in tmp_path.iterdir()] == ["events"]


def test_alerts_of_all_buckets_together(monkeypatch, tmp_path):
    """Buckets that fit alone are refused if their alerts together do not."""
    for number in range(2):
        many_hosts(number).to_parquet(tmp_path / f"{number}.parquet", index=False)
    monkeypatch.setattr(codes, "MOST_IDS", 2 * SIZE - 1)
    monkeypatch.setattr(many_machines, "FEWEST_BUCKETS", 7)
    with pytest.raises(EventError, match="there may be more than 39 alerts"):
        consolidate_dataset(tmp_path, executor=Losing(0, after=False))
