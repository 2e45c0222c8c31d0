"""Bad input is one error that names the file, and nothing is half-written."""

from __future__ import annotations

import pandas as pd
import pytest

from pandakit import CLASSIC, EventError, consolidate_dataset
from pandakit.scale import one_machine
from tests.scale.test_many_machines import Losing

GOOD = pd.DataFrame(
    {"timestamp": [1.7e9, 1.7e9 + 60], "status": ["critical", "ok"], "host": ["a", "b"]}
)


def another_column(path):
    """Write a file with a column more."""
    GOOD.assign(cluster="x").to_parquet(path)


def times_of_another_kind(path):
    """Write datetimes where the other file has numbers."""
    GOOD.assign(timestamp=pd.to_datetime(GOOD["timestamp"], unit="s", utc=True)).to_parquet(path)


def milliseconds(path):
    """Write milliseconds."""
    GOOD.assign(timestamp=GOOD["timestamp"] * 1000).to_parquet(path)


def thousandths(path):
    """Write seconds as if their unit were thousands of seconds."""
    GOOD.assign(timestamp=GOOD["timestamp"] / 1000).to_parquet(path)


def times_without_zone(path):
    """Write times without a zone."""
    GOOD.assign(timestamp=["2026-03-01 12:00", "2026-03-01 12:01"]).to_csv(path, index=False)


def cells_without_text_form(path):
    """Write bytes."""
    GOOD.assign(host=[b"a", b"b"]).to_parquet(path)


def truncated(path):
    """Cut the end off."""
    GOOD.to_parquet(path)
    path.write_bytes(path.read_bytes()[:-40])


def half_a_footer(path):
    """Cut the middle out."""
    GOOD.to_parquet(path)
    content = path.read_bytes()
    path.write_bytes(content[:4] + content[200:])


def empty(path):
    """Write nothing."""
    path.touch()


def no_csv(path):
    """Write a row with a cell less."""
    path.write_text("timestamp,status,host\n1,ok,a\n2,ok\n")


def no_json(path):
    """Break off in a line."""
    path.write_text('{"timestamp": 1, "status": "ok", "host": "a"}\n{"timestamp": ')


def json_without_times(path):
    """Write lines that have no time."""
    path.write_text('{"status": "ok", "host": "a"}\n')


def json_of_something_else(path):
    """Write a list."""
    path.write_text("[1, 2]\n")


def a_note(path):
    """Write prose."""
    path.write_text("these are events")


BAD = {
    another_column: ("b.parquet", r"a\.parquet has no column 'cluster', which .*b\.parquet has"),
    times_of_another_kind: ("b.parquet", r"b\.parquet has its timestamps as datetimes, .*a\.parq"),
    milliseconds: ("b.parquet", r"b\.parquet: .* for milliseconds pass unit='ms'"),
    thousandths: (
        "b.parquet",
        r"b\.parquet has times until 1970-01-20 when .* unit='s' \(.*a\.par",
    ),
    times_without_zone: ("b.csv", r"b\.csv: column 'timestamp' holds ISO 8601 text without a zone"),
    cells_without_text_form: ("b.parquet", r"b\.parquet: column 'host', row 0: a bytes has no"),
    truncated: ("b.parquet", r"b\.parquet cannot be read: "),
    half_a_footer: ("b.parquet", r"b\.parquet cannot be read: "),
    empty: ("b.parquet", r"b\.parquet is empty"),
    no_csv: ("b.csv", r"b\.csv cannot be read: CSV parse error: Expected 3 columns, got 2"),
    no_json: ("b.jsonl", r"b\.jsonl: line 2 is not JSON"),
    json_without_times: ("b.jsonl", r"b\.jsonl has no column 'timestamp'"),
    json_of_something_else: ("b.jsonl", r"b\.jsonl: line 1 is not a JSON object"),
    a_note: ("b.txt", r"b\.txt is of no known format"),
}


