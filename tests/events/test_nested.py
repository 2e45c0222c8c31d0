"""A list within a list is no value: refused with row and column, wherever events come in."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

import pandakit as pk
from pandakit import EventError
from pandakit.events import read_events

NESTED = ["a", ["b"]]
BY_TEAM = pk.CURRENT.replace(patterns=[pk.Pattern(tags=["team"], window="1h")])
ROLES = ("host", "team")  # a column of events, and a tag


def rows(column, value):
    """Return three events on hosts of their own, the second one with an odd cell."""
    made = pd.DataFrame(
        {
            "timestamp": [1_777_903_419, 1_777_903_420, 1_777_903_421],
            "status": "critical",
            "host": ["h0", "h1", "h2"],
            "service": "s",
            "team": ["t0", "t1", "t2"],
        }
    ).to_dict("records")
    made[1][column] = value
    return made


def as_arrow(records):
    """Return records as Arrow, where the column of a list has lists of lists only."""
    odd = {name for name, cell in records[1].items() if isinstance(cell, list)}
    cells = {name: [record[name] for record in records] for name in records[0]}
    return pa.table({name: [None, [["b"]], None] if name in odd else cells[name] for name in cells})


def write(records, folder, form):
    """Write records to a file; return its path."""
    path = folder / f"events.{form}"
    if form == "parquet":
        pa.parquet.write_table(as_arrow(records), path)
    elif form == "json":
        path.write_text(json.dumps(records))
    else:
        path.write_text("\n".join(map(json.dumps, records)))
    return path


def with_arrays(records):
    """Return a frame whose lists are arrays."""
    frame = pd.DataFrame(records)
    return frame.map(lambda cell: np.array(cell, object) if isinstance(cell, list) else cell)


SOURCES = {
    "frame": lambda records, _: pd.DataFrame(records),
    "frame of arrays": lambda records, _: with_arrays(records),
    "Arrow table": lambda records, _: as_arrow(records),
    "JSON": lambda records, folder: write(records, folder, "json"),
    "JSON Lines": lambda records, folder: write(records, folder, "jsonl"),
    "Parquet": lambda records, folder: write(records, folder, "parquet"),
}
MIXED = ("frame", "frame of arrays", "JSON", "JSON Lines")


def feed(frame, policy):
    """Feed a frame to a consolidator."""
    consolidator = pk.Consolidator(policy)
    consolidator.feed(frame)
    return consolidator.result()


def validate(frame, _policy):
    """Validate a frame as an enrichment table."""
    schema = pk.EnrichmentSchema(["host"], ["team"])
    report = pk.validate_enrichment(frame[["host", "team"]], schema)
    assert not report.ok
    raise EventError(report.to_text())


ENGINES = {
    "consolidate": pk.consolidate,
    "Consolidator.feed": feed,
    "sweep": lambda frame, policy: pk.sweep(frame, policy, windows=["1h"]),
    "validate_enrichment": validate,
}


@pytest.mark.parametrize("column", ROLES)
@pytest.mark.parametrize("kind", SOURCES)
def test_a_list_within_a_list_is_refused_in_every_source(kind, column, tmp_path):
    """In a column of events as in a tag, with the row and the column."""
    source = SOURCES[kind](rows(column, NESTED), tmp_path)
    with pytest.raises(EventError, match=rf"nested \(row 1: .{column} = \[.*column '{column}'"):
        read_events(source)


@pytest.mark.parametrize("kind", SOURCES)
def test_such_rows_are_left_out_and_counted_on_request(kind, tmp_path):
    """`skip_bad=True` keeps the other rows."""
    source = SOURCES[kind](rows("team", NESTED), tmp_path)
    with pytest.warns(pk.RejectedEventsWarning, match="1 of 3 rows were left out"):
        events = read_events(source, skip_bad=True)
    assert events["host"].tolist() == ["h0", "h2"]
    assert events.attrs["pandakit"]["skipped_by_reason"] == {"nested": 1}
    assert events.attrs["pandakit"]["skipped_rows"][0]["row"] == 1


@pytest.mark.parametrize("column", ROLES)
@pytest.mark.parametrize("way", ENGINES)
def test_a_list_within_a_list_is_refused_by_every_engine(way, column):
    """By the functions that take frames as they are, too."""
    with pytest.raises(EventError, match=rf"{column}.*1") as caught:
        ENGINES[way](pd.DataFrame(rows(column, NESTED)), BY_TEAM)
    assert "list" in str(caught.value)


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_list_within_a_list_is_refused_in_folders(form, tmp_path):
    """`consolidate_dataset` names the column and the row too."""
    path = write(as_arrow(rows("team", NESTED)).to_pylist(), tmp_path, form)
    with pytest.raises(EventError, match=r"'team', row 1: a list within a list"):
        pk.consolidate_dataset(path, BY_TEAM)


OBJECTS = {"a list of objects": [{"k": 1}], "an object": {"k": 1}}


@pytest.mark.parametrize("kind", OBJECTS)
def test_objects_are_no_value_of_a_mapped_column(kind):
    """A column of an event that was mapped holds none, a tag has their JSON text."""
    frame = pd.DataFrame(rows("host", OBJECTS[kind]))
    with pytest.raises(EventError, match=r"nested \(row 1: 'host = "):
        read_events(frame)
    events = read_events(pd.DataFrame(rows("team", OBJECTS[kind])))
    assert json.loads(events["team"][1]) == OBJECTS[kind]


@pytest.mark.parametrize("kind", MIXED)
def test_a_flat_list_is_its_items(kind, tmp_path):
    """In every source, between cells of other kinds."""
    events = read_events(SOURCES[kind](rows("team", ["a", "b"]), tmp_path))
    assert events["team"].tolist() == ["t0", "a|b", "t2"]


@pytest.mark.parametrize(
    ("column", "reason"), [("status", "bad_status"), ("timestamp", "bad_timestamp")]
)
def test_lists_are_neither_times_nor_statuses(column, reason):
    """A flat one is a bad value like any other, a nested one is refused as such."""
    with pytest.raises(EventError, match=rf"{reason} \(row 1: 'a\|b'\)"):
        read_events(pd.DataFrame(rows(column, ["a", "b"])))
    with pytest.raises(EventError, match=rf"nested \(row 1: .{column} = \["):
        read_events(pd.DataFrame(rows(column, NESTED)))


def test_an_empty_list_is_missing():
    """Also in a column whose lists could hold lists."""
    cells = pa.array([None, [], None], pa.list_(pa.list_(pa.string())))
    table = pa.Table.from_pylist(rows("team", None)).set_column(4, "team", cells)
    assert read_events(table)["team"].isna().all()


ALERT = {
    "status": "firing",
    "labels": {"alertname": "Disk", "instance": "db-1"},
    "annotations": {},
    "startsAt": "2026-03-01T00:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "https://prometheus.example.com",
    "fingerprint": "a1",
    "matrix": [[1, 2], [3]],
}


def test_what_a_profile_does_not_map_may_be_nested(tmp_path):
    """It keeps its JSON text; mapped by the caller, it is refused."""
    path = tmp_path / "webhook.json"
    path.write_text(json.dumps({"version": "4", "receiver": "r", "alerts": [ALERT]}))
    read = partial(read_events, path, profile="alertmanager")
    assert read()["matrix"].tolist() == ["[[1, 2], [3]]"]
    with pytest.raises(EventError, match=r"nested \(row 0: 'matrix = "):
        read(columns={"check": "matrix"})
