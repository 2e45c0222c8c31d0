"""What a table would do to alerts."""

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from pandakit.enrichment import EnrichmentSchema, apply_enrichment, write_enrichment_csv
from pandakit.errors import BpqlSyntaxError, EnrichmentError
from tests.fuzz import examples

SCHEMA = EnrichmentSchema(["host"], ["owner"])
TABLE = pd.DataFrame({"host": ["db1", "db2", "7"], "owner": ["ann", "bob", ""]})


def owners(applied, column="owner"):
    """Return a result column, `None` where it is missing."""
    return [None if pd.isna(cell) else cell for cell in applied.alerts[column]]


def test_writes_the_result_tags():
    """An alert gets the results of the row whose text equals its tag; the others get nothing."""
    alerts = pd.DataFrame(
        {"host": ["db2", "db9", "db1", "db2"], "n": [1, 2, 3, 4]}, index=[5, 6, 7, 8]
    )
    before = alerts.copy(deep=True)
    applied = apply_enrichment(alerts, TABLE, SCHEMA)
    assert owners(applied) == ["bob", None, "ann", "bob"]
    assert list(applied.alerts) == ["host", "n", "owner"]
    assert list(applied.alerts.index) == [5, 6, 7, 8]
    pd.testing.assert_frame_equal(alerts, before)


def test_values_are_compared_as_text():
    """A number matches the text it is sent as; an empty result writes nothing."""
    applied = apply_enrichment(pd.DataFrame({"host": [7.0, None]}), TABLE, SCHEMA)
    assert applied.coverage["matched"].to_list() == [1, 1]
    assert owners(applied) == [None, None]


def test_coverage_counts_each_tag_and_all():
    """For each query tag: who has it, whose value the table has; at last all tags together."""
    schema = EnrichmentSchema({"H": "host", "S": "site"}, "owner")
    table = pd.DataFrame({"H": ["a", "b"], "S": ["x", "y"], "owner": ["1", "2"]})
    alerts = pd.DataFrame({"host": ["a", "a", "b", "q", None], "site": ["x", "y", None, "x", "x"]})
    applied = apply_enrichment(alerts, table, schema)
    assert applied.coverage.to_dict("list") == {
        "tag": ["host", "site", "(all)"],
        "alerts": [5, 5, 5],
        "present": [4, 4, 3],
        "matched": [3, 4, 1],
        "rate": [0.6, 0.8, 0.2],
    }
    assert owners(applied) == ["1", None, None, None, None]


def test_unmatched_keys_come_with_near_misses():
    """Keys without a row are counted, the commonest first, with the key that is nearly equal."""
    alerts = pd.DataFrame({"host": ["DB1", "zz", "zz", "db2 ", "DB2 ", "zz", "DB1", "db1", None]})
    found = apply_enrichment(alerts, TABLE, SCHEMA).unmatched
    rows = found.astype(object).where(found.notna(), None).to_numpy().tolist()
    assert list(found) == ["host", "alerts", "near", "difference"]
    assert rows == [
        ["zz", 3, None, None],
        ["DB1", 2, "db1", "case"],
        ["db2 ", 1, "db2", "whitespace"],
        ["DB2 ", 1, "db2", "case and whitespace"],
    ]


def test_case_counts_unless_the_schema_says_otherwise():
    """A schema that ignores case matches other letters, and still not other whitespace."""
    folded = EnrichmentSchema("host", "owner", case_insensitive=True)
    applied = apply_enrichment(pd.DataFrame({"host": ["DB1", "db1 "]}), TABLE, folded)
    assert owners(applied) == ["ann", None]
    assert applied.unmatched["difference"].to_list() == ["whitespace"]


@pytest.mark.parametrize(
    ("override", "expected"), [(False, ["old", "ann", "ann"]), (True, ["ann", "ann", "ann"])]
)
def test_existing_tags_stay_unless_overridden(override, expected):
    """An existing tag is kept, or overwritten if the schema says so, and counted either way."""
    schema = EnrichmentSchema("host", "owner", override_existing=override)
    alerts = pd.DataFrame({"host": ["db1"] * 3, "owner": ["old", None, "ann"]})
    applied = apply_enrichment(alerts, TABLE, schema)
    assert owners(applied) == expected
    (line,) = applied.conflicts.to_dict("records")
    verb = "overwrites" if override else "leaves"
    assert line == {
        "kind": "tag",
        "name": "owner",
        "count": 1,
        "message": f"alerts that have another 'owner' already: 1; the table {verb} it",
    }


