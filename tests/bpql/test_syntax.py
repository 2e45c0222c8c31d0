"""What is no query is refused, with the place and what to write instead."""

import pickle
import re

import pytest

from pandakit.bpql import Bpql
from pandakit.errors import BpqlSyntaxError, PandakitError

# What is wrong, marked by ^ under the character, and words of the message.
MALFORMED = [
    ("", 0, "empty query; * matches everything"),
    (" \t ", 3, "empty query"),
    ("host =", 6, "a value is expected after ="),
    ("host = ,", 7, "a value is expected"),
    ("host = (a)", 7, "a value is expected"),
    ("host = db 01", 10, "a value with spaces needs quotes"),
    ("host = a status = b", 9, "AND, OR or the end"),
    ("db server", 3, "needs quotes"),
    ("host = a AND", 12, "a condition"),
    ("AND host = a", 0, "a condition"),
    ("host = a OR OR b", 12, "a condition"),
    ("host = and", 7, 'put it in quotes: "and"'),
    ("(host = a", 0, "this ( is not closed"),
    ("a OR (b AND (c)", 5, "this ( is not closed"),
    ("host = a)", 8, "this ) closes nothing"),
    ("()", 1, "a condition"),
    ("host IN a", 8, "in square brackets, as in host IN [a, b]"),
    ("host IN (a, b)", 8, "in square brackets"),
    ("host NOT IN a", 12, "as in host NOT IN [a, b]"),
    ("host IN []", 9, "a value is expected"),
    ("host IN [a,]", 11, "a value is expected"),
    ("host IN [a b]", 11, ", or ] is expected"),
    ("host IN [a, b", 8, "this [ is not closed"),
    ("host = [a, b]", 7, "use IN [..]"),
    ("host = 'a", 7, "this ' is not closed"),
    ('host = "a\\"', 7, 'this " is not closed'),
    ("host = o'brien", 8, "put the whole in quotes"),
    ('host = "a"b', 10, "a space is missing"),
    ("path = /var", 7, "put the value in quotes"),
    ("path = /var/log", 12, "put the whole value in quotes"),
    ("host = /a[/", 9, "not a regex: unterminated character set"),
    ("host = /(b/", 8, "not a regex"),
    ("host = /a{99999999999}/", 8, "not a regex"),
    ("host = /[[a]/", 8, "not a regex: Possible nested set"),
    ("host = //", 7, "an empty regex"),
    ("/web/", 0, "a regex needs a tag"),
    ("host = ''", 7, "tag != * where it has none"),
    ('""', 0, "an empty keyword"),
    ('"host" = a', 0, "without quotes"),
    ("host.name = a", 4, "cannot query a tag named 'host.name'"),
    ("1host = a", 0, "starts with a letter"),
    ("_host IN [a]", 0, "starts with a letter"),
    ("h" * 65 + " = a", 64, "at most 64"),
    ("in = a", 0, "reserved word"),
    ("host === /a/", 9, "use = with a regex"),
    ("host = \ud800", 7, "surrogate"),
    ("host = a\nAND host = b c", 22, "AND, OR or the end"),
]

REFUSED = [
    ("host LIKE web", 5, "no LIKE: use = with a wildcard"),
    ("host NOT LIKE web", 9, "no LIKE: use = with a wildcard"),
    ("host contains web", 5, "no CONTAINS: use = with a wildcard"),
    ("host MATCHES web", 5, "no MATCHES: use = with a wildcard"),
    ("port < 80", 5, "does not order values, it has no <: name the values"),
    ("port > 80", 5, "does not order values, it has no >: name the values"),
    ("port <= 80", 5, "does not order values, it has no <=: name the values"),
    ("port>=80", 4, "does not order values, it has no >=: name the values"),
    ("port BETWEEN 1 AND 2", 5, "it has no BETWEEN: name the values"),
    ("port NOT BETWEEN 1 AND 2", 9, "it has no BETWEEN: name the values"),
    ("NOT host = a", 0, "no NOT before a condition: negate the condition itself with !="),
    ("host = a AND NOT (status = ok)", 13, "no NOT before a condition"),
    ("NOT db", 0, "no NOT before a condition"),
    ("!host = a", 0, "no ! before a condition"),
    ("host IS NULL", 5, "no IS NULL: tag = * holds where the tag has a value"),
    ("host is not null", 5, "no IS NULL: tag = * holds where the tag has a value"),
    ("host = NULL", 7, "tag != * where it has none"),
    ("host == a", 5, "no ==: use ="),
    ("host !== a", 5, "no !==: use !="),
    ("host <> a", 5, "no <>: use !="),
    ("host =~ /a/", 5, "no =~: use = with a wildcard"),
    ("host !~ /a/", 5, "no !~: use != with"),
    ("host ~ a", 5, "no ~: use = with a wildcard"),
    ("host = a && b", 9, "no &&: use AND"),
    ("host = a || b", 9, "no ||: use OR"),
    ("a && b", 2, "no &&: use AND"),
]


