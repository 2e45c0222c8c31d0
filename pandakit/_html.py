"""One renderer for everything that pandakit shows in a notebook.

An output is a card with its own background and its own text colours, so it can be read
whatever the page around it looks like. Each colour is a pair, one for light and one for dark
pages. CSS alone chooses between them: from the theme of JupyterLab, VS Code or Furo, or else
from the page's ``color-scheme``. Browsers without ``light-dark()`` show the light colours.

A cell or a sentence that is not an `Html` object is data, and is escaped.
"""

from __future__ import annotations

import unicodedata
from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "COLOURS",
    "SEVERITIES",
    "STYLE",
    "Cell",
    "Html",
    "badge",
    "bar",
    "card",
    "code",
    "element",
    "escaped",
    "frame_table",
    "join",
    "line",
    "page",
    "picture",
    "progress",
    "severity",
    "table",
    "title",
]

# Name: on a light page, on a dark page. `tests/contract/test_html.py` computes the contrast.
COLOURS: Final = {
    "page": ("#f5f7fa", "#101317"),
    "paper": ("#ffffff", "#1b1f24"),
    "ink": ("#1f2933", "#e3e8ed"),
    "muted": ("#5b6773", "#a7b1bc"),
    "line": ("#d9e0e7", "#3b444d"),
    "track": ("#e6ebf0", "#2f363e"),
    "accent": ("#2563a8", "#74b3f0"),
    "error": ("#a61b1b", "#ff9d96"),
    "warning": ("#875300", "#f2b950"),
    "good": ("#1b6e45", "#74cfa2"),
    "error-fill": ("#fde3e3", "#5c2224"),
    "warning-fill": ("#fff1cf", "#4f3c0e"),
    "critical": ("#b3322e", "#ff8f86"),
    "unknown": ("#7a4196", "#cf9be6"),
    "acknowledged": ("#2563a8", "#74b3f0"),
    "ok": ("#1b6e45", "#74cfa2"),
}
SEVERITIES: Final = ("critical", "warning", "unknown", "acknowledged", "ok")
_TONES: Final = ("muted", "accent", "error", "good", *SEVERITIES)

_DARK_PAGES: Final = (
    "[data-jp-theme-light=false] .pk",
    "body.vscode-dark .pk",
    "body.vscode-high-contrast .pk",
    "[data-theme=dark] .pk",
)
_LIGHT_PAGES: Final = (
    "[data-jp-theme-light=true] .pk",
    "body.vscode-light .pk",
    "[data-theme=light] .pk",
)
# Three times, to outweigh the rules of JupyterLab for tables and code in outputs.
_INSIDE: Final = ".pk.pk.pk "
_JOINERS: Final = "\u200c\u200d"  # part of words in some scripts, and of emoji


def _style() -> str:
    light = "".join(f"--pk-{name}:{pair[0]};" for name, pair in COLOURS.items())
    both = "".join(
        f"--pk-{name}:light-dark({pair[0]},{pair[1]});" for name, pair in COLOURS.items()
    )
    tones = "".join(f"& .{name}{{color:var(--pk-{name})}}" for name in _TONES)
    style = f"""
.pk{{{light}}}
@supports (color:light-dark(red,red)){{.pk{{{both}}}}}
{",".join(_DARK_PAGES)}{{color-scheme:dark}}
{",".join(_LIGHT_PAGES)}{{color-scheme:light}}
@media (prefers-color-scheme:dark){{[data-theme=auto] .pk{{color-scheme:dark}}}}
.pk{{font:13px/1.5 system-ui,sans-serif;color:var(--pk-ink);background:var(--pk-paper);
box-sizing:border-box;max-width:62rem;border:1px solid var(--pk-line);border-radius:8px;
padding:12px 16px;overflow-wrap:anywhere;text-align:left}}
& .title{{font-size:15px;font-weight:600;margin:0 0 4px}}
& .section{{font-weight:600;margin:14px 0 2px}}
& .line{{margin:4px 0}}
& .scroll{{overflow-x:auto}}
& table{{font:inherit;color:inherit;border-collapse:collapse;border:0!important;margin:0;
width:auto;min-width:0;table-layout:auto;display:table}}
& table tr{{background:none!important;border:0}}
& table th,& table td{{border:0;border-bottom:1px solid var(--pk-line);background:none;
padding:3px 12px;text-align:left;vertical-align:baseline;white-space:nowrap;max-width:none}}
& table :is(th,td):first-child{{padding-left:8px}}
& table th{{font-weight:600;color:var(--pk-muted)}}
& table .number{{text-align:right;font-variant-numeric:tabular-nums}}
& table .prose{{white-space:normal;min-width:18em}}
& table td.wrong{{background:var(--pk-error-fill);box-shadow:inset 3px 0 var(--pk-error)}}
& table td.doubtful{{background:var(--pk-warning-fill);box-shadow:inset 3px 0 var(--pk-warning)}}
{tones}
& table .error,& table td.warning{{font-weight:600}}
& .badge{{display:inline-block;border-radius:10px;padding:0 10px;margin-right:8px;font-size:12px;
font-weight:600;color:var(--pk-paper);vertical-align:1px}}
& .badge.error{{color:var(--pk-paper);background:var(--pk-error)}}
& .badge.good{{color:var(--pk-paper);background:var(--pk-good)}}
& code{{font:12px/1.5 ui-monospace,Menlo,Consolas,monospace;color:inherit;background:none;
border:0;padding:0;white-space:pre-wrap}}
& .track{{width:16em;height:11px;background:var(--pk-track);border-radius:3px}}
& .wide .track{{width:100%}}
& .fill{{height:11px;background:currentColor;border-radius:3px}}
"""
    return style.replace("& ", _INSIDE)