@pytest.mark.parametrize("dtype", ["category", "string", object])
def test_existing_tags_of_any_type(dtype):
    """New values are written into columns of any text type."""
    alerts = pd.DataFrame({"host": ["db1", "db2"], "owner": ["x", None]}).astype(dtype)
    assert owners(apply_enrichment(alerts, TABLE, SCHEMA)) == ["x", "bob"]


def test_keys_with_several_results():
    """Of several rows with a key the first is taken, and the key is named."""
    table = pd.DataFrame({"host": ["a", "b", "a", "a"], "owner": ["1", "2", "3", "1"]})
    applied = apply_enrichment(pd.DataFrame({"host": ["a"]}), table, SCHEMA)
    assert owners(applied) == ["1"]
    assert applied.conflicts[["kind", "name", "count"]].to_numpy().tolist() == [["key", "a", 2]]
    assert "'a' has 2 different results: the first counts" in repr(applied)


def test_optional_columns_are_passed_over():
    """An alert without an optional tag is looked up by its other tags; one with it by all."""
    schema = EnrichmentSchema(["host", "site"], ["owner"], optional=["site"])
    table = pd.DataFrame({"host": ["a", "a"], "site": ["x", "y"], "owner": ["1", "2"]})
    alerts = pd.DataFrame({"host": ["a", "a", "a", None], "site": ["y", None, "z", "x"]})
    assert owners(apply_enrichment(alerts, table, schema)) == ["2", "1", None, None]
    assert owners(apply_enrichment(alerts[["host"]], table, schema)) == ["1", "1", "1", None]


def test_tags_in_prefixed_columns():
    """Alerts whose tags stand in columns named `tag.` get their new tags there too."""
    alerts = pd.DataFrame({"tag.host": ["db1"], "status": ["critical"]})
    applied = apply_enrichment(alerts, TABLE, SCHEMA)
    assert list(applied.alerts) == ["tag.host", "status", "tag.owner"]
    assert owners(applied, "tag.owner") == ["ann"]


@pytest.mark.parametrize("name", ["Host", "TAG.Host", "tag.host"])
def test_names_of_columns_are_found_as_a_query_finds_them(name):
    """A column in another case, or behind `tag.`, holds the tag; its own name comes first."""
    column = {name: ["db1", "no"]}
    assert "ann" in set(apply_enrichment(pd.DataFrame(column), TABLE, SCHEMA).alerts.iloc[:, -1])
    both = pd.DataFrame({**column, "host": ["no", "db2"]})
    assert "bob" in set(apply_enrichment(both, TABLE, SCHEMA).alerts.iloc[:, -1])
    twice = pd.DataFrame({"HOST": ["db1"], "Host": ["db2"]})
    with pytest.raises(EnrichmentError, match=r"2 columns for the tag 'host' \('HOST', 'Host'\)"):
        apply_enrichment(twice, TABLE, SCHEMA)


SEVERAL = pd.DataFrame({"host": [["x", "db2", "db1"], "db1|x", ["x"], ["7", ""], "db2"]})


@pytest.mark.parametrize(
    ("reading", "expected"),
    [("any", ["ann", "ann", None, None, "bob"]), ("whole", [None, None, None, None, "bob"])],
)
def test_a_tag_with_several_values(reading, expected):
    """Any value of a tag may match, and the table's first such row counts; or only the whole."""
    applied = apply_enrichment(SEVERAL, TABLE, SCHEMA, multi_value=reading)
    assert owners(applied) == expected
    matched = 4 if reading == "any" else 2  # the row of "7" matches, and writes nothing
    assert applied.coverage["matched"].to_list() == [matched, matched]
    assert len(applied.unmatched) == 5 - matched


