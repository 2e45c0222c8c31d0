"""The pictures: what is drawn is what the frames say."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from itertools import pairwise

import pandas as pd
import pytest
from matplotlib import colors, dates, image, rcParams, style as mpl_style
from matplotlib.figure import Figure

from pandakit import plots
from pandakit.consolidation import CLASSIC, Pattern, Policy, consolidate
from pandakit.lab import sweep
from pandakit.plots import style
from tests.contract.test_html import contrast

HOST = Policy(patterns=[Pattern("host", "1h")])
WINDOWS = ["10min", "1h", "4h", "24h"]
ANCHORS = ["first", "latest", "bucket"]


def alarms(n=60):
    """Make events of a few hosts; the last ones stay open."""
    return pd.DataFrame(
        {
            "timestamp": [1_760_000_000 + 700 * k for k in range(n)],
            "status": ["critical", "warning", "unknown"] * (n // 3),
            "host": [f"h{k % 7}" for k in range(n)],
            "check": [f"c{k}" for k in range(n)],
        }
    )


EVENTS = alarms()
EMPTY = EVENTS.iloc[:0]
DIRTY = pd.concat([EVENTS, EVENTS.head(5), EVENTS.head(2).assign(status="nonsense")])


PICTURES = ("funnel", "largest_incidents", "sweep")


def pictures(events):
    """Draw everything there is to draw of some events."""
    result = consolidate(events, HOST)
    return {
        "funnel": plots.funnel(result),
        "largest_incidents": plots.largest_incidents(result),
        "sweep": plots.sweep(sweep(events, HOST, windows=WINDOWS, anchors=ANCHORS), today="1h"),
    }


def headline(figure):
    """Give title and subtitle."""
    return [text.get_text() for text in figure.texts]


def labels(axes):
    """Give the texts in a panel."""
    return [text.get_text() for text in axes.texts]


# ---------------------------------------------------------------- the funnel


@pytest.mark.filterwarnings("ignore::pandakit.errors.RejectedEventsWarning")
def test_the_funnel_draws_the_counts_of_the_frame():
    """Bars are as wide as the counts, labels give them with their share of the bar above."""
    result = consolidate(DIRTY, HOST)
    figure = plots.funnel(result)
    axes = figure.axes[0]
    values = result.funnel["value"]
    counts = [int(values[name]) for name in ("received", "events", "alerts", "incidents")]
    assert [bar.get_width() for bar in axes.patches] == counts
    shares = [f"{after / before:.1%}" for before, after in pairwise(counts)]
    assert labels(axes) == [
        f"{counts[0]}",
        f"{counts[1]}   {shares[0]} of received",
        f"{counts[2]}   {shares[1]} of events",
        f"{counts[3]}   {shares[2]} of alerts",
    ]
    dropped = f"{int(values['rejected'])} rejected, {int(values['duplicates'])} duplicates"
    assert headline(figure) == [
        f"{counts[0]} events received, {counts[3]} incidents",
        f"{dropped}; each bar with its share of the one above",
    ]


# ---------------------------------------------------------------- the largest incidents


def test_incidents_run_from_start_to_end():
    """Each bar spans its incident's time, an open one to the end of the data, by severity."""
    closed = EVENTS.head(4).assign(status="ok", timestamp=lambda f: f["timestamp"] + 90_000)
    result = consolidate(pd.concat([EVENTS, closed]), HOST)
    axes = plots.largest_incidents(result, count=50).axes[0]
    shown = result.incidents.sort_values("n_alerts", ascending=False, kind="stable").head(50)
    assert shown["active"].nunique() == 2, "some are open and some are not"
    ends = shown["end"].fillna(result.as_of)
    for bar, start, end, severity in zip(
        axes.patches, shown["start"], ends, shown["severity"], strict=True
    ):
        assert dates.num2date(bar.get_x()) == start
        assert dates.num2date(bar.get_x() + bar.get_width()) == end
        assert bar.get_facecolor() == colors.to_rgba(style.SEVERITY_COLOURS[severity])