STYLE: Final = _style()


_PAGE_STYLE: Final = """
:root{color-scheme:light dark}
body{margin:0}
main.pk{max-width:none;min-height:100vh;padding:2.5rem 1.5rem 4rem;border:0;border-radius:0;
background:var(--pk-page);font-size:15px}
main.pk.pk.pk.pk>*{max-width:62rem;margin-left:auto;margin-right:auto}
main.pk h1{font-size:2rem;margin-top:0;margin-bottom:.25rem}
main.pk h2{font-size:1.2rem;margin:0 0 .75rem}
main.pk.pk section{box-sizing:border-box;background:var(--pk-paper);border:1px solid var(--pk-line);
border-radius:10px;padding:1.5rem;margin-top:1.5rem;margin-bottom:0;overflow-x:auto}
main.pk section .pk{border:0;padding:0;max-width:none}
main.pk table{font-size:13px}
main.pk figure{margin:0 0 1.5rem}
main.pk figure:last-child{margin-bottom:0}
main.pk img{max-width:100%;height:auto;display:block;border-radius:6px}
main.pk figcaption{color:var(--pk-muted);font-size:13px;margin-top:.3rem}
"""


class Html(str):
    """Text that is already HTML, and goes into the page unchanged."""

    __slots__ = ()


class Cell(NamedTuple):
    """One cell of a table, with more than its content.

    Parameters
    ----------
    content
        A number, text, or `Html`.
    look
        Classes of the style sheet: ``"number"``, ``"prose"``, ``"muted"``, ``"error"`` …
    tip
        The tooltip of the cell.
    """

    content: Any
    look: str = ""
    tip: str = ""


def escaped(content: Any) -> Html:
    r"""Return content as HTML: data is escaped, `Html` stays.

    Invisible characters, and those that change the direction of the text around them, become
    ``U+FFFD``; line breaks and tabs become spaces.

    Examples
    --------
    >>> escaped("a < b"), escaped("host\u202ename"), escaped(Html("<b>x</b>"))
    ('a &lt; b', 'host�name', '<b>x</b>')
    """
    if isinstance(content, Html):
        return content
    return Html(escape("".join(map(_harmless, str(content)))))


def _harmless(char: str) -> str:
    if char in "\n\r\t":
        return " "
    kind = unicodedata.category(char)
    hidden = kind in {"Cc", "Cf", "Cs", "Zl", "Zp"} and char not in _JOINERS
    return "\N{REPLACEMENT CHARACTER}" if hidden else char


def join(parts: Iterable[Any]) -> Html:
    """Return the parts one after another, each escaped unless it is `Html`."""
    return Html("".join(map(escaped, parts)))


def element(tag: str, content: Any, look: str = "", tip: str = "") -> Html:
    """Return one element around the content."""
    attributes = f" class='{look}'" if look else ""
    if tip:
        attributes += f" title='{escaped(tip)}'"
    return Html(f"<{tag}{attributes}>{escaped(content)}</{tag}>")


def card(*parts: Any) -> str:
    """Return a whole output, with its style sheet: what `_repr_html_` returns."""
    return f"<style>{STYLE}</style><div class='pk'>{join(parts)}</div>"


