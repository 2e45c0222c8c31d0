"""The same events from every kind of file: what a file is, its content tells."""

# ruff: noqa: E501 - cases stand in tables, one a line

import gzip
import json
import zipfile

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from pyarrow import csv

import pandakit as pk
from pandakit import EventError
from pandakit.events import read_events

TABLE = pa.table(
    {
        "timestamp": ["1777903419", "1777903420", "1777903421"],
        "status": ["critical", "ok", "warning"],
        "host": ["007", "NA", "caf\u00e9"],
        "check": ["disk; \u201cfull\u201d", 'a "b", c', None],
        "note": ["line\nbreak", "x|y\tz", "1,5"],
    }
)
RECORDS = TABLE.to_pylist()


def as_csv(separator=",", encoding="utf-8", *, line_end="\n", mark=b""):
    """Write the table with every cell in quotes."""
    quote = '"{}"'.format
    rows = [TABLE.column_names, *([row[name] for name in TABLE.column_names] for row in RECORDS)]
    lines = [
        separator.join("" if cell is None else quote(cell.replace('"', '""')) for cell in row)
        for row in rows
    ]
    return mark + line_end.join([*lines, ""]).encode(encoding)


def as_bytes(write):
    """Return what a writer of Arrow's puts into a file."""
    sink = pa.BufferOutputStream()
    write(sink)
    return sink.getvalue().to_pybytes()


def as_excel(folder):
    """Return the table as a workbook."""
    TABLE.to_pandas().to_excel(folder / "one.xlsx", index=False)
    return (folder / "one.xlsx").read_bytes()


def in_zip(data, folder):
    """Return an archive with a table, and with what a Mac adds."""
    with zipfile.ZipFile(folder / "one.zip", "w") as archive:
        archive.writestr("inside/events.csv", data)
        archive.writestr("__MACOSX/._events.csv", b"\x00\x01")
    return (folder / "one.zip").read_bytes()


PARQUET = as_bytes(lambda sink: pa.parquet.write_table(TABLE, sink))
CONTENTS = {
    "comma": lambda _: as_csv(),
    "semicolon": lambda _: as_csv(";"),
    "tab": lambda _: as_csv("\t"),
    "pipe": lambda _: as_csv("|"),
    "caret": lambda _: as_csv("^"),
    "declared": lambda _: b"sep=;\r\n" + as_csv(";"),
    "crlf": lambda _: as_csv(line_end="\r\n"),
    "byte order mark": lambda _: as_csv(mark=b"\xef\xbb\xbf"),
    "cp1252": lambda _: as_csv(encoding="cp1252"),
    "utf-16": lambda _: as_csv(encoding="utf-16"),
    "utf-16 big end first, no mark": lambda _: as_csv(encoding="utf-16-be"),
    "utf-16 little end first, no mark": lambda _: as_csv(";", encoding="utf-16-le"),
    "utf-32": lambda _: as_csv(encoding="utf-32"),
    "gzip": lambda _: gzip.compress(as_csv()),
    "gzip in two members": lambda _: gzip.compress(as_csv()[:40]) + gzip.compress(as_csv()[40:]),
    "zstd": lambda _: pa.compress(as_csv(), codec="zstd", asbytes=True),
    "zip": lambda folder: in_zip(as_csv(), folder),
    "zip of gzip": lambda folder: in_zip(gzip.compress(as_csv()), folder),
    "json": lambda _: json.dumps(RECORDS).encode(),
    "json in utf-16": lambda _: json.dumps(RECORDS, ensure_ascii=False).encode("utf-16"),
    "json in an object": lambda _: json.dumps({"total": 3, "events": RECORDS}).encode(),
    "json lines": lambda _: "\n".join(map(json.dumps, RECORDS)).encode(),
    "json documents": lambda _: "\n".join(json.dumps(r, indent=2) for r in RECORDS).encode(),
    "json lines, gzip": lambda _: gzip.compress("\n".join(map(json.dumps, RECORDS)).encode()),
    "parquet": lambda _: PARQUET,
    "feather": lambda _: as_bytes(lambda sink: pa.feather.write_feather(TABLE, sink)),
    "arrow stream": lambda _: as_bytes(
        lambda sink: pa.ipc.new_stream(sink, TABLE.schema).write_table(TABLE)
    ),
    "excel": as_excel,
}


def check(events):
    """Compare with the events of the table; text cells stay what they are."""
    assert events["timestamp"].astype("int64").tolist() == [
        second * 10**9 for second in (1777903419, 1777903420, 1777903421)
    ]
    assert str(events["timestamp"].dtype) == "datetime64[ns, UTC]"
    for name in ("status", "host", "check", "note"):
        cells = [None if pd.isna(cell) else cell for cell in events[name]]
        assert cells == TABLE.column(name).to_pylist(), name