def test_incidents_are_named_and_counted():
    """Largest first, by id and first alert, with number of alerts, severity and what is open."""
    result = consolidate(EVENTS, HOST)
    figure = plots.largest_incidents(result, count=3)
    axes = figure.axes[0]
    shown = result.incidents.sort_values("n_alerts", ascending=False, kind="stable").head(3)
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [f"{n}  {t}\n{s}" for n, t, s in shown[["title", "subtitle"]].itertuples()]
    columns = shown[["n_alerts", "severity"]].itertuples(index=False)
    expected = [f"{n} alert{'s' if n > 1 else ''}, {s}, still open" for n, s in columns]
    assert labels(axes) == expected
    title, subtitle = headline(figure)
    assert title == f"The 3 largest of {len(result.incidents)} incidents"
    assert "between 2025-10-09 and 2025-10-09 UTC" in subtitle


@pytest.mark.parametrize(
    ("n_events", "count", "title"),
    [(3, 12, "All incidents: 3"), (3, 1, "The largest of 3 incidents"), (0, 12, "No incidents")],
)
def test_the_title_says_how_many_of_how_many(n_events, count, title):
    """The title is true for one, some, all and no incidents."""
    result = consolidate(EVENTS.head(n_events), HOST)
    assert headline(plots.largest_incidents(result, count=count))[0] == title


@pytest.mark.parametrize("count", [0, -1, 2.5, True, "12"])
def test_a_count_that_means_nothing_is_refused(count):
    """Only whole numbers of 1 or more can be drawn."""
    with pytest.raises(ValueError, match=r"count: .* is not a whole number of 1 or more"):
        plots.largest_incidents(consolidate(EVENTS, HOST), count=count)


def test_a_name_is_text_and_no_formula():
    """Dollar signs stay dollar signs, and a long name is cut with an ellipsis."""
    events = EVENTS.head(2).assign(host=["cost $5 and $6", "x" * 90], check=None)
    figure = plots.largest_incidents(consolidate(events, HOST))
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == [r"0  cost \$5 and \$6", f"1  {'x' * 22}…{'x' * 21}"]
    assert figure._repr_png_().startswith(b"\x89PNG")


# ---------------------------------------------------------------- the sweep


def test_the_sweep_draws_the_rows_of_the_frame():
    """One line per anchor and panel, with the frame's windows and numbers."""
    frame = sweep(EVENTS, HOST, windows=WINDOWS[::-1], anchors=ANCHORS)
    figure = plots.sweep(frame)
    for axes, column in zip(figure.axes, ("incidents", "largest"), strict=True):
        drawn = {
            anchor: (line.get_xdata().tolist(), line.get_ydata().tolist())
            for anchor, line in zip(ANCHORS, axes.lines, strict=True)
        }
        for anchor, rows in frame.sort_values("window").groupby("anchor"):
            seconds = rows["window"].dt.total_seconds().tolist()
            assert drawn[anchor] == (seconds, rows[column].tolist())
        assert sorted(labels(axes)) == sorted(ANCHORS), "every line is named beside its end"


def test_every_window_has_a_tick_and_a_label_of_its_own():
    """Each window that was tried has a tick, and no label covers another one."""
    windows = ["10min", "15min", "30min", "1h", "2h", "4h", "8h", "12h", "24h", "48h", "72h"]
    figure = plots.sweep(sweep(EVENTS, HOST, windows=windows))
    axis = figure.axes[-1]
    assert axis.get_xticks().tolist() == [pd.Timedelta(w).total_seconds() for w in windows]
    boxes = [label.get_window_extent() for label in axis.get_xticklabels()]
    texts = [label.get_text().strip() for label in axis.get_xticklabels()]
    assert texts[0] == "10 min"
    assert texts[-1] == "72 h" or texts[-1] == "3 d"
    lines = [
        (box.x0, box.x1, label.get_text().count("\n"))
        for box, label in zip(boxes, axis.get_xticklabels(), strict=True)
    ]
    for line in {number for _, _, number in lines}:
        ends = [(left, right) for left, right, number in lines if number == line]
        assert all(before[1] < after[0] for before, after in pairwise(ends))