def page(heading: str, lead: str, sections: Mapping[str, Iterable[Any]]) -> str:
    """Return a whole document that needs no other file.

    Parameters
    ----------
    heading, lead
        The title, and the line below it.
    sections
        The parts of each section by its heading.
    """
    body = [element("h1", heading), line(lead, "muted")]
    for name, parts in sections.items():
        body.append(element("section", join([element("h2", name), *parts])))
    return (
        "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        f"<title>{escaped(heading)}</title>\n<style>{STYLE}{_PAGE_STYLE}</style>\n</head>\n"
        f"<body>\n<main class='pk'>{join(body)}</main>\n</body>\n</html>\n"
    )


def picture(png: bytes, caption: str) -> Html:
    """Return a figure with the image inside it."""
    data = b64encode(png).decode("ascii")
    image = Html(f"<img alt='{escaped(caption)}' src='data:image/png;base64,{data}'>")
    return element("figure", join([image, element("figcaption", caption)]))


def title(*parts: Any) -> Html:
    """Return the heading of a card."""
    return element("div", join(parts), "title")


def line(content: Any, look: str = "") -> Html:
    """Return a sentence on a line of its own; ``look="section"`` makes it a heading."""
    return element("div", content, f"line {look}".rstrip() if look != "section" else look)


def badge(text: str, tone: str) -> Html:
    """Return a verdict as a coloured pill: ``tone`` is ``"good"`` or ``"error"``."""
    return element("span", text, f"badge {tone}")


def code(text: str) -> Html:
    """Return text in a monospaced font, its spaces kept."""
    return element("code", text)


def severity(name: str) -> Html:
    """Return a severity as a coloured dot and its word."""
    tone = name if name in SEVERITIES else "muted"
    return join([element("span", Html("&#9679;"), tone), " ", name])


def bar(share: float, tone: str = "accent") -> Html:
    """Return a horizontal bar filled to a share between 0 and 1."""
    # A share above zero is always visible, however small it is.
    width = f"max({share * 100:.2f}%,2px)" if share else "0"
    fill = f"<div class='fill {tone}' style='width:{width}'></div>"
    return Html(f"<div class='track'>{fill}</div>")


def progress(text: str, share: float) -> str:
    """Return a bar as wide as the cell, filled to a share, below a line of text."""
    return card(line(text), element("div", bar(share), "wide"))


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Html:
    """Return a table: numbers right-aligned with separators, text left, missing cells empty.

    Parameters
    ----------
    heads
        One per column; empty for a table without a header row.
    rows
        Each a sequence of numbers, texts, `Html` or `Cell`.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    body = join(_row(row, "td") for row in cells)
    if heads:
        numeric = [any("number" in row[at].look for row in cells) for at in range(len(heads))]
        named = zip(heads, numeric, strict=True)
        body = join([_row([Cell(head, "number" * right) for head, right in named], "th"), body])
    return element("div", element("table", body), "scroll")


def frame_table(frame: pd.DataFrame, most: int, formats: Mapping[str, str] | None = None) -> Html:
    """Return the first rows of a frame as a table, and how many more there are.

    Parameters
    ----------
    frame
        What to show; the index is not.
    most
        How many rows to show.
    formats
        By column, how a number is written: ``{"share": ".1%"}``.
    """
    head = frame.head(most)
    columns = [_column(head[name], (formats or {}).get(str(name))) for name in frame.columns]
    more = len(frame) - most
    rest = [line(f"and {more:,} more", "muted")] if more > 0 else []
    shown = table([str(name) for name in frame.columns], zip(*columns, strict=True))
    return join([shown, *rest])


def _column(values: pd.Series, form: str | None) -> list[Cell]:
    types = pd.api.types
    is_count = types.is_numeric_dtype(values.dtype) and not types.is_bool_dtype(values.dtype)
    look = "number" if is_count else ""
    return [
        Cell(format(value, form) if form and pd.notna(value) else _shown(value), look)
        for value in values
    ]


def _row(cells: Iterable[Cell], tag: str) -> Html:
    return element("tr", join(element(tag, *cell) for cell in cells))


def _cell(value: Any) -> Cell:
    if isinstance(value, Cell):
        return value._replace(content=_shown(value.content))
    return Cell(_shown(value), "number" * _is_number(value))


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M:%S}" + (" UTC" if str(value.tz) == "UTC" else "")
    if _is_number(value):
        whole = float(value).is_integer()
        return f"{value:,.0f}" if whole else f"{value:,.4f}".rstrip("0")
    return str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