@pytest.mark.parametrize("kind", CONTENTS)
def test_every_format_gives_the_same_events(kind, tmp_path):
    """Separators, encodings, line ends, compression and formats change nothing; names tell nothing."""
    path = tmp_path / "events.dat"
    path.write_bytes(CONTENTS[kind](tmp_path))
    check(read_events(path))


class Exporter:
    """Stands for a polars frame: it has an Arrow stream, with text as views."""

    def __arrow_c_stream__(self, requested_schema=None):
        views = pa.schema([(name, pa.string_view()) for name in TABLE.column_names])
        return TABLE.cast(views).__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    "make",
    [
        lambda: TABLE,
        TABLE.to_reader,
        TABLE.to_pandas,
        lambda: TABLE.to_pandas().astype("category"),
        lambda: TABLE.to_pandas().astype(object).assign(timestamp=[1777903419.0, 1777903420.0, 1777903421.0]),
        Exporter,
        lambda: duckdb.from_arrow(TABLE),
    ],
)  # fmt: skip
def test_every_kind_of_table_gives_the_same_events(make):
    """pandas, Arrow, DuckDB and anything with an Arrow stream."""
    check(read_events(make()))


def test_nested_columns_of_any_table_are_read():
    """Structs become columns, lists of objects their JSON, and mixed cells their text."""
    table = pa.table(
        {
            "timestamp": [1], "status": ["ok"], "agent": [{"host": {"name": "a"}}],
            "tags": [["x", "y"]], "links": [[{"url": "u"}]],
            "extra": pa.array([[("k", "v")]], pa.map_(pa.string(), pa.string())),
        }
    )  # fmt: skip
    mixed = table.to_pandas().assign(odd=[{1: "a"}], extra=[{"k": "v"}])
    for source in (table, mixed):
        events = read_events(source, columns={"host": "agent.host.name"})
        assert events["host"].tolist() == ["a"]
        assert events["links"].tolist() == ['[{"url": "u"}]']
        assert list(events["tags"][0]) == ["x", "y"]
        assert len(pk.consolidate(events, pk.CURRENT).alerts) == 0


@pytest.mark.parametrize("pattern", ["", "*.csv", "**/*.csv"])
def test_a_folder_or_a_pattern_is_all_its_files(tmp_path, pattern):
    """Files come in the order of their names, hidden ones and notes are left out and named."""
    (tmp_path / "b").mkdir()
    for number, name in enumerate(("c.csv", "a.csv", "b/b.csv")):
        (tmp_path / name).write_text(f"timestamp,status,host\n{number},ok,{name}\n")
    (tmp_path / "LICENSE.txt").write_text("not a table")
    (tmp_path / ".hidden.csv").write_text("not a table")
    events = read_events(f"{tmp_path}/{pattern}" if pattern else tmp_path)
    expected = {"*.csv": ["a.csv", "c.csv"]}.get(pattern, ["a.csv", "b/b.csv", "c.csv"])
    assert events["host"].tolist() == expected
    left_out = events.attrs["pandakit"]["left_out"]
    assert sorted(left_out) == ([] if pattern else [".hidden.csv", "LICENSE.txt"])


def test_a_list_is_its_files_in_its_order(tmp_path):
    """A list of files and folders is read like one folder of them."""
    for name in ("b", "a"):
        (tmp_path / f"{name}.csv").write_text(f"timestamp,status,host\n1,ok,{name}\n")
    events = read_events([tmp_path / "b.csv", str(tmp_path)])
    assert events["host"].tolist() == ["b", "a", "b"]


def test_files_of_different_columns_are_put_under_each_other(tmp_path):
    """Columns that a file lacks are missing; columns of two types become text."""
    (tmp_path / "a.csv").write_text("timestamp,status,host,rack\n1,ok,a,007\n")
    (tmp_path / "b.json").write_text('{"timestamp": 2, "status": "ok", "host": "b", "rack": 8}')
    (tmp_path / "c.csv").write_text("timestamp,status,service\n3,ok,c\n")
    events = read_events(tmp_path)
    assert events["rack"].tolist()[:2] == ["007", "8"]
    assert events[["host", "service"]].isna().sum().tolist() == [1, 2]


