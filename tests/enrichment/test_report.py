"""The report: counts beyond `max_findings`, frames, text, HTML, repairs."""

import unicodedata

import numpy as np
import pandas as pd
import pytest

from pandakit.enrichment import EnrichmentSchema, validate_enrichment


@pytest.fixture
def many(schema):
    """Validate 250 rows with a line break each, and ten without fault."""
    rows = [(f"h{n}", "a\nb" if n < 250 else "fine") for n in range(260)]
    return validate_enrichment(pd.DataFrame(rows, columns=["host", "owner"]), schema)


def test_a_cap_with_true_counts(many):
    """The first hundred of a kind are listed, one line says how many there are in all."""
    assert [each.row for each in many.errors] == [*range(100), None]
    assert many.errors[-1].message == "and 150 more: 250 in all"
    assert many.n_errors == 250
    assert many.counts.to_dict("records") == [
        {"rule": "line_break", "severity": "error", "column": "owner", "count": 250}
    ]
    assert not many.ok


@pytest.mark.parametrize("most", [0, 1, 249, 250, 1_000])
def test_max_findings_is_the_callers(many, schema, most):
    """Any `max_findings` gives the same verdict and the same counts."""
    report = validate_enrichment(many._table, schema, max_findings=most)
    assert len(report.errors) == min(most, 250) + (most < 250)
    assert report.n_errors == 250
    assert not report.ok


def test_the_frame_of_findings(many, schema):
    """The frame has the same columns and types when there is nothing to say."""
    nothing = validate_enrichment(pd.DataFrame({"host": ["a"], "owner": ["b"]}), schema)
    frame, empty = many.to_frame(), nothing.to_frame()
    assert list(frame) == ["rule", "severity", "column", "row", "value", "message"]
    assert (frame.dtypes == empty.dtypes).all()
    assert str(frame["row"].dtype) == "Int64"
    assert len(empty) == 0
    assert nothing.ok
    assert len(frame) == 101
    assert frame["value"].isna().sum() == 1
    assert pd.api.types.is_string_dtype(frame["column"])
    assert frame["row"].isna().sum() == 1
    assert (nothing.counts.dtypes == many.counts.dtypes).all()


def test_the_same_table_gives_the_same_report(many, schema):
    """Text and HTML are the same each time."""
    again = validate_enrichment(many._table, schema)
    assert repr(again) == repr(many) == many.to_text()
    assert again._repr_html_() == many._repr_html_()


def test_text_shows_what_would_hide(schema):
    """Controls and whitespace at the edges are visible, long values are cut and measured."""
    rows = {"host": [" a", "b\u200b\n", "c"], "owner": ["x", "y", "v" * 600]}
    text = repr(validate_enrichment(pd.DataFrame(rows), schema))
    assert "would be refused: 3 rows of 2 columns" in text
    assert "␣a" in text
    assert "b\\u200b\\n" in text
    assert "v… (600 characters)" in text


def test_html_escapes_every_text():
    """Nothing that stands in a table, a schema or a file name becomes markup."""
    evil = "<script>alert('x')</script>&\""
    schema = EnrichmentSchema([evil], ["owner"], name=evil)
    rows = pd.DataFrame({evil: [" " + evil, evil], "owner": ["a\nb", evil], evil + "2": ["", ""]})
    html = validate_enrichment(rows, schema)._repr_html_()
    assert "<script" not in html
    assert "alert(&#x27;x&#x27;)" in html


def test_html_marks_the_bad_cells(schema):
    """The rows with a fault are shown, the cells of errors and warnings marked apart."""
    rows = {"host": ["a", "b ", "c", "c"], "owner": ["ok", "x\ny", "1", "2"]}
    html = validate_enrichment(pd.DataFrame(rows), schema)._repr_html_()
    shown = html.split("bad cells marked")[1]
    assert "<code>ok</code>" not in shown
    assert "<td class='wrong' title='line_break: " in shown
    assert "<td class='doubtful' title='surrounding_whitespace: " in shown
    assert "<td class='number wrong' title='key_conflict: row 2 has this key" in shown
    assert shown.count("<tr>") == 3


