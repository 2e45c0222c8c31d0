"""The rules of the language, one per row: a query, and the alerts that it matches."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pandakit.bpql import Bpql
from pandakit.errors import BpqlSyntaxError, UnknownFieldWarning

# Tags without a column are part of what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore::pandakit.errors.UnknownFieldWarning")

ALERTS = pd.DataFrame(
    {
        "host": ["web-1", "WEB-2", "db 01", "db*01", None, "a|web-1"],
        "status": ["critical", "Warning", "ok", "OK", "unknown", "critical"],
        "application": ["pay", None, "Pay-EU", "", "shop", "pay|shop"],
        "source_system": ["api.a", "nagios.lab", "api.b", "API.c", None, "x"],
        "description": ["Disk full", 'say "hi"', "it's down", "C:\\temp", "50%", "a_b"],
        "port": [80, 443, 8080, np.nan, 80.5, 0],
    }
)

TABLE = [
    # =, spaces, quotes
    ("host = web-1", [0, 5]),
    ("host=web-1", [0, 5]),
    ('host = "db 01"', [2]),
    ("host = 'db 01'", [2]),
    # neither the names of tags nor values are case-sensitive, nor are AND, OR, IN and NOT
    ("HOST = WEB-1", [0, 5]),
    ("host = web-1 and Status = CRITICAL or application in [Shop]", [0, 4, 5]),
    # an alert without the tag
    ("application = *", [0, 2, 4, 5]),
    ("application != *", [1, 3]),
    ("application != pay", [1, 2, 3, 4]),
    ("application NOT IN [pay, shop]", [1, 2, 3]),
    ("no_such_tag = a", []),
    ("no_such_tag != a", [0, 1, 2, 3, 4, 5]),
    ("no_such_tag NOT IN [a]", [0, 1, 2, 3, 4, 5]),
    ("no_such_tag === a OR no_such_tag IN [a]", []),
    # lists
    ("status IN [critical,warning]", [0, 1, 5]),
    ("status NOT IN [ critical , warning ]", [2, 3, 4]),
    ('host IN ["db 01", web*, /\\*/]', [0, 1, 2, 3, 5]),
    # wildcards cover the whole value; a backslash makes the star a star
    ("host = web*", [0, 1, 5]),
    ("host = *1", [0, 2, 3, 5]),
    ("host = b*", []),
    ("host = *b*0*", [2, 3]),
    ('host = "db *"', [2]),
    ("host = db\\*01", [3]),
    ("description = *%", [4]),
    ("description = a?b", []),
    # regexes are looked for anywhere, without case
    ("host = /web-[0-9]+/", [0, 1, 5]),
    ("host = /^B|^a$/", [5]),
    ("host = /B-1$/", [0, 5]),
    ("host != /web/", [2, 3, 4]),
    ("description = /c:\\\\/", [3]),
    ("application = /p.y\\/*-eu/", [2]),
    # === is exact and takes a star as a star
    ("host === web-1", [0, 5]),
    ("host === WEB-1", []),
    ("host === db*01", [3]),
    ("host === db*", []),
    # several values in one tag: any of them, and != is the opposite of =
    ("application = shop", [4, 5]),
    ("application != shop", [0, 1, 2, 3]),
    ("application = *y", [0, 5]),
    ("application = p*p", []),
    ('application = "pay|shop"', [5]),
    ('application = "pay|s*"', [5]),
    ("application = /^shop/", [4, 5]),
    ('application IN [shop, "pay|s*"]', [4, 5]),
    # numbers are compared as text
    ("port = 80", [0]),
    ("port IN [80.5, 0]", [4, 5]),
    ("port = 8*", [0, 2, 4]),
    # status never minds case
    ("status = OK", [2, 3]),
    ("status === Ok", [2, 3]),
    # AND binds tighter than OR; parentheses, also nested
    ("status = ok OR host = web* AND application = pay", [0, 2, 3, 5]),
    ("(status = ok OR host = web*) AND application = pay", [0, 5]),
    ("((status = ok) OR ((host = web*)))", [0, 1, 2, 3, 5]),
    ("source_system = api.* AND source_system != api.b", [0, 3]),
    # keywords look everywhere, inside values
    ("disk", [0]),
    ("PAY", [0, 2, 5]),
    ("api", [0, 2, 3]),
    ("808", [2]),
    ('"db 01"', [2]),
    ("i*d", [2]),
    ("d*K", [0]),
    ("critical AND shop", [5]),
    # quotes and backslashes inside values
    ("description = 'say \"hi\"'", [1]),
    ('description = "say \\"hi\\""', [1]),
    ('description = "it\'s down"', [2]),
    ("description = C:\\temp", [3]),
    ('description = "C:\\\\temp"', [3]),
    # everything
    ("*", [0, 1, 2, 3, 4, 5]),
    ("* AND status = ok", [2, 3]),
]


@pytest.mark.parametrize(("query", "rows"), TABLE, ids=[query for query, _ in TABLE])
def test_rule(query, rows):
    """The query matches exactly these rows, as text read again and in its canonical form."""
    assert np.flatnonzero(Bpql(query).mask(ALERTS)).tolist() == rows
    assert np.flatnonzero(Bpql(str(Bpql(query))).mask(ALERTS)).tolist() == rows


# Each with the rows under the default, and under the setting.
SETTINGS = [
    ("application != pay", {"missing_differs": False}, [1, 2, 3, 4], [2, 4]),
    ("application NOT IN [pay]", {"missing_differs": False}, [1, 2, 3, 4], [2, 4]),
    ("no_such_tag != a", {"missing_differs": False}, [0, 1, 2, 3, 4, 5], []),
    ("host === WEB-1", {"strong_equal": "any_case"}, [], [0, 5]),
    ("host === web*", {"strong_equal": "any_case"}, [], []),
    ("host = /web-[0-9]/", {"regex": "full"}, [0, 1, 5], [0, 1, 5]),
    ("host = /web/", {"regex": "full"}, [0, 1, 5], []),
    ("host = /web/", {"regex_case": True}, [0, 1, 5], [0, 5]),
    ("status = /ok/", {"regex_case": True}, [2, 3], [2, 3]),
    ("application = shop", {"multi_value": "whole"}, [4, 5], [4]),
    ("application = p*p", {"multi_value": "whole"}, [], [5]),
    ("application = /^shop/", {"multi_value": "whole"}, [4, 5], [4]),
    (
        "status = ok OR host = web* AND application = pay",
        {"precedence": "left"},
        [0, 2, 3, 5],
        [0, 5],
    ),
    (
        "status = unknown OR status = ok AND host = db* OR port = 0",
        {"precedence": "left"},
        [2, 3, 4, 5],
        [2, 3, 5],
    ),
]


@pytest.mark.parametrize(("query", "settings", "default", "rows"), SETTINGS, ids=str)
def test_open_reading(query, settings, default, rows):
    """Each open reading of the vendor's text is a setting, with the default as documented."""
    compiled = Bpql(query, **settings)
    assert np.flatnonzero(Bpql(query).mask(ALERTS)).tolist() == default
    assert np.flatnonzero(compiled.mask(ALERTS)).tolist() == rows
    again = Bpql(str(compiled), **compiled.settings)
    assert again == compiled
    assert np.flatnonzero(again.mask(ALERTS)).tolist() == rows


