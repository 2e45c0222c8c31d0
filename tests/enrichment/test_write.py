"""The written file: what was validated, whole or not at all."""

import csv
import hashlib

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st
from pyarrow import csv as arrow_csv

from pandakit.enrichment import (
    EnrichmentSchema,
    validate_enrichment,
    write,
    write_enrichment_csv,
)
from pandakit.enrichment._source import source as _source
from pandakit.enrichment._source.source import FrameSource
from pandakit.errors import EnrichmentError
from tests.fuzz import examples

SCHEMA = EnrichmentSchema(["host", "site"], ["owner"])
GOOD = pd.DataFrame({"owner": ["ann", "bob"], "host": ["a", "b"], "site": ["x", None]})

pieces = st.sampled_from(
    [
        '"',
        '""',
        ",",
        "|",
        " ",
        "\t",
        "'",
        ";",
        "a",
        "B",
        "é",
        "€",
        "\U0001f600",
        "\u2028",
        "#",
        "\\",
    ]
)
cells = (
    st.none()
    | st.lists(pieces, max_size=6).map("".join)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
)
rows = st.lists(
    st.tuples(cells, cells, cells), min_size=1, max_size=8, unique_by=lambda row: row[0] or ""
)


def read_twice(path):
    """Read a file with the csv module and with pyarrow."""
    with path.open(newline="", encoding="utf-8") as file:
        by_csv = list(csv.reader(file))
    table = arrow_csv.read_csv(
        path,
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(SCHEMA.columns, pa.string()), strings_can_be_null=False
        ),
    )
    by_arrow = [list(table.column_names), *map(list, zip(*table.to_pydict().values(), strict=True))]
    return by_csv, by_arrow


@given(rows)
@examples(quick=20, full=2000)
def test_two_parsers_read_the_validated_table(tmp_path, rows):
    """Any table without a refused value is read back, text for text, by two other parsers."""
    last = [*rows[-1][:2], "end"]
    rows = [*rows[:-1], [(cell or "").rstrip() for cell in last]]
    frame = pd.DataFrame(rows, columns=SCHEMA.columns, dtype=object)
    before = frame.copy(deep=True)
    report = validate_enrichment(frame, SCHEMA)
    if not report.ok:  # two keys became one when trailing whitespace was cut
        assert {each.rule for each in report.errors} <= {"key_conflict", "duplicate_row"}
        return
    file = write_enrichment_csv(frame, SCHEMA, tmp_path / "t.csv")
    expected = [list(SCHEMA.columns), *[[cell or "" for cell in row] for row in rows]]
    by_csv, by_arrow = read_twice(file.path)
    assert by_csv == by_arrow == expected
    content = file.path.read_bytes()
    assert (file.rows, file.bytes) == (len(rows), len(content)) == (report.rows, report.bytes)
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    pd.testing.assert_frame_equal(frame, before)
    again = validate_enrichment(file, SCHEMA)
    assert again.ok
    assert (again.rows, again.bytes) == (report.rows, report.bytes)


def test_the_bytes(tmp_path):
    """UTF-8 without mark, the schema's order, every value in quotes, LF after every row."""
    file = write_enrichment_csv(GOOD, SCHEMA, str(tmp_path / "t.csv"))
    assert file.path.read_bytes() == b'"host","site","owner"\n"a","x","ann"\n"b","","bob"\n'


def test_the_same_table_gives_the_same_bytes(tmp_path, monkeypatch):
    """Neither chunks nor types of text columns show in the file."""
    table = pd.DataFrame({name: [f"{name}{n}" for n in range(50)] for name in SCHEMA.columns})
    sums = {write_enrichment_csv(table, SCHEMA, tmp_path / "a.csv").sha256}
    for dtype in ("string", "category", pd.ArrowDtype(pa.string()), object):
        sums.add(write_enrichment_csv(table.astype(dtype), SCHEMA, tmp_path / "b.csv").sha256)
    monkeypatch.setattr(_source, "_BATCH_ROWS", 7)
    sums.add(write_enrichment_csv(table, SCHEMA, tmp_path / "c.csv").sha256)
    assert len(sums) == 1


