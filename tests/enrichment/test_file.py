"""A CSV file is checked byte by byte, and then value by value."""

import csv
import threading

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from pandakit.enrichment import (
    EnrichmentSchema,
    validate,
    validate_enrichment,
)
from pandakit.enrichment._checks.duplicates import DuplicateCheck
from pandakit.enrichment._checks.rules import LIMITS
from pandakit.enrichment._source import csv_blocks as _blocks, csv_file as _file, csv_scan as _scan
from pandakit.errors import EnrichmentError
from tests.fuzz import examples


@pytest.fixture
def file(tmp_path):
    """Write bytes to a file."""

    def write(content):
        path = tmp_path / "table.csv"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"host,owner\na,b\n", []),
        (b'"host","owner"\n"a","b"\n', []),
        (b"owner,host\nb,a\n", [("column_order", None, None, "owner, host")]),
        (b"", [("no_rows", None, None, None)]),
        (b"\n", [("no_rows", None, None, None)]),
        (b"host,owner\n", [("no_rows", None, None, None)]),
        (b"\xef\xbb\xbfhost,owner\na,b\n", [("byte_order_mark", None, None, None)]),
        (b'\xef\xbb\xbf"host","owner"\na,b\n', [("byte_order_mark", None, None, None)]),
        (b"host,owner\n\xef\xbb\xbfa,b\na,b\n", []),
        (b"host,owner\r\na,b\r\n", [("line_ends", None, None, None)]),
        (b"host,owner\na,b\nc,d\r\n", [("line_ends", None, None, None)]),
        (b"host,owner\na,b", [("final_newline", None, None, None)]),
        (b"host,owner\na,b\n\n", [("extra_newline", None, None, None)]),
        (b"host,owner\na,b\n\nc,d\n", [("blank_line", None, 1, None)]),
        (b'host,owner\na,b\nc,"d "\n', [("last_row_blank", "owner", 1, "d ")]),
        (b'host,owner\na,b\n"c\t",d\n', [("last_row_blank", "host", 1, "c\t")]),
        (b'host,owner\na,"b "\nc,d\n', []),
        (b"host,owner\na,b\nc,d \n", []),
        (b"host,owner\na,b\nc,\xff\n", [("invalid_utf8", "owner", 1, "\\xff")]),
        (b"host,owner\na,b\nc,\xed\xa0\x80\n", [("invalid_utf8", "owner", 1, "\\xed\\xa0\\x80")]),
        (b"host,owner\na,b\nc\nd,e\n", [("cell_count", None, 1, "c")]),
        (b"host,owner\na,b\nc,d,e\nf,g\n", [("cell_count", None, 1, "c,d,e")]),
        (b'host,owner\na,b\nc,d"x"\n', [("quotes", None, 1, None)]),
        (b'host,owner\na,b\nc,"d"x\ne,f\n', [("quotes", None, 1, None)]),
        (b'host,owner\na,"b\n', [("quotes", None, None, None)]),
        (b'host,owner\na,"b\nc"\nd,e\n', [("line_break", "owner", 0, "b\nc")]),
        (b'host,owner\na,"b\r\nc"\nd,e\n', [("line_break", "owner", 0, "b\r\nc")]),
        (b"host,owner\na,\0\n", [("control_character", "owner", 0, "\0")]),
        (b"host,owner\na,b\na,b\n", [("duplicate_row", None, 1, "a")]),
        (b"host,owner\na,b\na,c\n", [("key_conflict", None, 1, "a")]),
        (
            b"host,site\na,b\n",
            [("missing_column", "owner", None, None), ("extra_column", "site", None, "site")],
        ),
        (b"host,host,owner\na,a,b\n", [("repeated_column", "host", None, "host")]),
        (b"host,Owner\na,b\n", [("missing_column", "owner", None, None)]),
    ],
)
def test_bytes(found, file, content, expected):
    """Each fault of a file is found with its place, and what is no fault is not."""
    rules = [
        each
        for each in found(file(content))
        if each[0] not in {"surrounding_whitespace", "unreadable"}
    ]
    if expected and expected[0][0] == "quotes" and expected[0][2] is None:
        rules = [each for each in rules if each[0] == "quotes"]
    assert rules == expected