@pytest.mark.parametrize(
    "settings",
    [
        {"precedence": "or"},
        {"missing_differs": 1},
        {"strong_equal": None},
        {"regex": "match"},
        {"regex_case": "yes"},
        {"multi_value": ["any"]},
    ],
    ids=str,
)
def test_setting_refused(settings):
    """A value that a setting cannot have is refused, and the message names the choices."""
    (name,) = settings
    with pytest.raises(ValueError, match=f"^{name}=.* must be .* or "):
        Bpql("host = a", **settings)
    with pytest.raises(ValueError, match=f"^{name}="):
        Bpql.from_object({"=": ["host", "a"]}, **settings)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("hots = web-1", r"'hots' \(nearest: host"),
        (
            "host = a AND (statuss = ok OR zz = 1)",
            r"'statuss' \(nearest: status\); 'zz' \(there is",
        ),
    ],
)
def test_a_field_that_is_not_there_is_named(query, said):
    """A query with a misspelt tag warns with the nearest columns; one without does not."""
    with pytest.warns(UnknownFieldWarning, match=said):
        Bpql(query).mask(ALERTS)
    Bpql("HOST = a AND source_system = b AND free").mask(ALERTS)


@pytest.mark.parametrize(
    "query",
    [
        "host = /(a+)+$/",
        "host = /(a|aa)+$/",
        f"host = {'a' * 1_000_000}",
        "a" * 1_000_000,
        f"host = {'a*' * 100_000}b",
        f"host = {'*a' * 100_000}",
    ],
    ids=["nested", "alternatives", "long value", "long keyword", "wildcards", "wildcards first"],
)
def test_no_query_takes_for_ever(query):
    """Queries that would blow up a backtracking matcher, or are very long, are answered."""
    hosts = pd.DataFrame({"host": ["a" * 5_000 + "!", "b", "a" * 1_000_000]})
    assert Bpql(query).mask(hosts).tolist()[1] is False


@pytest.mark.parametrize("parts", [["a", "b"], ["a"] * 60 + ["b"], ["", *["ab"] * 60, ""]])
@pytest.mark.parametrize("text", ["", "ab", "a" * 60 + "b", "ab" * 60, "ab" * 59, "xab" * 70 + "b"])
def test_wildcards_of_any_length_mean_the_same(parts, text):
    """Long wildcards, which are matched in another way, hold where short ones would."""
    pattern = rf"\A{'.*'.join(parts)}\z"
    mask = Bpql(f'host = "{"*".join(parts)}"').mask({"host": [text or None]})
    expected = pc.match_substring_regex(pa.array([text]), pattern)[0].as_py()
    assert mask.tolist() == [bool(text) and expected]


@pytest.mark.parametrize("regex", [r"(?=a)b", r"(a)\1", r"(?<!a)b", "(x{1000}){1000}"])
def test_a_regex_that_cannot_be_linear_is_refused(regex):
    """Look-around, back-references and regexes that are too large are refused when read."""
    with pytest.raises(BpqlSyntaxError, match="not a regex"):
        Bpql(f"host = /{regex}/")
