"""Random queries: all forms agree, and the mask agrees with a slow reading row by row.

A random query is made in the object form (with ``KEYWORD`` added for what that form cannot
say), written as text here with random spelling, and evaluated here one alert at a time.
None of this uses the package's own tree.
"""

import re

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings as run, strategies as st

from pandakit.bpql import Bpql
from pandakit.errors import BpqlSyntaxError

# Tags without a column are part of what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore::pandakit.errors.UnknownFieldWarning")

# A machine may be slow; how long a random case takes is no claim.
UNTIMED = run(deadline=None)

TAGS = ["host", "Status", "app_key", "absent"]
PIECES = [
    "a",
    "B",
    "b",
    "1",
    "-",
    " ",
    "*",
    "|",
    "\\",
    "/",
    '"',
    "'",
    ".",
    "é",
    "É",
    "%",
    "_",
    "or",
    "\n",
]
REGEXES = ["a", "^B", "1$", "a|b", "[ab]-?1", "a/b", r"\\", "É", r"^.\*?$", "(?i)a", r"\.", "/"]
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join)
NO_STAR = TEXTS.map(lambda text: text.replace("*", "x"))


def typed(kind):
    """Make a typed value of the object form."""
    return lambda text: {"type": kind, "value": text}


WILDCARDS = st.tuples(NO_STAR | st.just(""), NO_STAR | st.just("")).map("*".join)
VALUES = TEXTS | WILDCARDS.map(typed("regex")) | st.sampled_from(REGEXES).map(typed("formal-regex"))
CONDITIONS = st.one_of(
    st.builds(
        lambda op, tag, value: {op: [tag, value]},
        st.sampled_from(["=", "!="]), st.sampled_from(TAGS), VALUES,
    ),
    st.builds(lambda tag, value: {"===": [tag, value]}, st.sampled_from(TAGS), TEXTS),
    st.builds(
        lambda op, tag, values: {op: [tag, values]},
        st.sampled_from(["IN", "NOT IN"]), st.sampled_from(TAGS),
        st.lists(VALUES, min_size=1, max_size=3),
    ),
)  # fmt: skip
KEYWORDS = (NO_STAR | WILDCARDS.filter(lambda text: text != "*")).map(lambda t: {"KEYWORD": t})


def grouped(leaves):
    """Make queries of AND and OR over the leaves."""
    return st.recursive(
        leaves,
        lambda inner: st.builds(
            lambda op, members: {op: members},
            st.sampled_from(["AND", "OR"]),
            st.lists(inner, min_size=2, max_size=3),
        ),
        max_leaves=5,
    )


OBJECTS = grouped(CONDITIONS)
QUERIES = grouped(CONDITIONS | KEYWORDS)
CELLS = st.none() | st.just("") | TEXTS | st.lists(TEXTS, max_size=2)
FRAMES = st.integers(0, 6).flatmap(
    lambda rows: st.fixed_dictionaries(
        {
            name: st.lists(CELLS, min_size=rows, max_size=rows)
            for name in ("HOST", "status", "app_key")
        }
    )
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "missing_differs": st.booleans(),
        "strong_equal": st.sampled_from(["exact", "any_case"]),
        "regex": st.sampled_from(["search", "full"]),
        "regex_case": st.booleans(),
        "multi_value": st.sampled_from(["any", "whole"]),
    },
)


# writing text with random spelling


def spelled(draw, value, operator=""):
    """Write a value of the object form as text, in one of the ways there are."""
    if isinstance(value, dict) and value["type"] == "formal-regex":
        return (
            "/" + re.sub(r"\\.|/", lambda m: "\\/" if m[0] == "/" else m[0], value["value"]) + "/"
        )
    parts = value["value"].split("*") if isinstance(value, dict) else [value]
    text = "*".join(part.replace("\\", "\\\\").replace("*", "\\*") for part in parts)
    if operator == "===" and draw(st.booleans()):
        text = text.replace("\\*", "*")
    if re.fullmatch(r"[a1.-][\w*.-]*", text) and text != "or" and draw(st.booleans()):
        return text
    quote = draw(st.sampled_from("\"'"))
    return quote + text.replace(quote, f"\\{quote}") + quote


def as_text(draw, query, top=True):
    """Write a query of the object form as text, in one of the ways there are."""
    ((operator, operands),) = query.items()
    word = operator.lower() if draw(st.booleans()) else operator
    gap = draw(st.sampled_from(["", " ", "\n "]))
    if operator == "KEYWORD":
        return spelled(draw, typed("regex")(operands) if "*" in operands else operands)
    if operator in {"AND", "OR"}:
        text = f" {word} ".join(as_text(draw, member, top=False) for member in operands)
        return text if top else f"({gap}{text}{gap})"
    tag, right = operands
    if operator in {"IN", "NOT IN"}:
        return f"{tag} {word}{gap}[{f'{gap},'.join(spelled(draw, value) for value in right)}]"
    return f"{tag}{gap}{operator}{gap}{spelled(draw, right, operator)}"


# the slow reading, from the rules of docs/bpql.md