@pytest.mark.parametrize(
    "content",
    [
        b'host,owner\na,""\n',
        b'host,owner\n"a ""b"" c","d,e"\n',
        b'host,owner\n"""a|b""",c\n',
        b'host,owner\na," "" ",\n'[:-2] + b"\nb,c\n",
        "host,owner\nnaïve,日本語\n".encode(),
    ],
)
def test_well_formed_quotes_are_no_fault(found, file, content):
    """Doubled quotes, commas and empty quoted values are plain CSV."""
    assert [each for each in found(file(content)) if each[0] != "surrounding_whitespace"] == []


def test_rows_after_a_bad_line_keep_their_number(found, file):
    """A line that is no row counts as one, so that the numbers fit the file."""
    content = b"host,owner\na,b\nbad\nc,d\nworse,x,y\ne,f\n,g\ne,f\n"
    assert found(file(content)) == [
        ("duplicate_row", None, 6, "e"),
        ("cell_count", None, 1, "bad"),
        ("cell_count", None, 3, "worse,x,y"),
        ("empty_key", "host", 5, ""),
    ]


def test_nothing_in_a_file_is_taken_for_missing(found, file):
    """The words NA, nan and null are text in a file."""
    assert found(file(b"host,owner\nNA,nan\nnull,None\nNULL,N/A\n")) == [
        ("key_case", None, 2, "NULL")
    ]


@pytest.mark.parametrize("block", [1, 2, 3, 5, 64])
def test_blocks_are_no_borders(monkeypatch, found, file, block):
    """The same faults are found wherever the file is cut into blocks."""
    content = (
        b'host,owner\n"a","b""c"\n\n"d\ne",f\ng,"h"x\ni,j\r\nk,l\n"m, n","o|p"\nq,r\n"s","t "\n\n'
    )
    whole = found(file(content))
    assert {each[0] for each in whole} >= {"blank_line", "quotes", "line_ends", "extra_newline"}
    monkeypatch.setattr(_scan, "_BLOCK", block)
    monkeypatch.setattr(_file, "_BLOCK", block)
    assert found(file(content)) == whole


def test_reads_long_files_block_by_block(monkeypatch, file, schema):
    """Repeats in different blocks of a file are found, and the rows are numbered through."""
    monkeypatch.setattr(_file, "_BLOCK", 64)
    rows = [f"host-{n:03},owner-{n:03}" for n in range(200)]
    rows[150] = rows[20]
    rows[199] = "host-000,other"
    report = validate_enrichment(file("\n".join(["host,owner", *rows, ""]).encode()), schema)
    assert [(each.rule, each.row, each.value) for each in report.errors] == [
        ("duplicate_row", 150, "host-020"),
        ("key_conflict", 199, "host-000"),
    ]
    assert report.rows == 200


def test_size_has_two_readings(monkeypatch, file, schema):
    """To the safe size nothing is said, to the certain one strict decides, above is refused."""
    path = file(b"host,owner\na,b\n")
    size = path.stat().st_size
    verdicts = []
    for safe, most in ((size, size + 1), (size - 1, size), (size - 2, size - 1)):
        limits = LIMITS._replace(safe_file_bytes=safe, file_bytes=most)
        monkeypatch.setattr(validate, "LIMITS", limits)
        verdicts.append([validate_enrichment(path, schema, strict=s).ok for s in (False, True)])
    assert verdicts == [[True, True], [True, False], [False, False]]
    assert (LIMITS.safe_file_bytes, LIMITS.file_bytes) == (500_000_000, 500 * 1024 * 1024)