def test_fix_makes_safe_repairs_only(schema):
    """Renames by case, trims texts, drops rows with the same text: each is listed."""
    frame = pd.DataFrame(
        {
            "HOST": pd.Series([" a", "b", "b ", "c\n", 7], dtype="object"),
            "owner": pd.Series(["x", "y", "y", [" l"], 1.0], dtype="object"),
        }
    ).set_axis([10, 11, 12, 13, 14], axis=0)
    before = frame.copy(deep=True)
    fixed, changes = validate_enrichment(frame, schema).fix()
    pd.testing.assert_frame_equal(frame, before)
    assert fixed.to_dict("list") == {"host": ["a", "b", "c", 7], "owner": ["x", "y", [" l"], 1.0]}
    assert list(fixed.index) == [10, 11, 13, 14]
    listed = changes.astype(object).where(changes.notna(), None).to_numpy().tolist()
    assert listed == [
        ["renamed", "HOST", None, "HOST", "host"],
        ["trimmed", "host", 0, " a", "a"],
        ["trimmed", "host", 2, "b ", "b"],
        ["trimmed", "host", 3, "c\n", "c"],
        ["dropped", None, 2, "b, y", None],
    ]


def test_fix_leaves_conflicts_and_bad_values(schema):
    """What needs a decision stays: two results for a key, inner line breaks, odd objects."""
    rows = {"host": ["a", "a", "b", "c"], "owner": ["1", "2", "x\ny", b"raw "]}
    frame = pd.DataFrame(rows)
    fixed, changes = validate_enrichment(frame, schema).fix()
    pd.testing.assert_frame_equal(fixed, frame)
    assert len(changes) == 0
    assert list(changes) == ["change", "column", "row", "before", "after"]


def test_fix_keeps_rows_whose_odd_cells_differ(schema):
    """Two objects without text form are not the same row, two equal ones are."""
    rows = pd.DataFrame({"host": ["a", "a", "a"], "owner": [b"1", b"2", b"1"]})
    fixed, _ = validate_enrichment(rows, schema).fix()
    assert list(fixed["owner"]) == [b"1", b"2"]


@pytest.mark.parametrize("dtype", ["category", "string", pd.StringDtype(na_value=np.nan), object])
def test_fix_trims_any_text_column(schema, dtype):
    """Texts are trimmed in columns of every text type; a fixed table can be sent."""
    frame = pd.DataFrame({"host": ["a ", "b", None, "x"], "owner": ["q", " q", "r", "s"]})
    fixed, changes = validate_enrichment(frame.astype(dtype), schema).fix()
    assert list(fixed["host"].fillna("-")) == ["a", "b", "-", "x"]
    assert list(fixed["owner"]) == ["q", "q", "r", "s"]
    assert len(changes) == 2


def test_fix_reads_a_file_as_text(schema, tmp_path):
    """A file with marks and ends of Windows becomes a frame that validates."""
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbfHost,owner\r\n007, NA\r\nb,c\r\nb,c")
    report = validate_enrichment(path, schema)
    assert {each.rule for each in report.errors} >= {"byte_order_mark", "line_ends"}
    fixed, changes = report.fix()
    assert fixed.to_dict("list") == {"host": ["007", "b"], "owner": ["NA", "c"]}
    assert list(changes["change"]) == ["renamed", "trimmed", "dropped"]
    assert validate_enrichment(fixed, schema).ok


def test_no_kind_of_finding_drowns_another(many):
    """Text and HTML show the first three of each rule and column, and how many there are."""
    schema = EnrichmentSchema("host", "owner")
    last = pd.DataFrame({"host": ["h0", "=1"], "owner": ["other", "x"]})
    report = validate_enrichment(pd.concat([many._table, last]), schema)
    for shown in (repr(report), report._repr_html_().split("bad cells marked")[0]):
        assert shown.count("line_break") == 4
        assert "and 247 more: 250 in all" in shown
        assert "row 0 has this key with other results" in shown
        assert "a spreadsheet takes this for a formula" in shown
    rows = report._repr_html_().split("bad cells marked")[1]
    for row in ("0", "260", "261"):
        assert f">{row}</td>" in rows


@pytest.mark.parametrize("most", [0, 1, 3, 100, 249, 250])
def test_what_is_shown_adds_up_for_any_max_findings(many, most):
    """However few findings are kept, the number in all is the true one."""
    text = repr(validate_enrichment(many._table, many.schema, max_findings=most))
    shown = min(most, 3)
    assert text.count("a line break") == shown
    assert f"and {250 - shown} more: 250 in all" in text


def test_nothing_in_a_text_can_hide(tmp_path, schema):
    """Controls in titles, values and messages are written out: a terminal obeys none of them."""
    path = tmp_path / "t.csv"
    path.write_bytes(b'host,"ow\x1b[31mner\x07"\n\x9b,"\xe2\x80\xae\n\xf3\xa0\x80\x81"\n')
    report = validate_enrichment(path, schema)
    text = report.to_text()
    assert "ow\\x1b[31mner\\x07" in text
    assert "\\U000e0001" in text
    shown = set(text + report._repr_html_()) - {"\n"}
    assert not [char for char in shown if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl"}]