@pytest.mark.parametrize("executor", [None, Losing(0, after=False)], ids=["one", "many"])
@pytest.mark.parametrize("write", BAD, ids=lambda write: write.__name__)
def test_bad_files(tmp_path, write, executor):
    """One bad file among good ones is an error with its name, and no folder is left."""
    folder = tmp_path / "events"
    folder.mkdir()
    name, message = BAD[write]
    GOOD.to_parquet(folder / "a.parquet")
    write(folder / name)
    with pytest.raises(EventError, match=message):
        consolidate_dataset(folder, out=tmp_path / "out", executor=executor)
    assert [path.name for path in tmp_path.iterdir()] == ["events"]


def test_nanoseconds_beside_microseconds(tmp_path):
    """Times that are none in the unit are refused where another file's are read."""
    GOOD.assign(timestamp=GOOD["timestamp"] * 1e6).to_parquet(tmp_path / "a.parquet")
    GOOD.assign(timestamp=GOOD["timestamp"] * 1e9).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(EventError, match=r"b\.parquet has no time at all when .* unit='us'"):
        consolidate_dataset(tmp_path, unit="us")


def test_no_files(tmp_path):
    """An empty folder, a pattern without files and a missing file are errors."""
    for source, message in (
        (tmp_path, "has no files"),
        (tmp_path / "*.parquet", "has no files"),
        (tmp_path / "a.parquet", "there is no such file"),
        ([], "has no files"),
        (GOOD, "a DataFrame is neither a folder"),
    ):
        with pytest.raises(EventError, match=message):
            consolidate_dataset(source)


def test_cells_without_text_form_in_all_files(tmp_path):
    """An error that shows only in the order of time names its file and where to look."""
    frame = GOOD.assign(host=[["a"], [["b"]]])
    frame[:1].assign(host=[[["a"]]]).to_parquet(tmp_path / "a.parquet")
    frame[1:].to_parquet(tmp_path / "b.parquet")
    with pytest.raises(
        EventError, match=r"a\.parquet, row 0 and later: column 'host', row 0: a li"
    ):
        consolidate_dataset(tmp_path)


def test_permission_of_any_opener(tmp_path, monkeypatch):
    """Whoever refuses to open a file, the message is the same."""
    GOOD.to_parquet(tmp_path / "a.parquet")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pandakit.scale._source.pieces.pq.ParquetFile", refuse)
    with pytest.raises(EventError, match=r"a\.parquet cannot be read: permission denied"):
        consolidate_dataset(tmp_path)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_file_that_grows(tmp_path, monkeypatch, suffix):
    """A file that changes while it is read is an error, and no result is left."""
    folder = tmp_path / "events"
    folder.mkdir()
    path = folder / f"a.{suffix}"

    def write(frame):
        frame.to_parquet(path) if suffix == "parquet" else frame.to_csv(path, index=False)

    write(GOOD)
    run = one_machine.Stages.run

    def grow(*arguments):
        write(pd.concat([GOOD] * 3))
        return run(*arguments)

    monkeypatch.setattr(one_machine.Stages, "run", grow)
    with pytest.raises(EventError, match=rf"a\.{suffix} changed while it was read"):
        consolidate_dataset(folder, out=tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["events"]


def test_settings_are_checked_first(tmp_path):
    """A setting without a meaning is an error before anything is read."""
    for settings, message in (
        ({"unit": "h"}, "unit: 'h'"),
        ({"as_of": "2026-01-01"}, "has no zone"),
        ({"events": True}, "pass out= too"),
    ):
        with pytest.raises(ValueError, match=message):
            consolidate_dataset(tmp_path / "nothing", CLASSIC, **settings)


def test_rejected_rows_are_named_by_their_file(tmp_path):
    """The warning about rejected rows has the file and the row there."""
    GOOD.to_parquet(tmp_path / "a.parquet")
    GOOD.assign(status=["ok", "fatal"]).to_parquet(tmp_path / "b.parquet")
    with pytest.warns(UserWarning, match=r"'fatal' in .*b\.parquet, row 1"):
        consolidate_dataset(tmp_path)
