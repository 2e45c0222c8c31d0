"""The parameters of a search for incidents, checked before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pandakit.timewindow import Window

__all__ = [
    "Expansion",
    "Folder",
    "expansion",
    "narrowed_params",
    "narrower_searches",
    "search_params",
]

Folder = Literal["active", "shared", "snoozed", "resolved", "unhandled", "maintenance"]
Expansion = Literal["alerts"]

_LONGEST_QUERY = 2_000
_STATUSES = ("critical", "warning", "unknown", "ok", "acknowledged")
# Every incident is active or resolved; the other folders are for services that disagree.
_STEPS = {
    "folder": ("active", "resolved", "shared", "snoozed", "unhandled", "maintenance"),
    "status": _STATUSES,
    "severity": _STATUSES,
}


def search_params(
    query: str | None,
    window: Window,
    folder: str | None,
    expand: str | Iterable[str] | None = None,
) -> dict[str, Any]:
    """Return the query parameters of a search.

    Raises
    ------
    ValueError
        When the query is too long, or the folder or an expansion is unknown.
    """
    if query is not None and len(query) > _LONGEST_QUERY:
        raise ValueError(f"query has {len(query)} characters; at most {_LONGEST_QUERY} are allowed")
    if folder is not None and folder not in get_args(Folder):
        raise ValueError(f"folder={folder!r}: one of {', '.join(get_args(Folder))}")
    return {
        "query": query,
        "folder": folder,
        # Sorted by a value that does not change, so that incidents do not move between pages.
        "sort_by": "start",
        "from": window.start and int(window.start.timestamp()),
        "to": window.end and -int(-window.end.timestamp() // 1),
        **expansion(expand),
    }


def expansion(expand: str | Iterable[str] | None) -> dict[str, Any]:
    """Return the parameter that requests nested objects in full; one name or several."""
    names = [expand] if isinstance(expand, str) else list(expand or ())
    unknown = [name for name in names if name not in get_args(Expansion)]
    if unknown:
        raise ValueError(f"expand={unknown[0]!r}: one of {', '.join(get_args(Expansion))}")
    return {"expand": names} if names else {}


def narrower_searches(
    params: Mapping[str, Any], narrower: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Yield the next narrower searches that together match the same incidents.

    Parameters
    ----------
    params
        The search.
    narrower
        The parameters that already narrow it: folder, then status, then severity.
    """
    known = {*narrower, *(["folder"] if params.get("folder") else [])}
    step = next((step for step in _STEPS if step not in known), None)
    if step is not None:
        yield from ({**narrower, step: value} for value in _STEPS[step])


def narrowed_params(params: Mapping[str, Any], narrower: Mapping[str, str]) -> dict[str, Any]:
    """Return the query parameters that narrow a search."""
    conditions = [f"{name} = {value}" for name, value in narrower.items() if name != "folder"]
    query = params.get("query")
    found = {"folder": narrower["folder"]} if "folder" in narrower else {}
    if not conditions:
        return found
    return {**found, "query": " AND ".join([f"({query})"] * (query is not None) + conditions)}