def test_values_of_several_tags_are_combined():
    """With several values in two tags every pair is looked up; the joined text too."""
    schema = EnrichmentSchema(["host", "site"], ["owner"])
    rows = [("a", "y", "1"), ("b", "x", "2"), ("a|b", "z", "3"), ("", "x", "4")]
    table = pd.DataFrame(rows, columns=schema.columns)
    alerts = pd.DataFrame({"host": ["b|a", "a|b", "a|b", "|q"], "site": ["x|y", "z", "w|x", "x"]})
    assert owners(apply_enrichment(alerts, table, schema)) == ["1", "3", "2", None]


@pytest.mark.parametrize(
    "when",
    ["source_system = a*", {"=": ["source_system", {"type": "regex", "value": "a*"}]}],
    ids=["text", "object"],
)
@pytest.mark.parametrize("name", ["source_system", "app_key", "tag.source_system"])
def test_alerts_outside_the_condition(when, name):
    """An alert that does not meet the condition matches nothing, and the result says so."""
    schema = EnrichmentSchema("host", "owner", when=when)
    alerts = pd.DataFrame({"host": ["db1", "db1", "no", "no"], name: ["a1", "b1", "a1", None]})
    applied = apply_enrichment(alerts, TABLE, schema)
    assert owners(applied, applied.alerts.columns[-1]) == ["ann", None, None, None]
    assert applied.coverage.iloc[-1].to_list() == ["(all)", 4, 2, 1, 0.25]
    assert applied.unmatched["alerts"].to_list() == [1]
    (line,) = applied.conflicts.to_dict("records")
    assert (line["kind"], line["count"]) == ("when", 2)
    assert "2 alerts do not meet 'source_system = a*'" in repr(applied)


def test_a_condition_on_a_tag_that_is_not_there():
    """A condition on tags that no alert has counts as met, and the result says so."""
    schema = EnrichmentSchema("host", "owner", when="site = x OR source_system = *")
    applied = apply_enrichment(pd.DataFrame({"host": ["db1"]}), TABLE, schema)
    assert owners(applied) == ["ann"]
    said = "needs 'site', 'source_system', which the alerts lack: taken as met"
    assert said in repr(applied)


def test_a_condition_that_is_none():
    """What is no condition raises; an empty one counts for all."""
    alerts = pd.DataFrame({"host": ["db1"]})
    empty = EnrichmentSchema("host", "owner", when={})
    assert owners(apply_enrichment(alerts, TABLE, empty)) == ["ann"]
    with pytest.raises(BpqlSyntaxError):
        apply_enrichment(alerts, TABLE, EnrichmentSchema("host", "owner", when="host <"))


def test_another_reading_is_refused():
    """Only the two readings of several values exist."""
    with pytest.raises(ValueError, match="multi_value='all': one of any, whole"):
        apply_enrichment(SEVERAL, TABLE, SCHEMA, multi_value="all")


def test_a_protected_pipe_arrives_without_quotes():
    """What is sent as one quoted value is written to the alert without its quotes."""
    table = pd.DataFrame({"host": ["a", "b"], "owner": [['x|"y"'], ["p", "q"]]})
    alerts = pd.DataFrame({"host": ["a", "b", "c"]})
    assert owners(apply_enrichment(alerts, table, SCHEMA)) == ['x|"y"', "p|q", None]


def test_a_written_file_does_what_its_frame_does(tmp_path):
    """A table may be given as a frame, as a path and as a `CsvFile`."""
    alerts = pd.DataFrame({"host": ["db1", "7", "no"]})
    file = write_enrichment_csv(TABLE, SCHEMA, tmp_path / "t.csv")
    for table in (TABLE, file, file.path, str(file.path)):
        assert owners(apply_enrichment(alerts, table, SCHEMA)) == ["ann", None, None]


def test_no_alerts():
    """Without alerts there is no rate, and nothing else to say."""
    applied = apply_enrichment(pd.DataFrame({"host": []}), TABLE, SCHEMA)
    assert list(applied.alerts) == ["host", "owner"]
    assert applied.coverage["rate"].isna().all()
    assert len(applied.unmatched) == len(applied.conflicts) == 0


