"""What can be read: folders, globs, lists, datasets, addresses; Parquet, CSV, JSON Lines."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from pandakit import CURRENT, Policy, consolidate, consolidate_dataset
from pandakit.consolidation import Pattern
from tests.scale.writing import assert_same

ROWS = 300


@pytest.fixture
def frame():
    """Events in no order, with repeated times, gaps and text that looks like numbers."""
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "timestamp": 1_700_000_000 + rng.integers(0, 40_000, ROWS) / 4,
            "status": rng.choice(["critical", "warning", "ok"], ROWS),
            "host": rng.choice(["007", "7", "web,1", 'a "quoted" name'], ROWS),
            "check": rng.choice(["disk", "ping", None], ROWS),
            "cluster": rng.choice(["x", "y", None], ROWS),
            "description": [f"line {n}\nof two" for n in range(ROWS)],
            "app_key": "core",
        }
    )


def halves(frame):
    """The frame in two parts."""
    return frame[: ROWS // 2], frame[ROWS // 2 :]


def parquet(frame, folder):
    """Write Parquet in small row groups."""
    for number, half in enumerate(halves(frame)):
        half.to_parquet(folder / f"{number}.parquet", row_group_size=40)


def csv(frame, folder):
    """Write CSV with quotes and lines within cells."""
    for number, half in enumerate(halves(frame)):
        half.to_csv(folder / f"{number}.csv", index=False)


def csv_in_gzip(frame, folder):
    """Write compressed CSV."""
    for number, half in enumerate(halves(frame)):
        half.to_csv(folder / f"{number}.csv.gz", index=False)


def json_lines(frame, folder):
    """Keys that have no value are absent, in a whole file too."""
    for number, half in enumerate(halves(frame)):
        text = "\n".join(row.dropna().to_json() for _, row in half.iterrows())
        (folder / f"{number}.jsonl").write_text(text)


def json_and_parquet(frame, folder):
    """Write one file of each."""
    first, second = halves(frame)
    first.to_parquet(folder / "0.parquet")
    text = second.to_json(orient="records", lines=True)
    (folder / "1.ndjson.gz").write_bytes(gzip.compress(text.encode()))


@pytest.mark.parametrize(
    "write", [parquet, csv, csv_in_gzip, json_lines, json_and_parquet], ids=lambda way: way.__name__
)
@pytest.mark.parametrize("policy", [CURRENT, Policy(patterns=[Pattern("check", "2h")])])
def test_formats(frame, tmp_path, write, policy):
    """A folder gives what the frame gives, whatever its files are; ids such as 007 stay."""
    write(frame, tmp_path)
    assert_same(consolidate_dataset(tmp_path, policy), consolidate(frame, policy))


@pytest.mark.parametrize("policy", [CURRENT, Policy(patterns=[Pattern("timestamp", "2h")])])
def test_times_in_text(frame, tmp_path, policy):
    """ISO 8601 text is read in every format, and stays text where a pattern looks at it."""
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], unit="s", utc=True).map(str)
    parquet(frame, tmp_path)
    csv(frame, tmp_path)
    both = pd.concat([half for half in halves(frame) for _ in range(2)], ignore_index=True)
    assert_same(consolidate_dataset(tmp_path, policy), consolidate(both, policy))


def test_ways_to_name_files(frame, tmp_path):
    """A folder with subfolders, a glob and a list; hidden files are left out of a folder."""
    (tmp_path / "later").mkdir()
    first, second = halves(frame)
    first.to_parquet(tmp_path / "later" / "b.parquet")
    second.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".staging").mkdir()
    (tmp_path / ".staging" / "x.parquet").touch()
    sorted_paths = consolidate(pd.concat([second, first], ignore_index=True), CURRENT)
    listed = [str(tmp_path / "later" / "b.parquet"), tmp_path / "a.parquet"]
    assert_same(consolidate_dataset(str(tmp_path), CURRENT), sorted_paths)
    assert_same(consolidate_dataset(str(tmp_path / "**" / "*.parquet"), CURRENT), sorted_paths)
    assert_same(consolidate_dataset(listed, CURRENT), consolidate(frame, CURRENT))


def test_equal_times_keep_the_order_of_the_list(tmp_path):
    """Of two events at one time, the file that stands first in the list has the earlier one."""
    for status in ("critical", "ok"):
        one = pd.DataFrame({"timestamp": [0], "status": [status], "host": ["a"]})
        one.to_parquet(tmp_path / f"{status}.parquet")
    paths = [tmp_path / "critical.parquet", tmp_path / "ok.parquet"]
    policy = CURRENT.replace(dedup="none")
    for order, n_open in ((paths, 0), (paths[::-1], 1)):
        incidents = consolidate_dataset(order, policy).incidents
        assert incidents["n_open_alerts"].tolist() == [n_open]


def test_dataset_with_columns_in_its_paths(frame, tmp_path):
    """A dataset's partitions are columns, and its schema fills what files lack."""
    table = pa.Table.from_pandas(frame.assign(app_key=np.arange(ROWS) % 2))
    pq.write_to_dataset(table, tmp_path, partition_cols=["app_key"])
    dataset = ds.dataset(tmp_path, partitioning="hive")
    assert_same(consolidate_dataset(dataset), consolidate(dataset.to_table()))
    with pytest.raises(ValueError, match=r"app_key=0.* names a column; pass pyarrow\.dataset"):
        consolidate_dataset(tmp_path)
    with pytest.raises(ValueError, match="the dataset is filtered"):
        consolidate_dataset(dataset.filter(ds.field("host") == "7"))


def test_dataset_that_lacks_a_column(frame, tmp_path):
    """Files of different columns are one dataset where the caller gives the schema."""
    first, second = halves(frame)
    first.to_parquet(tmp_path / "0.parquet", index=False)
    second.drop(columns="cluster").to_parquet(tmp_path / "1.parquet", index=False)
    schema = pa.Schema.from_pandas(frame, preserve_index=False)
    expected = consolidate(pd.concat([first, second.assign(cluster=None)], ignore_index=True))
    assert_same(consolidate_dataset(ds.dataset(tmp_path, schema=schema)), expected)


def test_fsspec_address(frame, tmp_path):
    """An address that fsspec knows is read like a folder of this machine."""
    fsspec = pytest.importorskip("fsspec")
    parquet(frame, tmp_path)
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path), "/events", recursive=True)
    try:
        for source in ("memory://events", "memory://events/*.parquet"):
            assert_same(consolidate_dataset(source, CURRENT), consolidate(frame, CURRENT))
    finally:
        memory.rm("/events", recursive=True)