def test_a_bad_table_is_not_written(tmp_path):
    """The error carries the report and names the first place; an older file stays as it was."""
    path = tmp_path / "t.csv"
    path.write_bytes(b"older")
    bad = GOOD.assign(owner=["ann", "l\nb"])
    with pytest.raises(EnrichmentError, match="line_break, column 'owner', row 1") as caught:
        write_enrichment_csv(bad, SCHEMA, path)
    assert [each.rule for each in caught.value.report.errors] == ["line_break"]
    assert isinstance(caught.value, ValueError)
    assert path.read_bytes() == b"older"
    assert [each.name for each in tmp_path.iterdir()] == ["t.csv"]


def test_strict_is_handed_on(tmp_path):
    """What only one reading allows is written by default, and refused when strict."""
    doubtful = GOOD.assign(owner=["v" * 32_500, "bob"])
    write_enrichment_csv(doubtful, SCHEMA, tmp_path / "t.csv")
    with pytest.raises(EnrichmentError, match="value_length_doubt"):
        write_enrichment_csv(doubtful, SCHEMA, tmp_path / "t.csv", strict=True)


class DiskFullError(OSError):
    """As the system says it."""


def test_nothing_is_left_when_writing_fails(tmp_path, monkeypatch):
    """A disk that is full in the middle leaves neither a file nor a part of one."""

    def full(*_):
        raise DiskFullError("No space left on device")

    monkeypatch.setattr(write._Sink, "write", full)
    with pytest.raises(DiskFullError):
        write_enrichment_csv(GOOD, SCHEMA, tmp_path / "t.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_frame_that_changes_meanwhile_is_not_written(tmp_path, monkeypatch):
    """What is written must have the size of what was validated."""
    report = validate_enrichment(GOOD, SCHEMA)
    monkeypatch.setattr(write, "validate_enrichment", lambda *_, **__: report)
    with pytest.raises(EnrichmentError, match="changed while it was written"):
        write_enrichment_csv(GOOD.assign(owner=["ann", "bobby"]), SCHEMA, tmp_path / "t.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path):
    """The system's own error says that the folder is missing."""
    with pytest.raises(FileNotFoundError):
        write_enrichment_csv(GOOD, SCHEMA, tmp_path / "no" / "t.csv")


def test_the_file_may_be_read_by_others(tmp_path):
    """The written file has the permissions of any new file."""
    plain = tmp_path / "plain"
    plain.touch()
    file = write_enrichment_csv(GOOD, SCHEMA, tmp_path / "t.csv")
    assert file.path.stat().st_mode == plain.stat().st_mode


def test_memory_does_not_hold_a_copy(tmp_path):
    """Validating and writing Arrow-backed text takes a part of the table's own memory."""
    import tracemalloc

    count = 400_000
    keys = pa.array([f"host-{n:08}-abcdefghij" for n in range(count)])
    notes = pa.array([f"some longer text about machine {n:08}" * 4 for n in range(count)])
    table = pa.table({"host": keys, "site": keys, "owner": notes})
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    counted = pa.proxy_memory_pool(pa.default_memory_pool())
    usual = pa.default_memory_pool()
    pa.set_memory_pool(counted)
    tracemalloc.start()
    try:
        write_enrichment_csv(frame, SCHEMA, tmp_path / "t.csv")
        peak = tracemalloc.get_traced_memory()[1] + counted.max_memory()
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)
    assert peak < table.nbytes / 2 + 40 * count
    assert peak < table.nbytes


@pytest.mark.parametrize("dtype", [object, "str", "category"])
def test_long_values_go_fewer_rows_at_a_time(dtype):
    """No batch of a table has more than 8 MiB of text, unless one row has."""
    cells = pd.Series([f"{n:05}" + "x" * (0 if n < 90_000 else 8_000) for n in range(92_000)])
    source = FrameSource(pd.DataFrame({"a": cells.astype(dtype)}), {"a": 0})
    sizes = [sum(cell.text.nbytes for cell in batch.cells) for batch in source.batches()]
    assert max(sizes) <= (24 if dtype == "category" else 8) << 20
    assert len(sizes) < 50