@pytest.mark.parametrize(
    ("alerts", "table", "says"),
    [
        ({"server": ["a"]}, TABLE, "no column for 'host'"),
        ({"host": ["a"]}, TABLE[["host"]], "each of these columns once: 'owner'"),
        ({"host": ["a"]}, TABLE.assign(owner=b"x"), "column 'owner', row 0: no_text_form"),
    ],
)
def test_says_what_is_missing(alerts, table, says):
    """Alerts without the tag, or a table that could not be sent, give no numbers but an error."""
    with pytest.raises(EnrichmentError, match=says):
        apply_enrichment(pd.DataFrame(alerts), table, SCHEMA)


def test_two_columns_of_one_tag():
    """Which of two columns is meant is not guessed."""
    alerts = pd.DataFrame([["a", "b"]], columns=["host", "host"])
    with pytest.raises(EnrichmentError, match="2 columns for the tag 'host'"):
        apply_enrichment(alerts, TABLE, SCHEMA)


def test_the_summary():
    """Text and HTML say how many alerts match, and the HTML escapes what alerts say."""
    alerts = pd.DataFrame({"host": ["db1", "<b>", "DB1"]})
    applied = apply_enrichment(alerts, TABLE, SCHEMA)
    assert repr(applied) == (
        "1 of 3 alerts matched a row of the table\n"
        "2 keys matched no row, of which 1 would match but for case or whitespace"
    )
    html = applied._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "1 of 3 alerts" in html


names = st.sampled_from(["a", "A", "b", " a", ""])
rows = st.lists(st.tuples(names, names, names), max_size=6)
alerts_of = st.lists(st.tuples(st.none() | names, st.none() | names), min_size=1, max_size=6)


def expected_owner(host, site, table, *, fold, optional):
    """Look one alert up by going through the rows."""
    sought = {at: cell for at, cell in enumerate((host, site)) if cell}
    if 0 not in sought or (1 not in sought and not optional):
        return None
    same = (lambda cell: cell.lower()) if fold else (lambda cell: cell)
    for row in table:
        if all(same(row[at]) == same(cell) for at, cell in sought.items()):
            return row[2] or None
    return None


@given(rows, alerts_of, st.booleans(), st.booleans())
@examples(quick=20, full=2000)
def test_agrees_with_going_through_the_rows(table, alerts, fold, optional):
    """For any small table and alerts, each alert has the result of its first matching row."""
    schema = EnrichmentSchema(
        ["host", "site"],
        "owner",
        case_insensitive=fold,
        optional=["site"] if optional else False,
    )
    applied = apply_enrichment(
        pd.DataFrame(alerts, columns=["host", "site"], dtype=object),
        pd.DataFrame(table, columns=["host", "site", "owner"], dtype=object),
        schema,
    )
    wanted = [expected_owner(*each, table, fold=fold, optional=optional) for each in alerts]
    assert owners(applied) == wanted
    whole = applied.coverage.iloc[-1]
    usable = [host for host, site in alerts if host and (site or optional)]
    assert whole["alerts"] == len(alerts)
    assert whole["present"] == len(usable)
    assert applied.unmatched["alerts"].sum() == whole["present"] - whole["matched"]
    assert whole["matched"] >= sum(owner is not None for owner in wanted)


LITERAL = pd.DataFrame({"host": [["a|b"], ["c", "d"], ['x"|y'], "e"], "owner": list("1234")})


@pytest.mark.parametrize("multi_value", ["any", "whole"])
@pytest.mark.parametrize(
    ("host", "owner"),
    [("a|b", "1"), (["a|b"], "1"), ('x"|y', "3"), ('"a|b"', None), ("c|d", "2"), ("e", "4")],
)
def test_a_key_written_as_a_literal_pipe(tmp_path, host, owner, multi_value):
    """A key protected as the rule `pipe` advises matches its own text, from a frame and a file."""
    alerts = pd.DataFrame({"host": pd.Series([host], dtype=object)})
    file = write_enrichment_csv(LITERAL, SCHEMA, tmp_path / "t.csv")
    for table in (LITERAL, file):
        assert owners(apply_enrichment(alerts, table, SCHEMA, multi_value=multi_value)) == [owner]
