"""The order of time is found for every row group, checked, and made where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pandakit import CURRENT, EventError, consolidate, consolidate_dataset
from pandakit.scale._order import runs, watermark
from pandakit.scale._source.pieces import ParquetFile
from tests.scale.writing import assert_same

ROWS = 2_000


@pytest.fixture
def table():
    """Events in the order of time."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "timestamp": np.sort(rng.integers(0, 90_000, ROWS)),
            "status": rng.choice(["critical", "ok"], ROWS),
            "host": rng.choice(list("abcdefgh"), ROWS),
        }
    )
    return pa.Table.from_pandas(frame)


def shuffled_groups(table, folder):
    """Row groups of a file that two threads wrote: each in order, their sequence is not."""
    order = np.random.default_rng(1).permutation(20)
    with pq.ParquetWriter(folder / "threads.parquet", table.schema) as writer:
        for number in order:
            writer.write_table(table.slice(number * 100, 100))
    return pa.concat_tables([table.slice(number * 100, 100) for number in order])


def overlapping_files(table, folder):
    """Files by source, each over the whole time."""
    parts = [table.take(np.arange(number, ROWS, 7)) for number in range(7)]
    for number, part in enumerate(parts):
        pq.write_table(part, folder / f"{number}.parquet", row_group_size=30)
    return pa.concat_tables(parts)


def groups_over_everything(table, folder):
    """A file whose row groups each have rows of all times."""
    mixed = table.take(np.random.default_rng(2).permutation(ROWS))
    pq.write_table(mixed, folder / "mixed.parquet", row_group_size=100)
    return mixed


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("write", [shuffled_groups, overlapping_files, groups_over_everything])
def test_orders(table, tmp_path, monkeypatch, write, statistics):
    """However the rows lie, the answer is that of one frame, with and without statistics."""
    monkeypatch.setattr(watermark, "CHUNK_ROWS", 100)
    if not statistics:
        monkeypatch.setattr(ParquetFile, "_statistics", lambda *_: None)
    whole = write(table, tmp_path)
    found = consolidate_dataset(tmp_path, CURRENT)
    assert_same(found, consolidate(whole, CURRENT))
    assert found.notes == consolidate(whole, CURRENT).notes


def test_what_overlaps_too_much_is_sorted_on_disk(table, tmp_path, monkeypatch):
    """Rows beyond the memory that there is are sorted into runs, and the notes count them."""
    monkeypatch.setattr(runs, "MEMORY", 20_000)
    monkeypatch.setattr(runs, "_FEWEST", 50)
    whole = groups_over_everything(table, tmp_path)
    found = consolidate_dataset(tmp_path, CURRENT)
    assert_same(found, consolidate(whole, CURRENT))
    assert found.notes[-1].endswith("all 2,000 events were sorted once, into runs on disk")


def test_row_groups_that_follow_each_other_are_not_sorted(table, tmp_path, monkeypatch):
    """Files of a day each are merged as they are, however little memory there is."""
    monkeypatch.setattr(runs, "MEMORY", 20_000)
    pq.write_table(table, tmp_path / "sorted.parquet", row_group_size=50)
    assert consolidate_dataset(tmp_path, CURRENT).notes == consolidate(table, CURRENT).notes


def test_statistics_that_lie(table, tmp_path, monkeypatch):
    """A row group with rows outside its own statistics is refused, with its file."""
    pq.write_table(table, tmp_path / "lies.parquet", row_group_size=500)
    true = ParquetFile._statistics
    monkeypatch.setattr(
        ParquetFile,
        "_statistics",
        lambda file, group, unit: (true(file, group, unit)[0] + 1, true(file, group, unit)[1]),
    )
    with pytest.raises(EventError, match=r"lies\.parquet: row group 0 .* outside the times"):
        consolidate_dataset(tmp_path, CURRENT)


def test_many_rows_of_one_time(table, tmp_path, monkeypatch):
    """Rows of one time stay together, however many there are."""
    monkeypatch.setattr(watermark, "CHUNK_ROWS", 64)
    same = table.set_column(0, "timestamp", pa.array(np.arange(ROWS) // 700))
    pq.write_table(same, tmp_path / "same.parquet")
    policy = CURRENT.replace(dedup="none")
    assert_same(consolidate_dataset(tmp_path, policy), consolidate(same, policy))
