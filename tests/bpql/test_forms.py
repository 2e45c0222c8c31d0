"""The text form, the object form, and when two queries are the same."""

import copy
import pickle

import pytest

from pandakit.bpql import Bpql
from pandakit.errors import BpqlSyntaxError

WEB = {"=": ["host", "web"]}
DB = {"!=": ["host", "db"]}
OK = {"IN": ["status", ["ok"]]}

# A query, its canonical text, its object form.
FORMS = [
    ("host=web", "host = web", WEB),
    ("host != 'web 1'", 'host != "web 1"', {"!=": ["host", "web 1"]}),
    ("Host === web*", "Host === web*", {"===": ["Host", "web*"]}),
    ("host in [ a,'b c' ]", 'host IN [a, "b c"]', {"IN": ["host", ["a", "b c"]]}),
    ("host not in [a]", "host NOT IN [a]", {"NOT IN": ["host", ["a"]]}),
    ("host = web*", "host = web*", {"=": ["host", {"type": "regex", "value": "web*"}]}),
    ("host = web\\*", 'host = "web\\*"', {"=": ["host", "web*"]}),
    (
        "host = /^a\\/b [0-9]/",
        "host = /^a\\/b [0-9]/",
        {"=": ["host", {"type": "formal-regex", "value": "^a/b [0-9]"}]},
    ),
    ("host = 'say \"hi\"'", "host = 'say \"hi\"'", {"=": ["host", 'say "hi"']}),
    ('host = "it\'s \\"it\\""', 'host = "it\'s \\"it\\""', {"=": ["host", 'it\'s "it"']}),
    ("host = C:\\temp", 'host = "C:\\\\temp"', {"=": ["host", "C:\\temp"]}),
    ('host = "a\\\nb"', 'host = "a\\\\\nb"', {"=": ["host", "a\\\nb"]}),
    ("host = 'and'", 'host = "and"', {"=": ["host", "and"]}),
    (
        "host=web AND host!=db OR status IN [ok]",
        "(host = web AND host != db) OR status IN [ok]",
        {"OR": [{"AND": [WEB, DB]}, OK]},
    ),
    (
        "host=web AND (host!=db OR (status IN [ok]))",
        "host = web AND (host != db OR status IN [ok])",
        {"AND": [WEB, {"OR": [DB, OK]}]},
    ),
    (
        "(host=web AND host!=db) AND status IN [ok]",
        "(host = web AND host != db) AND status IN [ok]",
        {"AND": [{"AND": [WEB, DB]}, OK]},
    ),
]


@pytest.mark.parametrize(("text", "canonical", "obj"), FORMS, ids=[form[0] for form in FORMS])
def test_forms(text, canonical, obj):
    """Text has one canonical spelling and one object, and each reads back as the same query."""
    query = Bpql(text)
    before = copy.deepcopy(obj)
    assert str(query) == canonical
    assert query.to_object() == obj
    assert str(Bpql(canonical)) == canonical
    assert str(Bpql.from_object(obj)) == canonical
    assert Bpql.from_object(obj).to_object() == obj == before
    assert Bpql(canonical) == Bpql.from_object(obj) == query


@pytest.mark.parametrize(
    ("text", "what"),
    [("*", "say *"), ("db", "a bare keyword"), ("host = a AND db", "a bare keyword"),
     ("host = a\\**", "a literal * beside a wildcard")],
)  # fmt: skip
def test_text_without_object_form(text, what):
    """What the object form cannot say is an error that says so, never a near miss."""
    with pytest.raises(BpqlSyntaxError) as caught:
        Bpql(text).to_object()
    assert what in str(caught.value)


def test_groups_of_one():
    """A group of one member stays in the object form, and takes no parentheses in text."""
    obj = {"AND": [{"OR": [{"AND": [{"OR": [WEB, DB]}]}]}, OK]}
    query = Bpql.from_object(obj)
    assert query.to_object() == obj
    assert str(query) == "(host = web OR host != db) AND status IN [ok]"
    assert str(Bpql.from_object({"OR": [{"AND": [WEB]}]})) == "host = web"
    assert Bpql(str(query)) == query


