"""A report as an HTML page; everything from the file is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit import _html as html
from pandakit.pangea._output.page import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["report_page"]

Row = dict[str, Any]

_TONES = {"failed": "error", "proved": "good"}
_OF_ROOT = ("source", "size", "published_at", "root_hash", "url")


def report_page(report: Row) -> str:
    """Return a report as a whole HTML document.

    Parameters
    ----------
    report
        The report, as in its JSON form.
    """
    verdict = report["verdict"]
    found = html.badge(verdict, _TONES[verdict]) if verdict in _TONES else verdict
    sections = {
        "Verdict": [html.line(found), html.table([], _findings(report))],
        "What was verified": [html.table([], _inputs(report))],
    }
    if report["failures"]:
        heads = ["row", "received at", "reason"]
        sections["Failures"] = [html.table(heads, map(_failure, report["failures"]))]
    if report["roots"]:
        heads = [name.replace("_", " ") for name in _OF_ROOT]
        rows = map(_root, report["roots"])
        sections["Roots from elsewhere that prove events"] = [html.table(heads, rows)]
    sections["How to check this report"] = [html.table([], _hashes(report))]
    return html.page(f"Verification of {report['input']['name']}", MEANINGS[verdict], sections)


def _findings(report: Row) -> Iterator[list[Any]]:
    yield ["events", _counted(report["counts"])]
    yield ["batches", _counted(report["batches"])]
    if report["complete"]:
        yield ["claim", "the file holds all events of its range"]


def _inputs(report: Row) -> Iterator[list[Any]]:
    yield ["file", report["input"]["name"]]
    yield ["size", f"{report['input']['bytes']:,} bytes"]
    yield ["SHA-256 of the file", html.code(report["input"]["sha256"])]
    yield ["verified at", report["verified_at"]]
    keys = report["keys"]
    trusted = "any" if keys is None else html.join(html.line(html.code(key)) for key in keys)
    yield ["keys that may sign", trusted]


def _hashes(report: Row) -> Iterator[list[Any]]:
    yield ["form", report["format"]]
    yield ["SHA-256 of all rows", html.code(report["rows_sha256"])]
    yield ["SHA-256 of the report", html.code(report["report_sha256"])]
    for name in ("signature", "public_key"):
        if name in report:
            yield [f"{name.replace('_', ' ')} of the report", html.code(report[name])]


def _failure(row: Row) -> list[Any]:
    return [row["row"], row["received_at"] or "", html.Cell(row["reason"], "prose")]


def _root(row: Row) -> list[Any]:
    shown = ("" if row[name] is None else str(row[name]) for name in _OF_ROOT)
    *facts, root_hash, url = shown
    return [*facts, html.code(root_hash), url]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.items()) or "none"
