"""The rules for single values: each with a table that breaks it, and with what does not."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pandakit.enrichment import EnrichmentSchema, validate_enrichment
from pandakit.enrichment._source import source as _source


def table(value, *, column="owner", before=2, after=1):
    """Return a table with one value in row 2."""
    rows = [{"host": f"h{n}", "owner": "ann"} for n in range(before + 1 + after)]
    rows[before][column] = value
    return pd.DataFrame(rows, dtype=object)


REFUSED = [
    ("line_break", "a\nb"),
    ("line_break", "a\r"),
    ("line_break", "\r\nb"),
    ("value_length", "v" * 32_769),
    ("control_character", "\0"),
    ("control_character", "\x80"),
    ("control_character", "a\x07b"),
    ("control_character", "a\x1f"),
    ("control_character", "a\x7f"),
    ("control_character", "a\x80"),
    ("control_character", "\x9fb"),
]
WARNED = [
    ("value_length_doubt", "v" * 32_001),
    ("unicode_line_break", "a\vb"),
    ("unicode_line_break", "a\fb"),
    ("unicode_line_break", "\x85"),
    ("unicode_line_break", "a\x85b"),
    ("unicode_line_break", "\u2028"),
    ("unicode_line_break", "a\u2028b"),
    ("unicode_line_break", "a\u2029b"),
    ("surrounding_whitespace", " a"),
    ("surrounding_whitespace", "a "),
    ("surrounding_whitespace", "a\t"),
    ("surrounding_whitespace", "\u00a0a"),
    ("surrounding_whitespace", " "),
    ("formula", "=1+1"),
    ("formula", "+1"),
    ("formula", "-1"),
    ("formula", "@x"),
    ("formula", "\tx"),
    ("pipe", "a|b"),
    ("pipe", "|"),
    ("pipe", '"a|b'),
    ("value_cut", "v" * 513),
    ("value_cut", "v|" + "é" * 513),
    ("items_cut", "|".join("abcdefghijklmnopqrstuvwxyz12345")),
]


@pytest.mark.parametrize(("rule", "value"), REFUSED)
def test_refuses_a_value(found, schema, rule, value):
    """A value that the service refuses is an error, with its rule, column, row and text."""
    assert (rule, "owner", 2, value) in found(table(value))
    assert not validate_enrichment(table(value), schema).ok


@pytest.mark.parametrize(("rule", "value"), WARNED)
def test_warns_of_a_value(found, schema, rule, value):
    """A value that is taken, but perhaps otherwise than meant, is a warning in its place."""
    assert (rule, "owner", 2, value) in found(table(value))
    assert validate_enrichment(table(value), schema).ok


@pytest.mark.parametrize(
    "value",
    [
        "a",
        "a b",
        "a\tb",
        'a "quoted" word',
        "comma, here",
        "'single'",
        "a=b",
        "naïve café",
        "日本語",
        "\U0001f600",
        "v" * 512,
        "e\u0301",
        "nan",
        "None",
        "1e10",
        "007",
    ],
)
def test_has_nothing_to_say_of_an_ordinary_value(found, value):
    """Text that every CSV parser gives back is neither refused nor warned of."""
    assert found(table(value)) == []


def test_length_and_items_matter_in_result_columns_only(found):
    """A query value is compared, not shown: it may be longer than an alert shows."""
    long = "v" * 513
    assert found(table(long, column="host")) == []
    many = "|".join("abcdefghijklmnopqrstuvwxyz12345")
    assert [each[0] for each in found(table(many, column="host"))] == ["pipe"]


def test_an_empty_key_is_warned_of_and_an_empty_result_is_not(found):
    """What an empty query value matches is unknown; an empty result is just empty."""
    assert found(table("", column="host")) == [("empty_key", "host", 2, "")]
    assert found(table(None, column="host")) == [("empty_key", "host", 2, "")]
    assert found(table("")) == found(table(None)) == []


@pytest.mark.parametrize(
    ("rule", "value", "shown"),
    [
        ("no_text_form", b"raw", "b'raw'"),
        ("no_text_form", {"a": 1}, "{'a': 1}"),
        ("no_text_form", pd.Timedelta("1h"), "0 days 01:00:00"),
        ("no_text_form", pd.Timestamp("2026-01-01"), "2026-01-01 00:00:00"),
        ("no_text_form", 1j, "1j"),
        ("no_text_form", ["a", {"b": 1}], "['a', {'b': 1}]"),
        ("not_finite", float("inf"), "inf"),
        ("not_finite", [1.5, float("-inf")], "[1.5, -inf]"),
        ("lone_surrogate", "a\ud800", "a\\ud800"),
    ],
)
def test_refuses_by_rule_what_has_no_text_form(found, rule, value, shown):
    """A cell of a type that cannot be sent is an error in its place, not an exception."""
    assert found(table(value)) == [(rule, "owner", 2, shown)]
    assert found(table(value, column="host")) == [(rule, "host", 2, shown)]


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        (pd.to_datetime(["2026-01-01", None, "2026-01-02"]), "no_text_form"),
        (pd.to_timedelta(["1h", None, "2h"]), "no_text_form"),
        (pd.Series([b"a", None, b"b"]), "no_text_form"),
        (pd.Series([1.5, None, float("inf")]), "not_finite"),
    ],
)
def test_refuses_whole_columns_by_rule(found, cells, rule):
    """Columns whose type has no text form are reported for every cell that is not missing."""
    frame = pd.DataFrame({"host": ["a", "b", "c"], "owner": cells})
    rows = [row for name, _, row, _ in found(frame) if name == rule]
    assert rows == ([2] if rule == "not_finite" else [0, 2])


def test_text_that_looks_like_infinity_is_text(found):
    """Only numbers can be infinite: the words stay words."""
    assert found(table("inf")) == found(table(["inf", "Infinity"])) == []


def test_numbers_are_no_formulas(found):
    """A negative number in a column of numbers is not warned of as a formula."""
    assert found(pd.DataFrame({"host": ["a", "b"], "owner": [-1, -2.5]})) == []
    assert found(table(-1)) == []


def test_lists_are_arrays_and_their_pipes_are_meant(found):
    """The pipes that a list makes are not warned of, nor are protected ones inside an item."""
    assert found(table(["a", "b"])) == []
    assert found(table(["a|b"])) == found(table(["a|b", "c"])) == []
    assert found(table('"a|b"')) == []
    many = list("abcdefghijklmnopqrstuvwxyz12345")
    assert [each[0] for each in found(table(many))] == ["items_cut"]
    assert found(table(["|".join(many)])) == []


EDGES = [
    (character, size, count)
    for character, size in (("v", 1), ("é", 2), ("€", 3), ("\U0001f600", 4))
    for count in {
        32_000 // size,
        32_000 // size + 1,
        32_768 // size,
        32_768 // size + 1,
        32_767,
        32_768,
        32_769,
    }
]


@pytest.mark.parametrize(("character", "size", "count"), EDGES)
def test_the_two_readings_of_32k(schema, character, size, count):
    """To 32,000 bytes is safe, above 32,768 characters is bad; between, strict decides."""
    value = character * count
    frame = table(value)
    expected = set()
    if count > 32_768:
        expected = {"value_length"}
    elif count * size > 32_000:
        expected = {"value_length_doubt"}
    for strict in (False, True):
        report = validate_enrichment(frame, schema, strict=strict)
        rules = {found.rule for found in (*report.errors, *report.warnings)}
        assert rules - {"value_cut"} == expected
        assert report.ok == (not expected or (expected == {"value_length_doubt"} and not strict))


def test_a_blank_before_the_last_quote_is_refused(found, schema):
    """On the last line a blank before a closing quote breaks the upload: an error there only."""
    assert found(table("ann ", before=2, after=0)) == [
        ("last_row_blank", "owner", 2, "ann "),
        ("surrounding_whitespace", "owner", 2, "ann "),
    ]
    assert validate_enrichment(table("ann ", before=0, after=1), schema).ok
    assert found(table(" ann", before=2, after=0)) == [
        ("surrounding_whitespace", "owner", 2, " ann")
    ]


@pytest.mark.parametrize(
    "convert",
    [
        lambda cells: pd.Series(cells, dtype=object),
        lambda cells: pd.Series(cells, dtype="string"),
        lambda cells: pd.Series(cells, dtype=pd.StringDtype("python", na_value=np.nan)),
        lambda cells: pd.Series(cells, dtype=pd.StringDtype("pyarrow", na_value=np.nan)),
        lambda cells: pd.Series(cells, dtype="string[pyarrow]"),
        lambda cells: pd.Series(cells, dtype="category"),
        lambda cells: pd.Series(cells).astype(pd.ArrowDtype(pa.string())),
        lambda cells: pd.Series(cells).astype(pd.ArrowDtype(pa.large_string())),
    ],
)
def test_every_text_type_is_checked_alike(found, convert):
    """The findings do not depend on how pandas holds the text."""
    hosts = convert(["db1", " db2", "a|b", "=x", None, "db1"])
    owners = convert(["ann", "l\nb", None, "x\0y", "", "bob"])
    assert found(pd.DataFrame({"host": hosts, "owner": owners})) == [
        ("line_break", "owner", 1, "l\nb"),
        ("control_character", "owner", 3, "x\0y"),
        ("key_conflict", None, 5, "db1"),
        ("surrounding_whitespace", "host", 1, " db2"),
        ("formula", "host", 3, "=x"),
        ("pipe", "host", 2, "a|b"),
        ("empty_key", "host", 4, ""),
    ]


def test_arrow_lists_are_lists():
    """A column of Arrow lists becomes arrays as Python lists do, inner pipes protected."""
    schema = EnrichmentSchema("host", "owner")
    lists = pd.Series([["a", "b|c"], None], dtype=pd.ArrowDtype(pa.list_(pa.string())))
    frame = pd.DataFrame({"host": ["x", "y"], "owner": lists})
    assert not validate_enrichment(frame, schema).warnings


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_batches_are_no_borders(monkeypatch, found, schema, rows):
    """Rows are checked in batches of any size with the same findings, rows and counts."""
    values = [" a", "b\nc", None, b"x", "=1", ["p|q", "r"], "v" * 33_000, 2.5, float("inf"), "z "]
    frame = pd.DataFrame(
        {"host": pd.Series([f"h{n}" for n in range(10)]), "owner": pd.Series(values, dtype=object)}
    )
    whole, counts = found(frame), validate_enrichment(frame, schema).counts
    monkeypatch.setattr(_source, "_BATCH_ROWS", rows)
    assert found(frame) == whole
    pd.testing.assert_frame_equal(validate_enrichment(frame, schema).counts, counts)
    assert len(whole) == 9


def test_validating_changes_nothing_in_the_frame(schema):
    """Lists, objects, categories and the index of the caller's frame are as they were."""
    frame = pd.DataFrame(
        {
            "owner": pd.Series([["a|b", 1], b"x", " y", None], dtype=object),
            "host": pd.Categorical(["a ", "b", None, "a "]),
            "more": [1.5, None, float("inf"), -0.0],
        }
    ).set_index(pd.Index([3, 1, 2, 0], name="key"))
    before, inner = frame.copy(deep=True), list(frame["owner"].iloc[0])
    report = validate_enrichment(frame, schema)
    report.fix()
    assert report._repr_html_()
    pd.testing.assert_frame_equal(frame, before)
    assert frame["owner"].iloc[0] == inner