OBJECT_FAULTS = [
    (None, "$: an object with one key"),
    ("host = a", "$: an object with one key"),
    ({}, "$: an object with one key"),
    ({**WEB, **DB}, "$: an object with one key"),
    ({"and": [WEB]}, "$: 'and' is none of ="),
    ({"LIKE": ["host", "a"]}, "$: BPQL has no LIKE"),
    ({"NOT": WEB}, "$: BPQL has no NOT"),
    ({1: 2}, "$: 1 is none of ="),
    ({"AND": WEB}, '$["AND"]: a list'),
    ({"AND": []}, '$["AND"]: at least one'),
    ({"AND": [WEB, {"OR": [DB, {"<": ["port", 1]}]}]}, '$["AND"][1]["OR"][1]: BPQL does not'),
    ({"=": ["host"]}, '$["="]: a tag and a value'),
    ({"=": "host"}, '$["="]: a list'),
    ({"=": [["host"], "a"]}, '$["="][0]: the name of a tag'),
    ({"=": ["host name", "a"]}, '$["="][0]: BigPanda cannot query'),
    ({"=": ["host", 1]}, '$["="][1]: text or'),
    ({"=": ["host", ""]}, '$["="][1]: text of at least one'),
    ({"=": ["host", "\ud800"]}, '$["="][1]: half a character'),
    ({"=": ["host", {"type": "regex"}]}, '$["="][1]: text or'),
    ({"=": ["host", {"type": "glob", "value": "a"}]}, '$["="][1]["type"]: "regex"'),
    ({"=": ["host", {"type": "regex", "value": 1}]}, '$["="][1]["value"]: text of'),
    ({"!=": ["host", {"type": "formal-regex", "value": "a("}]}, '$["!="][1]["value"]: not a regex'),
    ({"===": ["host", {"type": "regex", "value": "a*"}]}, '$["==="][1]: === compares exactly'),
    ({"IN": ["host", "a"]}, '$["IN"][1]: IN takes a list'),
    ({"NOT IN": ["host", []]}, '$["NOT IN"][1]: NOT IN takes a list'),
    ({"IN": ["host", ["a", None]]}, '$["IN"][1][1]: text or'),
]


@pytest.mark.parametrize(("obj", "message"), OBJECT_FAULTS, ids=str)
def test_object_fault(obj, message):
    """What is no query in the object form is refused with the path to it."""
    with pytest.raises(BpqlSyntaxError) as caught:
        Bpql.from_object(obj)
    assert str(caught.value).startswith(f"at {message}")


@pytest.mark.parametrize("levels", [100, 101, 100_000])
def test_deep_object(levels):
    """The object form has the limit of the text form, and what it holds can be written."""
    obj = {"AND": [WEB, DB]}
    for level in range(levels - 1):
        obj = {"AND" if level % 2 else "OR": [WEB, obj]}
    if levels == 100:
        assert Bpql(str(Bpql.from_object(obj))).to_object() == obj
    else:
        with pytest.raises(BpqlSyntaxError, match="more than 100 levels"):
            Bpql.from_object(obj)


SAME = [
    ("host = web", "HOST='WEB'"),
    ("host = web", "host IN [Web]"),
    ("host != web", "host NOT IN [web, WEB]"),
    ("host IN [a, b*]", "host IN [B*, a, A]"),
    ("host = a**b", "host = A*b"),
    ("host = a AND b", "b AND (host = a)"),
    ("host = a AND (b AND c)", "(c AND b) AND host = a AND b"),
    ("a OR a", "A"),
    ("host = /a/", "Host = /a/"),
]
DIFFERENT = [
    ("host = web", "host != web"),
    ("host = web", "host === web"),
    ("host === web", "host === Web"),
    ("host = web", "service = web"),
    ("host = web*", "host = web\\*"),
    ("host = /\\d/", "host = /\\D/"),
    ("host = a*", "host = /a*/"),
    ("a AND b", "a OR b"),
    ("a OR (b AND c)", "(a OR b) AND c"),
    ("web", "host = web"),
    ("*", "host = *"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equal(one, other):
    """Queries that differ only in spelling are equal and hash alike."""
    assert Bpql(one) == Bpql(other)
    assert len({Bpql(one), Bpql(other)}) == 1


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different(one, other):
    """Queries that can give different answers are not equal."""
    assert Bpql(one) != Bpql(other)
    assert Bpql(one) != one


def test_settings_belong_to_the_query():
    """Settings that change answers count for equality; how AND and OR were read does not."""
    assert Bpql("host != a") != Bpql("host != a", missing_differs=False)
    assert Bpql("a OR (b AND c)", precedence="left") == Bpql("a OR b AND c")
    assert Bpql("a OR b AND c", precedence="left") == Bpql("(a OR b) AND c")


def test_repr_and_settings():
    """The repr, and the text with the settings, make the same query again."""
    query = Bpql("host=web*", regex="full", missing_differs=False)
    assert repr(query) == "Bpql('host = web*', missing_differs=False, regex='full')"
    assert query.settings == {"missing_differs": False, "regex": "full"}
    assert Bpql(str(query), **query.settings) == query
    assert pickle.loads(pickle.dumps(query)) == query  # noqa: S301 - our own bytes
    assert copy.deepcopy(query) == query


def test_columns():
    """`columns` names the tags of conditions, sorted and in lower case; keywords name none."""
    query = Bpql("Status = ok AND (host IN [a] OR app_key != b) AND HOST = c")
    assert query.columns == ("app_key", "host", "status")
    assert not query.has_keywords
    assert Bpql("db AND host = a").columns == ("host",)
    assert Bpql("host = a AND db").has_keywords
    assert Bpql("*").columns == ()