def holds(query, alert, **settings):
    """Say whether an alert, a mapping of lower-case names to text or None, passes."""
    ((operator, operands),) = query.items()
    if operator in {"AND", "OR"}:
        return {"AND": all, "OR": any}[operator](
            holds(member, alert, **settings) for member in operands
        )
    if operator == "KEYWORD":
        value = typed("regex")(f"*{operands}*")
        return any(
            cell is not None and equal(cell, value, "=", "", **settings) for cell in alert.values()
        )
    tag, right = operands
    cell = alert.get(tag.lower())
    negated = operator in {"!=", "NOT IN"}
    if cell is None:
        return negated and settings.get("missing_differs", True)
    values = right if operator in {"IN", "NOT IN"} else [right]
    return negated != any(equal(cell, value, operator, tag.lower(), **settings) for value in values)


def equal(cell, value, operator, tag, *, multi_value="any", **settings):
    """Say whether one of the cell's values equals a value."""
    plain = value if isinstance(value, str) else value["value"]
    is_regex = isinstance(value, dict) and value["type"] == "formal-regex"
    whole = multi_value == "whole" or ("|" in plain and not is_regex)
    items = [cell] if whole else cell.split("|")
    return any(item_equal(item, value, operator, tag, **settings) for item in items)


def item_equal(
    item, value, operator, tag, *,
    strong_equal="exact", regex="search", regex_case=False, missing_differs=True,
):  # fmt: skip
    """Say whether one value equals another."""
    if isinstance(value, str):
        if operator == "===" and strong_equal == "exact" and tag != "status":
            return item == value
        return item.lower() == value.lower()
    if value["type"] == "regex":
        pattern = ".*".join(re.escape(part.lower()) for part in value["value"].split("*"))
        return re.fullmatch(pattern, item.lower(), re.DOTALL) is not None
    flags = 0 if regex_case and tag != "status" else re.IGNORECASE
    find = re.fullmatch if regex == "full" else re.search
    return find(value["value"], item, flags) is not None


def alerts_of(cells):
    """Give one mapping per row, cells as text."""
    for row in zip(*cells.values(), strict=True):
        alert = dict(zip((name.lower() for name in cells), row, strict=True))
        yield {
            name: ("|".join(cell) if isinstance(cell, list) else cell) or None
            for name, cell in alert.items()
        }


# the claims


@UNTIMED
@given(query=QUERIES, cells=FRAMES, settings=SETTINGS, data=st.data())
def test_mask_agrees_with_rows(query, cells, settings, data):
    """On random frames the mask is what a reading row by row gives, in pandas and in Arrow."""
    compiled = Bpql(as_text(data.draw, query), **settings)
    expected = [holds(query, alert, **settings) for alert in alerts_of(cells)]
    assert compiled.mask(pd.DataFrame(cells, dtype=object)).tolist() == expected
    joined = {name.lower(): [] for name in cells}
    for alert in alerts_of(cells):
        for name, cell in alert.items():
            joined[name].append(cell)
    arrays = {name: pa.array(column, pa.string()) for name, column in joined.items()}
    assert compiled.mask(pa.table(arrays)).tolist() == expected
    codes = {name: array.dictionary_encode() for name, array in arrays.items()}
    assert compiled.mask(codes).tolist() == expected


@UNTIMED
@given(query=OBJECTS, data=st.data())
def test_forms_agree(query, data):
    """Any spelling reads as the same object, object and text give each other back."""
    from_text = Bpql(as_text(data.draw, query))
    from_object = Bpql.from_object(query)
    assert from_object.to_object() == query
    assert from_text == from_object
    again = Bpql(str(from_object))
    assert str(again) == str(from_object)
    assert again == from_object
    assert Bpql.from_object(again.to_object()) == from_object


@UNTIMED
@given(query=QUERIES, cells=FRAMES, settings=SETTINGS, data=st.data())
def test_equal_queries_give_equal_masks(query, cells, settings, data):
    """Shuffled members and other spellings of a query are equal to it, and match the same."""
    ((operator, operands),) = query.items()
    shuffled = query
    if operator in {"AND", "OR"}:
        shuffled = {operator: data.draw(st.permutations(operands))}
    one = Bpql(as_text(data.draw, query), **settings)
    other = Bpql(as_text(data.draw, shuffled), **settings)
    assert one == other
    assert hash(one) == hash(other)
    frame = pd.DataFrame(cells, dtype=object)
    assert one.mask(frame).tolist() == other.mask(frame).tolist()


@UNTIMED
@given(text=st.text(st.sampled_from("ab*=!<[](),'\"/\\ \n|~&ANDORI"), max_size=20))
def test_any_text_is_read_or_refused(text):
    """No text makes the parser crash: it is a query that can be written again, or an error."""
    query, error = read(text)
    if query is None:
        assert 0 <= error.position <= len(text)
        assert error.text == text
    else:
        assert Bpql(str(query)) == query
        assert str(Bpql(str(query))) == str(query)


def read(text):
    """Give the query, or the error."""
    try:
        return Bpql(text), None
    except BpqlSyntaxError as error:
        return None, error