@pytest.mark.parametrize(("query", "position", "words"), MALFORMED + REFUSED)
def test_refused(query, position, words):
    """What is no BPQL is refused at the right character, with what to write instead."""
    with pytest.raises(BpqlSyntaxError, match=re.escape(words)) as caught:
        Bpql(query)
    assert isinstance(caught.value, (PandakitError, ValueError))
    assert (caught.value.text, caught.value.position) == (query, position)
    _message, line, caret = str(caught.value).split("\n")
    assert caret.strip() == "^"
    pointed_at = f"{query} "[position]
    assert f"{line} "[caret.index("^")] == (pointed_at if pointed_at.isprintable() else " ")


def test_caret_in_a_long_query():
    """Of a long query the message shows the part around the fault, the caret still under it."""
    query = "host = a AND " * 50 + "port < 3" + " AND host = a" * 50
    with pytest.raises(BpqlSyntaxError) as caught:
        Bpql(query)
    _, line, caret = str(caught.value).split("\n")
    assert len(line) < 90
    assert line.startswith("  ...")
    assert line.endswith("...")
    assert line[caret.index("^")] == "<"
    assert caught.value.text == query


def test_caret_under_wide_characters():
    """Characters that take two places on the screen, and tabs, do not move the caret away."""
    with pytest.raises(BpqlSyntaxError) as caught:
        Bpql("host\t= 日本 < 3")
    assert str(caught.value).split("\n")[1:] == ["  host = 日本 < 3", "              ^"]


def test_error_can_be_pickled():
    """The error keeps its place when it is sent between processes."""
    with pytest.raises(BpqlSyntaxError) as caught:
        Bpql("host < 3")
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (again.text, again.position, str(again)) == ("host < 3", 5, str(caught.value))


def test_deep_nesting():
    """A hundred levels are read; one more, or a hundred thousand, is a syntax error."""
    assert str(Bpql("(" * 100 + "a" + ")" * 100)) == "a"
    for levels in (101, 100_000):
        with pytest.raises(BpqlSyntaxError, match="more than 100 levels") as caught:
            Bpql("(" * levels + "a" + ")" * levels)
        assert caught.value.position == 100


@pytest.mark.parametrize("levels", [50, 51, 100_000])
def test_deep_chain_of_alternating_operators(levels):
    """Read from left to right, a chain of AND and OR nests: it has the same limit."""
    query = "a" + " AND b OR c" * levels
    assert Bpql(query).has_keywords
    if levels == 50:
        left = Bpql(query, precedence="left")
        assert Bpql(str(left)) == left
    else:
        with pytest.raises(BpqlSyntaxError, match="more than 100 levels"):
            Bpql(query, precedence="left")


def test_long_flat_query():
    """The length of a query, as opposed to its depth, has no limit."""
    query = Bpql(" OR ".join(f"host = h{i}" for i in range(5_000)))
    assert query.mask({"host": ["h4999", "h5000"]}).tolist() == [True, False]
    assert Bpql(str(query)) == query


def test_needs_text():
    """What is not text is refused at once."""
    with pytest.raises(TypeError, match=r"a query is text, not dict; see Bpql\.from_object"):
        Bpql({"=": ["host", "a"]})
