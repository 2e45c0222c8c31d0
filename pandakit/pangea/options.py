"""The options of a search, as types, and the body of the request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NewType, TypedDict, get_args

if TYPE_CHECKING:
    from pandakit.timewindow import Window

__all__ = [
    "MAX_RESULTS",
    "CustomField",
    "OrderBy",
    "SearchRestriction",
    "SortDirection",
    "fields_of",
    "search_body",
]

Row = dict[str, Any]

MAX_RESULTS = 10_000  # the service's maximum

SortDirection = Literal["asc", "desc"]
StandardField = Literal[
    "actor",
    "action",
    "message",
    "received_at",
    "source",
    "status",
    "target",
    "timestamp",
]
_TEXT = re.compile(r'"(?:\\.|[^"\\])*"')
# Not within a value, nor the scheme of an address.
_FIELD = re.compile(r"(?<![\w:./@-])-?([A-Za-z_]\w*)(?::(?!//)|[<>=])")

CustomField = NewType("CustomField", str)
"""The id of a custom schema's field, where a standard field is expected."""

OrderBy = StandardField | CustomField


class StandardRestriction(TypedDict, total=False):
    """Standard fields and the values that each may have."""

    actor: str | Iterable[str]
    action: str | Iterable[str]
    source: str | Iterable[str]
    status: str | Iterable[str]
    target: str | Iterable[str]
    tenant_id: str | Iterable[str]


SearchRestriction = StandardRestriction | Mapping[CustomField, str | Iterable[str]]


def search_body(
    query: str,
    window: Window,
    *,
    order: SortDirection,
    order_by: OrderBy,
    restriction: SearchRestriction | None,
    page_size: int,
) -> Row:
    """Return the body of `/v1/search`.

    Raises
    ------
    ValueError
        If `order` is unknown.
    """
    if order not in get_args(SortDirection):
        raise ValueError(f"order={order!r}: must be one of {', '.join(get_args(SortDirection))}")
    start, end = (text and text.replace("+00:00", "Z") for text in window.as_text())
    optional = {"start": start, "end": end, "search_restriction": _as_lists(restriction)}
    return {
        "query": query,
        "order": order,
        "order_by": order_by,
        "limit": page_size,
        "max_results": MAX_RESULTS,
        "verbose": True,  # roots and proofs
        **{name: value for name, value in optional.items() if value is not None},
    }


def fields_of(query: str, order_by: str, restriction: Iterable[str] | None) -> list[str]:
    """Return the fields that a search names, each once.

    Examples
    --------
    >>> fields_of('actor:"Jane: x" -status:success size>10', "received_at", ["source"])
    ['actor', 'status', 'size', 'received_at', 'source']
    """
    named = _FIELD.findall(_TEXT.sub('""', query))
    return list(dict.fromkeys([*named, order_by, *(restriction or ())]))


def _as_lists(restriction: Mapping[Any, Any] | None) -> dict[str, list[str]] | None:
    if restriction is None:
        return None
    return {
        field: [values] if isinstance(values, str) else list(values)
        for field, values in restriction.items()
    }
