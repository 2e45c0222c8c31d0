"""Rules as code: what is read, what is refused, and that what is written is read back."""

import math
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given, strategies as st

import pandakit as pk
from pandakit import detections
from pandakit.detections._files.yaml12 import YamlError, dump, load
from pandakit.detections.columns import content_columns
from pandakit.detections.rows import plain_rows
from pandakit.frames import build_frame
from tests.fuzz import examples

RULE = """\
AnalysisType: rule
Filename: root_login.py
RuleID: AWS.Root.Login
DisplayName: Root login
Enabled: true
Severity: High
LogTypes: [AWS.CloudTrail]
Tags:
  - on
Status: Stable
Reports:
  MITRE ATT&CK:
    - TA0001:T1078
Tests:
  - Name: root
    ExpectedResult: true
    Log:
      userIdentity: {type: Root}
      account: 01234567
  - Name: other
    ExpectedResult: false
    Log: {}
"""


def put(folder, **files):
    """Write files; `__` in a name is a slash and the last `_` of it a dot."""
    for name, text in files.items():
        path = Path(folder, name.replace("__", "/").replace("_yml", ".yml").replace("_py", ".py"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_rule_is_read_into_the_columns_of_the_loaders(tmp_path):
    """Each key of a file stands in the loader's column, in its form; the rest is `other`."""
    put(tmp_path, rules__aws__root_yml=RULE, rules__aws__root_login_py="def rule(event): ...\n")
    frame = detections.read(tmp_path)
    (row,) = plain_rows(frame)
    assert row == {
        "kind": "rules",
        "id": "AWS.Root.Login",
        "display_name": "Root login",
        "enabled": True,
        "severity": "HIGH",
        "log_types": ["AWS.CloudTrail"],
        "tags": ["on"],
        "reports": {"MITRE ATT&CK": ["TA0001:T1078"]},
        "tests": [
            {
                "name": "root",
                "expectedResult": True,
                "log": {"userIdentity": {"type": "Root"}, "account": 1234567},
            },
            {"name": "other", "expectedResult": False, "log": {}},
        ],
        "body": "def rule(event): ...\n",
        "file": "rules/aws/root.yml",
        "body_file": "rules/aws/root_login.py",
        "other": {"Status": "Stable"},
    }
    assert [column.name for column in content_columns()] == list(frame.columns)[:-3]


@pytest.mark.parametrize(
    ("text", "kind", "cells"),
    [
        ("AnalysisType: policy\nPolicyID: P\nSeverity: INFO\nResourceTypes: [A]",
         "policies", {"severity": "INFO", "resource_types": ["A"]}),
        ("AnalysisType: rule\nRuleID: S\nDetection:\n  - Key: on  # why\n    Values: [1]",
         "simple_rules", {"detection": "- Key: on  # why\n  Values: [1]\n"}),
        (("AnalysisType: correlation_rule\nRuleID: C\nDetection: [{On: x}]\nTests:\n"
         "- Name: t\n  ExpectedResult: true\n  RuleOutputs: [{ID: A, Matches: {k: {v: [1]}}}]"),
         "correlation_rules",
         {"detection": "[{On: x}]\n", "tests": [{"name": "t", "expectedResult": True,
          "ruleOutputs": [{"id": "A", "matches": {"k": {"v": [1]}}}]}]}),
        ("AnalysisType: scheduled_rule\nRuleID: S\nScheduledQueries: [Q]",
         "scheduled_rules", {"scheduled_queries": ["Q"]}),
        (("AnalysisType: datamodel\nDataModelID: D\nMappings:\n- Name: n\n  Path: p\n"
         "- {Name: m, Method: f}"),
         "data_models",
         {"mappings": [{"name": "n", "path": "p"}, {"name": "m", "method": "f"}]}),
        ("AnalysisType: global\nGlobalID: g\nTags: []", "globals", {"tags": []}),
        (("AnalysisType: scheduled_query\nQueryName: Q\nSnowflakeQuery: select 1\nEnabled: true\n"
         "Schedule: {RateMinutes: 60, TimeoutMinutes: 5}\n"
         "EmailConfig: {Recipients: [a@example.com], SendEmpty: true}"),
         "queries",
         {"name": "Q", "sql": "select 1", "schedule_disabled": False, "schedule_rate_minutes": 60,
          "schedule_timeout_minutes": 5,
          "email_config": {"recipients": ["a@example.com"], "sendEmpty": True}}),
        ("AnalysisType: saved_query\nQueryName: Q\nQuery: select", "queries", {"sql": "select"}),
        (("AnalysisType: policy\nPolicyID: P\nTests:\n- Name: t\n  ExpectedResult: true\n"
         "  Resource: {A: é}\n  Mocks: [{objectName: f, returnValue: true}]"),
         "policies",
         {"tests": [{"name": "t", "expectedResult": True, "resource": '{"A": "é"}',
                     "mocks": [{"objectName": "f", "returnValue": True}]}]}),
    ],
)  # fmt: skip
def test_every_kind_is_told_and_read(tmp_path, text, kind, cells):
    """Each `AnalysisType` leads to its kind, and its keys to the loader's columns."""
    Path(tmp_path, "a.yaml").write_text(text)
    (row,) = plain_rows(detections.read(tmp_path, strict=True))
    assert row["kind"] == kind
    assert {name: row[name] for name in cells} == cells


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("AnalysisType: rule\nRuleID: [", "did not find expected node"),
        ("AnalysisType: rule\nRuleID: A\nRuleID: B", "'RuleID' is repeated"),
        ("AnalysisType: rule\n", "RuleID is missing"),
        ("AnalysisType: rules\nRuleID: A", "'rules' is unknown"),
        ("RuleID: A", "no AnalysisType"),
        ("- 1", "not a map"),
        ("", "not a map"),
        ("AnalysisType: rule\nRuleID: A\nThreshold: five", "Threshold is str; must be integer"),
        ("AnalysisType: rule\nRuleID: A\nTags: x", "Tags is str; must be list"),
        ("AnalysisType: rule\nRuleID: A\nEnabled: yes", "Enabled is str; must be boolean"),
        ("AnalysisType: rule\nRuleID: A\nDescription: [x]", "Description is list; must be text"),
        ("AnalysisType: rule\nRuleID: A\nFilename: gone.py", "'gone.py' does not exist"),
        ("AnalysisType: rule\nRuleID: A\nFilename: ../out.py", "outside the folder"),
        ("AnalysisType: rule\nRuleID: Taken", "is in a.yml already"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, text, words):
    """The rest is read, a warning names file and reason, attrs has all, and `strict` raises."""
    folder = tmp_path / "rules"
    put(folder, a_yml="AnalysisType: rule\nRuleID: Taken")
    (tmp_path / "out.py").write_text("")
    Path(folder, "b.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.warns(pk.PartialWarning, match=r"1 file .* b\.yml"):
        frame = detections.read(folder)
    assert frame["id"].tolist() == ["Taken"]
    (entry,) = frame.attrs["pandakit"]["unreadable_files"]
    assert entry["file"] == "b.yml"
    assert words in entry["error"]
    with pytest.raises(ValueError, match=r"b\.yml"):
        detections.read(folder, strict=True)


def test_hidden_and_foreign_files_are_no_rules(tmp_path):
    """Hidden files and folders are skipped; types that REST does not have are named in attrs."""
    put(tmp_path, pack_yml="AnalysisType: pack\nPackID: x")
    Path(tmp_path, ".hidden.yml").write_text("x: 1")
    Path(tmp_path, ".github").mkdir()
    Path(tmp_path, ".github", "ci.yml").write_text("on: push")
    frame = detections.read(tmp_path, strict=True)
    assert len(frame) == 0
    assert frame.attrs["pandakit"]["skipped_files"] == ["pack.yml"]
    assert frame["threshold"].dtype == "Int64"


def test_a_folder_that_is_none_is_an_error(tmp_path):
    """A missing folder is never an empty frame."""
    with pytest.raises(NotADirectoryError):
        detections.read(tmp_path / "gone")


# YAML 1.2 -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("On: 1", {"On": 1}),
        ("a: off", {"a": "off"}),
        ("a: 01234567", {"a": 1234567}),
        ("a: 0o17", {"a": 15}),
        ("a: 0x1F", {"a": 31}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: 12:30:45", {"a": "12:30:45"}),
        ("a: 2026-01-31", {"a": "2026-01-31"}),
        ("a: 1e3", {"a": 1000.0}),
        ("a: -.INF", {"a": -math.inf}),
        ("a: ~", {"a": None}),
        ("a: &x {b: 1}\nc: {<<: *x}", {"a": {"b": 1}, "c": {"b": 1}}),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text, value):
    """What 1.1 would read as a boolean, an octal number or a date is read as 1.2 has it."""
    assert load(text) == value


@pytest.mark.parametrize("text", ["a: 1\n---\nb: 1", "? [a]\n: 1", "a: !!python/name:os.system x"])
def test_what_is_no_plain_document_is_refused(text):
    """Several documents, keys that are lists, and tags of Python are errors."""
    with pytest.raises(YamlError, match="line"):
        load(text)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
TRICKY = st.sampled_from(
    ["on", "No", "0o7", "1e3", "1_0", "1:30", "2026-01-01", "~", "null", "=", "<<", "", " a ",
     "a\n", "a\n\n", "\na", "  a\n b", "a\r\nb", "\ufeff", "\x00", "\x85", "a: b", "# x", "- a",
     "'", '"', "\u2028x\n", "a \nb", "%x", "@x", "`", "!x", "&x", "*x", "|", ">", "01", "+1", ".5",
     "0x1g"]
)  # fmt: skip
WORDS = TEXT | TRICKY
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(WORDS, VALUES, max_size=4))
def test_what_we_write_both_versions_of_yaml_read_alike(value):
    """Any value is read back from what was written, by our 1.2 reader and by a 1.1 reader."""
    text = dump(value)
    assert load(text) == value
    assert yaml.safe_load(text) == value


# Writing ------------------------------------------------------------------------------------

LISTS = st.lists(WORDS, max_size=3)
YAML_TEXT = VALUES.map(dump) | WORDS | st.sampled_from(
    ["A:\n  - B: 1  # why\n", "A:\n  - B: 1", "# top\nA: 1\n", "{a: [1]}\n", "- a\n\n- b\n",
     "A: |\n  x\n\n  y\n"]
)  # fmt: skip
TEST = st.fixed_dictionaries(
    {"name": WORDS, "expectedResult": st.booleans()},
    optional={
        "log": st.dictionaries(WORDS, VALUES, max_size=3),
        "resource": WORDS | st.sampled_from(['{"a":1}', '{"a": 1}', "[1, 2]", "7"]),
        "mocks": st.lists(st.fixed_dictionaries({"objectName": WORDS, "returnValue": WORDS})),
    },
)
IDS = TEXT.filter(bool) | st.sampled_from(
    ["../x", "CON", "con", "nul.txt", "a" * 300, "A" * 300, "a/b", ".hid", "é", "a.", "A", "a",
     " ", "..", "/etc/x", "C:x", "a\nb", "on", "1"]
)  # fmt: skip
SHARED = {
    "display_name": WORDS, "description": WORDS, "enabled": st.booleans(), "tags": LISTS,
    "severity": st.sampled_from(["INFO", "CRITICAL", "high", "Odd", "high "]) | WORDS,
    "reports": st.dictionaries(WORDS, LISTS, max_size=2), "reference": WORDS,
    "output_ids": LISTS, "created_by_external": WORDS, "tests": st.lists(TEST, max_size=2),
}  # fmt: skip
ALERTING = {
    "dedup_period_minutes": st.integers(1, 10**6), "threshold": st.integers(1, 10**6),
    "runbook": WORDS, "summary_attributes": LISTS, "create_alert": st.booleans(),
}  # fmt: skip
OTHER = st.dictionaries(
    st.sampled_from(["Status", "BaseVersion", "LookbackWindowMinutes", "on"]),
    VALUES.filter(lambda value: value is not None),
    min_size=1, max_size=2,
)  # fmt: skip
CELLS = {
    "rules": {**SHARED, **ALERTING, "log_types": LISTS, "inline_filters": YAML_TEXT, "body": WORDS},
    "scheduled_rules": {**SHARED, **ALERTING, "scheduled_queries": LISTS, "body": WORDS},
    "correlation_rules": {**SHARED, **ALERTING, "detection": YAML_TEXT},
    "policies": {**SHARED, "resource_types": LISTS, "suppressions": LISTS, "body": WORDS},
    "globals": {"description": WORDS, "tags": LISTS, "body": WORDS},
    "data_models": {
        "display_name": WORDS, "description": WORDS, "enabled": st.booleans(), "log_types": LISTS,
        "mappings": st.lists(st.fixed_dictionaries({"name": WORDS}, optional={"path": WORDS})),
        "body": WORDS,
    },
    "queries": {
        "description": WORDS, "sql": WORDS, "schedule_cron": WORDS,
        "schedule_disabled": st.booleans(),
        "schedule_rate_minutes": st.integers(0, 9999),
        "email_config": st.fixed_dictionaries({"recipients": LISTS}),
    },
}  # fmt: skip


@st.composite
def rows_of_content(draw):
    """Draw rows with ids that no other row of the kind has."""
    rows = []
    for kind in draw(st.lists(st.sampled_from(sorted(CELLS)), max_size=5)):
        row = draw(st.fixed_dictionaries({}, optional={**CELLS[kind], "other": OTHER}))
        row |= {"kind": kind, "id": draw(IDS)}
        if kind == "queries":
            row["name"] = row["id"]
        if (kind, row["id"]) not in [(each["kind"], each["id"]) for each in rows]:
            rows.append(row)
    simple = draw(st.booleans())
    if simple:
        cells = st.fixed_dictionaries({}, optional=CELLS["correlation_rules"])
        rows.append(
            {"detection": draw(YAML_TEXT), **draw(cells), "kind": "simple_rules", "id": "S"}
        )
    return rows


@examples(quick=20, full=2_000)
@given(rows=rows_of_content())
def test_reading_what_was_written_gives_the_frame_back(tmp_path_factory, rows):
    """Law: any text and any id, in any kind of content, comes back as it was, in its column."""
    folder = tmp_path_factory.mktemp("rules")
    frame = pd.DataFrame(
        rows, columns=[*[c.name for c in content_columns()], "other"], dtype=object
    )
    written = detections.write(frame, folder)
    back = detections.read(folder, strict=True)
    expected = sorted(plain_rows(frame), key=lambda row: (row["kind"], row["id"]))
    places = {"file", "body_file"}
    found = [
        {name: value for name, value in row.items() if name not in places}
        for row in sorted(plain_rows(back), key=lambda row: (row["kind"], row["id"]))
    ]
    assert found == expected
    assert set(written["file"]) == set(back["file"])
    assert all(Path(folder, name).resolve().is_relative_to(folder) for name in written["file"])
    again = folder / "again"
    detections.write(back, again)
    pd.testing.assert_frame_equal(detections.read(again, strict=True), back)


def test_newlines_at_the_end_do_not_end_the_document(tmp_path):
    """A text that ends in empty lines may stand before other fields."""
    rule = {"kind": "rules", "id": "A", "description": "a\n\n", "severity": "LOW", "runbook": "b\n"}
    detections.write(pd.DataFrame([rule]), tmp_path)
    row = detections.read(tmp_path, strict=True).iloc[0]
    assert {name: row[name] for name in rule} == rule


def test_a_value_without_a_place_in_the_file_is_told(tmp_path):
    """Policies have no runbook: it is not written, and that is not silent."""
    frame = pd.DataFrame([{"kind": "policies", "id": "A", "severity": "LOW", "runbook": "Ask."}])
    with pytest.warns(pk.PartialWarning, match=r"not written.*runbook \(1 rows\)"):
        detections.write(frame, tmp_path)


def rules(**cells):
    """Make a frame of one rule."""
    return build_frame([{"kind": "rules", "id": "A"} | cells], [*content_columns()])


def test_files_are_not_overwritten_unasked(tmp_path):
    """An existing file is an error before anything is written; `overwrite` replaces it."""
    frame = pd.DataFrame([{"kind": "globals", "id": name, "body": "x = 1\n"} for name in "ab"])
    detections.write(frame.iloc[1:], tmp_path)
    with pytest.raises(FileExistsError, match=r"b\.yml"):
        detections.write(frame, tmp_path)
    assert len(list(tmp_path.rglob("*.yml"))) == 1
    detections.write(frame.assign(body="x = 2\n"), tmp_path, overwrite=True)
    assert detections.read(tmp_path)["body"].tolist() == ["x = 2\n"] * 2
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"file": "../a.yml"}, "row 0, column file"),
        ({"file": "/tmp/a.yml"}, "row 0, column file"),
        ({"file": "C:/a.yml"}, "row 0, column file"),
        ({"file": ".git/a.yml"}, "row 0, column file"),
        ({"file": "a.txt"}, "must end in .yml"),
        ({"body": "", "body_file": "../../x.py"}, "row 0, column body_file"),
        ({"id": None}, "row 0, column id"),
        ({"kind": "rule"}, "column kind: 'rule' is unknown"),
        ({"tags": {"set"}}, "column tags"),
        ({"tags": [object()]}, "row 0, "),
        ({"threshold": "5"}, "row 0, column threshold is str; must be integer"),
    ],
)
def test_a_row_that_cannot_be_written_is_named(tmp_path, row, words):
    """Row and column are named and nothing is written, inside the folder or outside."""
    frame = pd.DataFrame([{"kind": "rules", "id": "A", "severity": "LOW"} | row])
    with pytest.raises(ValueError, match=words):
        detections.write(frame, tmp_path / "in")
    assert list(tmp_path.rglob("*")) == []


def test_rows_that_share_an_id_or_a_file_are_refused(tmp_path):
    """Two rows never end in one file, and a shared body must be the same."""
    same = pd.DataFrame([{"kind": "rules", "id": "A"}] * 2)
    with pytest.raises(ValueError, match="row 1, column id: 'A' is in row 0"):
        detections.write(same, tmp_path)
    two = same.assign(id=["A", "B"], file=["x.yml", "X.yml"])
    with pytest.raises(ValueError, match="row 1, column file"):
        detections.write(two, tmp_path)
    bodies = same.assign(id=["A", "B"], file=["a.yml", "b.yml"], body_file="c.py", body=["1", "2"])
    with pytest.raises(ValueError, match="row 1, column file"):
        detections.write(bodies, tmp_path)


def test_a_link_does_not_lead_out_of_the_folder(tmp_path):
    """A folder that is a link to somewhere else is not written through."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "rules").symlink_to(outside)
    with pytest.raises(ValueError, match="leads out"):
        detections.write(rules(severity="LOW"), inside)
    assert list(outside.iterdir()) == []
