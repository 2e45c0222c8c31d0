"""What notebooks show of a consolidation and of an explanation."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser

import pandas as pd
import pytest

from pandakit.consolidation import CURRENT, Consolidator, Pattern, Policy, consolidate

EVENTS = pd.DataFrame(
    {
        "timestamp": [0, 60, 60, 120, None, 180, 7200],
        "status": ["critical", "warning", "warning", "ok", "ok", "nonsense", "critical"],
        "host": ["<b>db</b>", "web & co", "web & co", "web & co", "x", "y", "web & co"],
        "check": ["disk", "ping", "ping", "ping", "ping", "ping", "a" * 80],
    }
)
HOST = Policy(patterns=[Pattern("host", "1h", filter="host != '<i>'")])


class Page(HTMLParser):
    """The texts and tables of a page; fails on a tag that is closed out of order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.rows, self.texts, self.styles = [], [], [], []
        html = re.sub("^<style>[^<]*</style>", "", html)
        self.feed(html)
        assert not self.open, "every tag is closed"

    def handle_starttag(self, tag, attrs):
        """Note a tag with its style, and a new row or cell."""
        self.open.append(tag)
        self.styles.append(dict(attrs).get("style", ""))
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        """Check that the innermost tag is closed."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Note a text, in its cell when there is one."""
        self.texts.append(data)
        if self.rows and {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def shown(thing):
    """Read what a notebook would show."""
    return Page(thing._repr_html_())


def test_the_funnel_is_that_of_the_frame():
    """Every stage is shown with its count, its share of the stage before, and a bar."""
    result = consolidate(EVENTS, HOST)
    page = shown(result)
    values = result.funnel["value"].astype(int)
    stages = {row[0]: row[2:] for row in page.rows if row[0] in values.index}
    assert stages == {
        "received": ["7", ""],
        "rejected": ["2", "28.6% of received"],
        "duplicates": ["1", "14.3% of received"],
        "events": ["4", "57.1% of received"],
        "alerts": ["3", "75.0% of events"],
        "incidents": ["3", "100.0% of alerts"],
    }
    assert {name: int(count) for name, (count, _) in stages.items()} == dict(values[stages.keys()])
    widths = [float(w) for style in page.styles for w in re.findall(r"width:max\(([\d.]+)%", style)]
    expected = [100 * values[name] / 7 for name in stages]
    assert widths == pytest.approx(expected, abs=0.01)


def test_policy_rejections_and_notes_are_told():
    """The policy in one line, how many rows were rejected and why, and every note."""
    text = " ".join(shown(consolidate(EVENTS, HOST)).texts)
    assert repr(HOST) in text
    assert "2 rejected: bad_timestamp 1, bad_status 1." in text
    for note in consolidate(EVENTS).notes:
        assert note in " ".join(shown(consolidate(EVENTS)).texts)


def test_the_largest_incidents_are_listed_with_their_numbers():
    """The five largest of all incidents, largest first, as in the frame."""
    events = pd.DataFrame(
        {
            "timestamp": range(28),
            "status": "warning",
            "host": [f"h{n}" for n in range(7) for _ in range(n + 1)],
            "check": [str(n) for n in range(28)],
        }
    )
    result = consolidate(events, HOST)
    page = shown(result)
    assert "The 5 largest of 7 incidents" in page.texts
    start = next(n for n, row in enumerate(page.rows) if row[0] == "incident") + 1
    assert [(row[0], row[1], row[2]) for row in page.rows[start:]] == [
        ("6", "h6, 21", "7"),
        ("5", "h5, 15", "6"),
        ("4", "h4, 10", "5"),
        ("3", "h3, 6", "4"),
        ("2", "h2, 3", "3"),
    ]


def test_texts_from_the_data_are_escaped():
    """No tag value, filter or name becomes markup; long ones are cut and stay in the tooltip."""
    result = consolidate(EVENTS, HOST)
    html = result._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;db&lt;/b&gt;" in html
    assert "web &amp; co" in html
    assert "<i>" not in html
    assert f"title='web &amp; co, {'a' * 80}'" in html
    for alert in result.alerts.index:
        assert "<b>" not in result.explain(alert)._repr_html_()


def test_chunks_are_shown_like_the_whole():
    """Rejections of all chunks are counted by reason."""
    consolidator = Consolidator(HOST)
    consolidator.feed(EVENTS[:6])
    consolidator.feed(EVENTS[6:])
    assert consolidator.result()._repr_html_() == consolidate(EVENTS, HOST)._repr_html_()


def test_an_empty_result_is_shown():
    """Nothing in, zeros out: no share, no list of incidents."""
    page = shown(consolidate(EVENTS.iloc[:0]))
    assert [row[2:] for row in page.rows] == [["0", ""]] * 6


def test_an_explanation_of_a_join_shows_the_sentence_and_the_window():
    """The sentence is there as it is, with how much of the window was used."""
    events = pd.DataFrame(
        {"timestamp": [0, 900], "status": "critical", "host": "a", "check": ["x", "y"]}
    )
    explanation = consolidate(events, HOST).explain(1)
    page = shown(explanation)
    assert explanation.text in page.texts
    assert "15 min of 1 h used, 45 min left" in page.texts
    assert any("width:max(25.00%" in style for style in page.styles)


def test_an_explanation_of_an_opening_lists_the_candidates():
    """Each candidate is a row with its reasons; below it stands that older ones are left out."""
    events = pd.DataFrame(
        {"timestamp": range(7), "status": "critical", "host": "a", "check": list("abcdefg")}
    )
    page = shown(consolidate(events, CURRENT.replace(max_alerts=1)).explain(6))
    assert page.rows == [
        ["incident", "anchor alert", "started", "not taken because"],
        ["5", "5", "1 s earlier", "full with 1 alert"],
        ["4", "4", "2 s earlier", "full with 1 alert"],
        ["3", "3", "3 s earlier", "full with 1 alert"],
        ["2", "2", "4 s earlier", "full with 1 alert"],
        ["1", "1", "5 s earlier", "full with 1 alert"],
    ]
    assert "Older ones are not listed." in page.texts


def test_showing_loads_nothing_heavy():
    """The display needs no plotting or notebook library."""
    code = (
        "import sys, pandas as pd, pandakit as pk\n"
        "events = pd.DataFrame({'timestamp': [0], 'status': ['ok'], 'host': ['a']})\n"
        "pk.consolidate(events)._repr_html_()\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"matplotlib", "IPython", "ipywidgets"} & set(done.stdout.split())