HEADER = "timestamp,status,host\n"
BAD_FILES = {
    "empty": (b"", "it is empty"),
    "only spaces": (b" \n \n", "it is empty"),
    "binary": (bytes(range(256)) * 4, "binary file"),
    "one column": (b"host\na\n", "only one column, 'host'"),
    "twice": (b"host,status,host\na,ok,1\n", "several columns called 'host'"),
    "no end of a quote": ((HEADER + '"1,ok,a\n').encode(), "row 0 has an unclosed quote"),
    "no rows": (HEADER.encode(), "has no events: no rows"),
    "damaged parquet": (PARQUET[:-20] + b"\x00" * 20, "cannot be read as a table"),
    "damaged gzip": (gzip.compress(as_csv())[:-30], "cannot be read"),
    "damaged zip": (b"PK\x03\x04" + b"x" * 50, "cannot be read"),
    "old excel": (b"\xd0\xcf\x11\xe0" + b"x" * 50, "old Excel format"),
    "no records": (b"[]", "no records"),
    "a page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "is HTML or XML, not a table"),
    "markup": (b"<?xml version='1.0'?><events/>", "is HTML or XML, not a table"),
    "numbers": (b"[1, 2]", "record 0 is 1, not a JSON object"),
    "nested lists": (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    "half json": (b'{"timestamp": 1, "status"', "is not JSON: "),
    "not latin": (b"host,status,timestamp\n\xff\x81\xfe,ok,1\n", "neither UTF-8 nor cp1252"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_file_that_is_no_table_is_one_clear_error(kind, tmp_path):
    """Damaged, empty and foreign files raise `EventError` with the name of the file."""
    content, message = BAD_FILES[kind]
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    with pytest.raises(EventError, match=message) as caught:
        read_events(path)
    assert str(path) in str(caught.value)


def test_paths_that_lead_nowhere_are_named(tmp_path):
    """A missing file, a folder without files, a pattern without matches, and other things."""
    for source in (tmp_path / "none.csv", tmp_path, f"{tmp_path}/*.csv"):
        with pytest.raises(EventError, match=str(tmp_path)):
            read_events(source)
    with pytest.raises(EventError, match="a list is neither a path nor a table"):
        read_events([1, 2])


RAGGED = HEADER + "1,ok,a\n2,ok\n3,ok,c,x\n4,ok,d\n"


def test_ragged_rows_are_named_or_left_out(tmp_path):
    """Rows with too few or too many values are named by number; with skip_bad they are counted."""
    path = tmp_path / "ragged.csv"
    path.write_text(RAGGED)
    with pytest.raises(EventError, match=r"2 of 4 rows.*\n.*2 ragged_row \(row 1.*row 2"):
        read_events(path)
    with pytest.warns(match="2 of 4 rows were left out"):
        events = read_events(path, skip_bad=True)
    assert events["host"].tolist() == ["a", "d"]
    skipped = events.attrs["pandakit"]["skipped_rows"]
    assert [(row["row"], row["reason"]) for row in skipped] == [
        (1, "ragged_row"),
        (2, "ragged_row"),
    ]


def test_a_line_that_is_no_json_is_named_or_left_out(tmp_path):
    """One broken line does not hide the others."""
    path = tmp_path / "events.jsonl"
    lines = [
        '{"timestamp": 1, "status": "ok", "host": "a"}',
        "{broken",
        *2 * ['{"timestamp": 2, "status": "ok", "host": "b"}'],
    ]
    path.write_text("\n".join(lines))
    with pytest.raises(EventError, match=r"1 of 4 rows.*\n.*1 bad_json \(row 1"):
        read_events(path)
    with pytest.warns(match="1 of 4 rows"):
        assert len(read_events(path, skip_bad=True)) == 3


def test_text_is_read_in_full_beyond_the_first_block(tmp_path):
    """A quoted line end after megabytes of plain rows is no end of a row."""
    path = tmp_path / "long.csv"
    rows = [f"{n},ok,host-{n}" for n in range(200_000)]
    rows[150_000] = '150000,ok,"two\nlines"'
    path.write_text(HEADER + "\n".join(rows) + "\n")
    events = read_events(path)
    assert len(events) == 200_000
    assert events["host"][150_000] == "two\nlines"


def test_large_csv_reads_as_arrow_reads_it(tmp_path):
    """Numbers and text of many rows are those that Arrow's own reader finds."""
    path = tmp_path / "many.csv"
    path.write_text(HEADER + "".join(f"{n},critical,h{n % 7}\n" for n in range(50_000)))
    expected = csv.read_csv(path)
    events = read_events(path)
    assert events["host"].tolist() == expected.column("host").to_pylist()
    seconds = events["timestamp"].astype("int64") // 10**9
    assert seconds.tolist() == expected.column("timestamp").to_pylist()