@pytest.mark.parametrize("colour", [style.INK, style.MUTED, *style.LINE_COLOURS])
def test_every_colour_of_text_can_be_read(colour):
    """Labels have the contrast that WCAG AA asks for on the paper of the figure."""
    assert contrast(colour, style.PAPER) >= 4.5


def test_the_names_of_lines_do_not_cover_one_another():
    """Where lines end in the same point, their names stand above one another."""
    frame = sweep(EVENTS, HOST, windows=["10min", "30d"], anchors=["first", "latest"])
    figure = plots.sweep(frame)
    for axes in figure.axes:
        upper, lower = sorted((t.get_window_extent() for t in axes.texts), key=lambda box: -box.y0)
        assert upper.y0 >= lower.y0 + 0.8 * lower.height


@pytest.mark.parametrize("today", ["4h", pd.Timedelta(hours=4)])
def test_today_is_marked(today):
    """A line stands at the window in force, with its name; points on it stand out."""
    frame = sweep(EVENTS, HOST, windows=WINDOWS, anchors=ANCHORS)
    figure = plots.sweep(frame, today=today)
    assert "today: 4 h" in labels(figure.axes[0])
    for axes, column in zip(figure.axes, ("incidents", "largest"), strict=True):
        at = [line for line in axes.lines if set(line.get_xdata()) == {4 * 3600.0}]
        points = [line.get_ydata()[0] for line in at if len(line.get_xdata()) == 1]
        assert points == frame[frame["window"] == pd.Timedelta("4h")][column].tolist()
        assert len(at) == len(points) + 1, "the upright line itself"


def test_today_may_lie_between_the_windows():
    """A window in force that the sweep did not try is marked all the same, inside the picture."""
    figure = plots.sweep(sweep(EVENTS, HOST, windows=WINDOWS), today="90d")
    assert "today: 90 d" in labels(figure.axes[0])
    low, high = figure.axes[0].get_xlim()
    assert low < 600 < 90 * 86_400 < high


def made(*rows):
    """Make the frame of a sweep from anchor, window, alerts and incidents."""
    frame = pd.DataFrame(rows, columns=["anchor", "window", "alerts", "incidents"])
    counts = {"pattern": "host", "received": 20, "rejected": 0, "largest": 3}
    return frame.assign(window=pd.to_timedelta(frame["window"]), **counts)


@pytest.mark.parametrize(
    ("frame", "title", "subtitle"),
    [
        (
            made(("first", "1h", 9, 4), ("first", "2h", 9, 6)),
            "4 to 6 incidents, depending on window",
            "9 alerts grouped under 2 settings",
        ),
        (
            made(("first", "1h", 1200, 4), ("latest", "1h", 1200, 1100)),
            "4 to 1,100 incidents, depending on anchor",
            "1,200 alerts grouped under 2 settings",
        ),
        (
            made(("first", "1h", 9, 4), ("latest", "2h", 8, 3)),
            "3 to 4 incidents, depending on window and anchor",
            "8 to 9 alerts grouped under 2 settings",
        ),
        (
            made(("first", "1h", 9, 4), ("first", "2h", 9, 4)),
            "4 incidents under each of 2 settings",
            "9 alerts grouped under 2 settings",
        ),
        (made(("first", "1h", 1, 1)), "1 incident", "1 alert grouped under 1 setting"),
        (made(), "No settings to show", ""),
    ],
)
def test_the_headline_of_a_sweep_is_true(frame, title, subtitle):
    """The title gives the range of the frame's own numbers and what was varied."""
    assert headline(plots.sweep(frame)) == [title, subtitle]


