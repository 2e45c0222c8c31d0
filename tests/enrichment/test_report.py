"""The report: counts beyond `max_findings`, frames, text, HTML."""

import unicodedata

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