def test_a_frame_is_measured_before_it_is_written(monkeypatch, schema):
    """The size of a frame is that of its file: header, quotes, commas, doubled quotes, UTF-8."""
    frame = pd.DataFrame({"host": ['a"b', "é"], "owner": [None, 12]})
    text = '"host","owner"\n"a""b",""\n"é","12"\n'
    report = validate_enrichment(frame, schema)
    assert report.bytes == len(text.encode())
    monkeypatch.setattr(validate, "LIMITS", LIMITS._replace(file_bytes=report.bytes - 1))
    assert [each.rule for each in validate_enrichment(frame, schema).errors] == ["file_size"]


def test_extra_newlines_have_two_readings(file, schema):
    """An empty line at the end may be what is asked for: a warning, and strict refuses it."""
    path = file(b"host,owner\na,b\n\n")
    assert validate_enrichment(path, schema).ok
    assert not validate_enrichment(path, schema, strict=True).ok


def test_what_is_no_table_is_a_type_error(schema, tmp_path):
    """Neither table nor path: a TypeError; no file, or no regular one: an OSError."""
    with pytest.raises(TypeError, match="not list"):
        validate_enrichment([1], schema)
    with pytest.raises(FileNotFoundError):
        validate_enrichment(tmp_path / "none.csv", schema)
    for special in (tmp_path, "/dev/null"):
        with pytest.raises(OSError, match="not a regular file"):
            validate_enrichment(special, schema)


def test_a_title_row_that_is_no_csv(file):
    """A first line beyond all bounds is a finding, not an exception."""
    report = validate_enrichment(file(b"x" * 200_000 + b"\na\n"), EnrichmentSchema("a", "b"))
    assert "unreadable" in [each.rule for each in report.errors]


alphabet = st.sampled_from(
    [b"a", b"b", b",", b'"', b"\n", b"\r", b" ", b"|", b"\xc3\xa9", b"\xff", b'""', b'","', b'"\n"']
)


@given(st.lists(alphabet, max_size=24).map(b"".join), st.booleans())
@examples(quick=40, full=5000)
@pytest.mark.filterwarnings("ignore::pandakit.PartialWarning")
def test_any_bytes(file, schema, body, ends):
    """No file raises; one that is accepted is read by the csv module as the rows it has."""
    path = file(b"host,owner\n" + body + b"\n" * ends)
    report = validate_enrichment(path, schema, strict=True)
    assert report.to_text()
    assert report._repr_html_()
    if report.ok:
        with path.open(newline="", encoding="utf-8") as text:
            rows = list(csv.reader(text))
        assert len(rows) == report.rows + 1
        assert {len(row) for row in rows} == {2}
        assert path.read_bytes().endswith(b"\n")
        fixed, _ = report.fix()
        assert len(fixed) <= report.rows


@given(st.lists(alphabet, max_size=24).map(b"".join), st.booleans(), st.integers(1, 9))
@examples(quick=25, full=3000)
def test_any_bytes_in_any_blocks(file, schema, body, ends, block):
    """Of no file is anything else said, whatever blocks it is read in: quotes, BOM, CR, CRLF."""
    path = file(b"host,owner\n" + body + b"\n" * ends)
    whole = validate_enrichment(path, schema)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_scan, "_BLOCK", block)
        patch.setattr(_file, "_BLOCK", block)
        cut = validate_enrichment(path, schema)
    assert (cut.errors, cut.warnings, cut.rows) == (whole.errors, whole.warnings, whole.rows)


def test_nothing_is_read_ahead(tmp_path):
    """While a file of 16 MB is gone through, Arrow holds a few blocks of it, not more."""
    path = tmp_path / "t.csv"
    path.write_text("host,owner\n" + "".join(f"host-{n:06},{'x' * 51}\n" for n in range(262_144)))
    source = _file.FileSource(path, _scan.scan_csv(path), {"host": 0, "owner": 1})
    before, rows, most = pa.total_allocated_bytes(), 0, 0
    for batch in source.batches():
        rows += len(batch.numbers)
        most = max(most, pa.total_allocated_bytes() - before)
    assert rows == 262_144
    assert most < 8 << 20