def test_a_sweep_says_which_window_moved_and_what_was_rejected():
    """The axis names the pattern; the subtitle counts events that could not be used."""
    policy = Policy(patterns=[Pattern("host", "1h"), Pattern("check", "4h")])
    figure = plots.sweep(made(("first", "1h", 9, 4)).assign(rejected=3))
    assert headline(figure)[1] == "9 alerts grouped under 1 setting; 3 of 20 events rejected"
    for pattern, name in ((None, "host"), ("check", "check"), ("all", "all")):
        figure = plots.sweep(sweep(EVENTS, policy, windows=WINDOWS, pattern=pattern))
        assert figure.axes[-1].get_xlabel() == f"window of {name}"


def test_a_sweep_without_windows_is_refused():
    """Without windows there is nothing to put on the axis: the error says what to do."""
    with pytest.raises(ValueError, match=r"pass windows= to pandakit\.sweep"):
        plots.sweep(sweep(EVENTS, HOST))


@pytest.mark.parametrize("today", ["soon", "0s", 4])
def test_a_mark_that_is_no_span_is_refused(today):
    """`today` is a span of time above zero."""
    with pytest.raises(ValueError, match="today"):
        plots.sweep(sweep(EVENTS, HOST, windows=WINDOWS), today=today)


# ---------------------------------------------------------------- all of them


@pytest.mark.parametrize("events", [EMPTY, EVENTS.head(1), EVENTS], ids=["none", "one", "many"])
@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_can_be_shown_and_saved(name, events, tmp_path):
    """It is a Figure, gives a PNG to notebooks, and savefig writes it, however little there is."""
    figure = pictures(events)[name]
    assert isinstance(figure, Figure)
    assert figure._repr_png_().startswith(b"\x89PNG")
    figure.savefig(tmp_path / "picture.png")
    figure.savefig(tmp_path / "picture.svg")
    assert (tmp_path / "picture.png").stat().st_size > 1000


@pytest.mark.parametrize("name", PICTURES)
def test_the_same_data_gives_the_same_bytes(name):
    """Drawn twice, and shown twice, a picture is the same to the byte."""
    first, second = pictures(EVENTS)[name], pictures(EVENTS)[name]
    assert first._repr_png_() == first._repr_png_() == second._repr_png_()


def test_the_users_style_is_left_alone_and_leaves_the_pictures_readable():
    """Drawing changes no rcParams, and under a dark style the paper is white all the same."""
    with mpl_style.context("dark_background"):
        before = dict(rcParams)
        for figure in pictures(EVENTS).values():
            corner = image.imread(BytesIO(figure._repr_png_()))[0, 0]
            assert corner[:3].tolist() == [1, 1, 1]
            assert all(axes.get_facecolor() == (1, 1, 1, 1) for axes in figure.axes)
        assert dict(rcParams) == before


def test_a_notebook_shows_a_picture_as_png():
    """IPython finds the image by itself, without pyplot."""
    from IPython.core.formatters import PNGFormatter

    formatter = PNGFormatter()
    figure = plots.funnel(consolidate(EVENTS, CLASSIC))
    assert formatter(figure).startswith(b"\x89PNG")


def test_nothing_is_imported_before_it_is_drawn():
    """`import pandakit` and even its plots load no matplotlib, and drawing no pyplot."""
    code = (
        "import sys, pandas as pd, pandakit as pk\n"
        "pk.plots.funnel\n"
        "assert 'matplotlib' not in sys.modules\n"
        "events = pd.DataFrame({'timestamp': [0], 'status': ['critical'], 'host': ['a']})\n"
        "pk.plots.funnel(pk.consolidate(events))\n"
        "assert 'matplotlib.figure' in sys.modules\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.delitem(sys.modules, "pandakit.plots.figure", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'pandakit\[notebook\]'"):
        plots.funnel(consolidate(EVENTS, HOST))
