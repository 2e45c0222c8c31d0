"""The rules for columns, tag names and the organisation's limits."""

import pandas as pd
import pytest

from pandakit.enrichment import EnrichmentSchema, validate_enrichment

GOOD = {"host": ["a"], "owner": ["b"]}


def frame(rows, columns):
    """Return a frame with any column names."""
    return pd.DataFrame(rows, columns=columns)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["host", "owner"], []),
        (["owner", "host"], []),
        (["host"], [("missing_column", "owner")]),
        (["host", "owner", "site"], [("extra_column", "site")]),
        (["host", "Owner"], [("missing_column", "owner")]),
        (["host", " owner"], [("missing_column", "owner")]),
        (["host", "owner", "owner"], [("repeated_column", "owner")]),
        (["host", "owner", 7], [("column_name", "7")]),
        (["host", "owner", ("a", "b")], [("column_name", "('a', 'b')")]),
        (
            ["host", "OWNER", "Owner"],
            [("missing_column", "owner"), ("extra_column", "OWNER"), ("extra_column", "Owner")],
        ),
    ],
)
def test_columns_must_be_those_of_the_schema(found, columns, expected):
    """Missing, extra, repeated, renamed and nameless columns are each named; order is free."""
    table = frame([["x"] * len(columns)], columns)
    assert [each[:2] for each in found(table)] == expected


def test_a_renamed_column_is_pointed_out(schema):
    """The message names the column that was probably meant, which is checked all the same."""
    report = validate_enrichment(frame([["a", "b\nc"]], ["host", " Owner"]), schema)
    assert report.errors[0].message.endswith("; is ' Owner' meant? fix() renames it")
    assert ("line_break", "owner", 0) in [each[:1] + each[2:4] for each in report.errors]


def test_a_multiindex_is_no_column_name(found):
    """Columns of two levels are refused, and no rule stumbles over them."""
    table = frame([["a", "b"]], pd.MultiIndex.from_tuples([("x", "host"), ("x", "owner")]))
    assert [each[0] for each in found(table)] == ["missing_column"] * 2 + ["column_name"] * 2


def test_no_rows(found):
    """A table with a header row alone is refused."""
    assert found(pd.DataFrame(GOOD).iloc[:0]) == [("no_rows", None, None, None)]


def test_the_index_is_not_sent(found, schema, tmp_path):
    """An index with a name is warned of; a plain one is nobody's business."""
    table = pd.DataFrame(GOOD).set_index(pd.Index(["k"], name="key"))
    assert found(table) == [("index", None, None, "key")]
    assert found(pd.DataFrame(GOOD, index=["k"])) == []


@pytest.mark.parametrize(
    ("tag", "ok"),
    [
        ("owner", True),
        ("a", True),
        ("a-1_b", True),
        ("v" * 64, True),
        ("v" * 65, False),
        ("Owner", False),
        ("1st", False),
        ("_x", False),
        ("the owner", False),
        ("bésitz", False),
    ],
)
def test_tag_names(tag, ok):
    """A result tag without a valid name is an error, a query tag a warning."""
    table = pd.DataFrame({"host": ["a"], "who": ["b"]})
    result = validate_enrichment(table, EnrichmentSchema("host", {"who": tag}))
    query = validate_enrichment(table, EnrichmentSchema({"host": tag}, "who"))
    assert [each.rule for each in result.errors] == ([] if ok else ["tag_name"])
    assert [each.rule for each in query.warnings] == ([] if ok else ["query_tag_name"])
    assert query.ok


def test_organisation_limits(found):
    """Two hundred result tags are allowed, one more is not; what is in use counts too."""
    tags = [f"r{n}" for n in range(201)]
    table = pd.DataFrame({"host": ["a"], **{tag: ["b"] for tag in tags}})
    assert ("organisation_limit", None, None, "201") in found(
        table, of=EnrichmentSchema("host", tags)
    )
    fewer = EnrichmentSchema("host", tags[:200])
    assert found(table[["host", *tags[:200]]], of=fewer) == []
    small = pd.DataFrame(GOOD)
    for what, most in (
        ("alert_tags", 1_000),
        ("items", 20_000),
        ("items_per_tag", 500),
        ("result_tags", 200),
    ):
        adds = 2 if what == "alert_tags" else 1
        assert found(small, current_usage={what: most - adds}) == []
        assert found(small, current_usage={what: most - adds + 1}) == [
            ("organisation_limit", None, None, str(most + 1))
        ]


def test_limits_that_cannot_be_known_are_told():
    """Current usage counts where it is passed, and is noted where it is not."""
    table, schema = pd.DataFrame(GOOD), EnrichmentSchema("host", "owner")
    (note,) = validate_enrichment(table, schema, current_usage={"items": 3, "alert_tags": 5}).notes
    assert "500 enrichment items for one tag, 200 result tags" in note
    assert "alert tags" not in note
    unsaid = validate_enrichment(table, schema)
    (note,) = unsaid.notes
    assert "1,000 alert tags, 20,000 enrichment items" in note
    assert unsaid.to_text().endswith(f"note: {note}")
    assert f"Note: {note}" in unsaid._repr_html_()
    everything = dict.fromkeys(("alert_tags", "items", "items_per_tag", "result_tags"), 0)
    said = validate_enrichment(table, schema, current_usage=everything)
    assert said.notes == ()
    assert "note" not in said.to_text()


def test_values_of_extra_columns_are_checked_too(tmp_path):
    """A line break in a column that is not in the schema is found, in a frame and in a file."""
    frame = pd.DataFrame({"host": ["a", "b"], "notes": ["", "two\nlines"], "owner": ["x", "y"]})
    path = tmp_path / "t.csv"
    path.write_bytes(b'host,notes,owner\na,,x\nb,"two\nlines",y\n')
    for table in (frame, path):
        report = validate_enrichment(table, EnrichmentSchema("host", "owner"))
        found = [(each.rule, each.column, each.row) for each in report.errors]
        assert found == [("extra_column", "notes", None), ("line_break", "notes", 1)]
        assert report.warnings == ()
        assert "two" in report._repr_html_()
