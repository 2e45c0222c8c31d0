"""The renderer of notebook output: readable in light and dark, and safe for any data."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from pandakit import _html

# What the style sheet writes on what, and the contrast that WCAG 2.2 AA asks for:
# 4.5 for text (1.4.3), 3 for the parts of a picture (1.4.11).
TEXT = [
    *[(tone, "paper") for tone in (*_html._TONES, "ink", "warning")],
    ("ink", "error-fill"),
    ("ink", "warning-fill"),
    ("paper", "error"),
    ("paper", "good"),
    ("ink", "page"),
    ("muted", "page"),
]
PARTS = [("accent", "track"), ("muted", "track")]


def luminance(colour):
    """Return the relative luminance, as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(one, other):
    """Return the contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_wcag():
    """Black on white is 21, and the grey that WCAG's own notes name just passes."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("page", [0, 1], ids=["light", "dark"])
def test_every_text_can_be_read_on_both_pages(page):
    """Each colour of text has a contrast of 4.5 with what is behind it, each bar one of 3."""
    colours = {name: pair[page] for name, pair in _html.COLOURS.items()}
    for least, pairs in ((4.5, TEXT), (3, PARTS)):
        for front, behind in pairs:
            assert contrast(colours[front], colours[behind]) >= least, (front, behind)


def test_every_colour_of_the_style_sheet_is_one_of_the_pairs():
    """No rule has a colour of its own: what is measured above is what is shown."""
    declarations = re.sub(r"--pk-[\w-]+:[^;]+;", "", _html.STYLE + _html._PAGE_STYLE)
    declarations = declarations.replace("light-dark(red,red)", "")
    assert not re.search(r"#[0-9a-f]{3,8}\b|rgb|hsl|opacity", declarations)
    used = set(re.findall(r"var\(--pk-([\w-]+)\)", declarations))
    assert used == set(_html.COLOURS)


def test_a_card_loads_nothing_and_runs_nothing():
    """A card has its style inside, no script, and no address."""
    card = _html.card(_html.title("x"), _html.table(["n"], [[1]]))
    assert not re.search(r"script|url\(|https?:|src=|href=|@import|on\w+=", card)


@given(st.text(st.characters(), max_size=30))
def test_no_text_becomes_markup_or_hides(text):
    """Whatever a cell holds, the page gets no tag, no quote, no control and no bidi character."""
    shown = _html.element("td", text, "", text)
    inner = shown.removeprefix("<td").removesuffix("</td>")
    assert not set("<\"'") & set(re.sub(r"^ title='([^']*)'>", r"\1", inner))
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", shown)


def test_hidden_characters_leave_a_mark():
    """Two hosts that differ in a hidden character do not look the same."""
    assert _html.escaped("web\u202e") != _html.escaped("web")
    assert _html.escaped("\U0001f469\u200d\U0001f4bb") == "\U0001f469\u200d\U0001f4bb"


def test_numbers_right_text_left():
    """Counts are right-aligned with separators, under a head that is too; texts are left."""
    shown = _html.table(["name", "count"], [["a", 1234567], ["b", None], ["c", 0.5]])
    assert "<th>name</th><th class='number'>count</th>" in shown
    assert "<td>a</td><td class='number'>1,234,567</td>" in shown
    assert "<td>b</td><td></td>" in shown
    assert "<td class='number'>0.5</td>" in shown


def test_a_frame_is_shown_by_its_types():
    """Numbers, times, missing values and shares of a frame are each written as a reader expects."""
    frame = pd.DataFrame(
        {
            "rows": pd.array([20893, None], dtype="Int64"),
            "share": [0.123, np.nan],
            "at": pd.to_datetime(["2026-05-01 10:00", None], utc=True),
            "<b>": ["<i>", None],
        }
    )
    shown = _html.frame_table(frame, 2, {"share": ".1%"})
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", shown)
    assert cells[:4] == ["rows", "share", "at", "&lt;b&gt;"]
    assert cells[4:8] == ["20,893", "12.3%", "2026-05-01 10:00:00 UTC", "&lt;i&gt;"]
    assert cells[8:] == [""] * 4
    assert "and 1 more" in _html.frame_table(frame, 1)
