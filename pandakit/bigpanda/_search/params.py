"""What one search for incidents asks, checked before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandakit.timewindow import Window

__all__ = ["Expansion", "Folder", "expansion", "search_params"]

Folder = Literal["active", "shared", "snoozed", "resolved", "unhandled", "maintenance"]
Expansion = Literal["alerts"]

_LONGEST_QUERY = 2_000


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
        # By what does not change, so that incidents do not move between the pages.
        "sort_by": "start",
        "from": window.start and int(window.start.timestamp()),
        "to": window.end and -int(-window.end.timestamp() // 1),
        **expansion(expand),
    }


def expansion(expand: str | Iterable[str] | None) -> dict[str, Any]:
    """Return the parameter that asks for nested objects in full; one name or several."""
    names = [expand] if isinstance(expand, str) else list(expand or ())
    unknown = [name for name in names if name not in get_args(Expansion)]
    if unknown:
        raise ValueError(f"expand={unknown[0]!r}: one of {', '.join(get_args(Expansion))}")
    return {"expand": names} if names else {}