def test_no_other_thread_calls_back(monkeypatch, file, schema):
    """Lines that are no rows are handed over in the thread that validates, and in no other."""
    threads, take = set(), _blocks._BadLines.__call__

    def noted(self, line):
        threads.add(threading.get_ident())
        return take(self, line)

    monkeypatch.setattr(_blocks._BadLines, "__call__", noted)
    validate_enrichment(file(b"host,owner\n" + b"a,b\nc\n" * 100_000), schema, max_findings=1)
    assert threads == {threading.get_ident()}


def test_a_file_that_grows_while_it_is_validated(monkeypatch, file, schema):
    """Rows that are added while a file is validated are an error, never a wrong finding."""
    path = file(b"host,owner\na,b\na,b\n")
    report = DuplicateCheck.report

    def grown(self, tally):
        with path.open("ab") as more:
            more.write(b"c,d\n" * 20)
        report(self, tally)

    monkeypatch.setattr(DuplicateCheck, "report", grown)
    with pytest.raises(EnrichmentError, match="changed while it was validated"):
        validate_enrichment(path, schema)


def test_a_row_without_end(monkeypatch, file, schema):
    """A quote without its pair takes no more of a large file into memory than a row may have."""
    monkeypatch.setattr(_blocks, "_LONGEST_ROW", 1_000)
    monkeypatch.setattr(_file, "_BLOCK", 64)
    report = validate_enrichment(file(b'host,owner\na,"' + b"b,c\n" * 10_000), schema)
    assert {"quotes", "unreadable"} <= {each.rule for each in report.errors}


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 20))
@examples(quick=20, full=1000)
def test_rows_keep_their_number_among_bad_lines(found, file, good, block):
    """Whichever lines are no rows, every row is reported by its place in the file."""
    lines = [b"a,b\x00" if is_row else b"bad" for is_row in good]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_file, "_BLOCK", block)
        seen = found(file(b"\n".join([b"host,owner", *lines, b"a,c\n"])))
    expected = {True: "control_character", False: "cell_count"}
    of_lines = [each[2] for each in seen if each[0] in expected.values()]
    assert sorted(of_lines) == list(range(len(good)))
    assert {each[2] for each in seen if each[0] == "cell_count"} == {
        row for row, is_row in enumerate(good) if not is_row
    }


def test_a_finding_about_a_line_that_is_no_row(file, schema):
    """A finding about a bad line is listed, and no other row is shown in its place."""
    report = validate_enrichment(file(b'host,owner\n""\n" "'), schema)
    assert "last_row_blank" in {each.rule for each in report.errors}
    assert "bad cells marked" not in report._repr_html_()


def test_every_line_is_bad(file, schema):
    """Bad lines are counted to the last, and the first of them listed with their numbers."""
    report = validate_enrichment(
        file(b"host,owner\n" + b"a\n" * 5_000 + b"c,d\n"), schema, max_findings=2
    )
    counts = report.counts.set_index("rule")["count"]
    assert counts["cell_count"] == 5_000
    assert [each.row for each in report.errors] == [0, 1, None]
    assert report.rows == 1


@pytest.mark.parametrize("length", [200_000, 1_200_000])
def test_long_values_are_found_in_their_row(tmp_path, length):
    """A value far above every limit is named with its row and column, however long its line is."""
    path = tmp_path / "t.csv"
    rows = "".join(f"host-{number},ann\n" for number in range(20_000))
    path.write_text(f"host,owner\n{rows}long,{'x' * length}\n{rows.upper()}")
    report = validate_enrichment(path, EnrichmentSchema("host", "owner"))
    assert [(each.rule, each.column, each.row) for each in report.errors] == [
        ("value_length", "owner", 20_000)
    ]
