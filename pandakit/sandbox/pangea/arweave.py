"""A stand-in for Arweave: the published roots, found by tags and read by id, without a token."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from pandakit.sandbox.pangea.log import transaction_id
from pandakit.sandbox.pangea.tampering import alter_root
from pandakit.sandbox.service import Refused, json_response, read_object

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from pandakit.sandbox.control import Control
    from pandakit.sandbox.pangea.log import AuditLog

__all__ = ["OWNER", "Arweave"]

Row = dict[str, Any]

OWNER = "sandbox-publisher-address"
_EDGES = 10  # unless `first` says otherwise
_MOST_EDGES = 100
_FIRST = re.compile(r"\bfirst:\s*(\d+)")
_AFTER = re.compile(r"\bafter:\s*\"(\d+)\"")
_OWNERS = re.compile(r"\bowners:\s*\[([^\]]*)\]")
_TAG = re.compile(r"name:\s*\"(\w+)\"[\s,]*values:\s*\[([^\]]*)\]")
_TEXT = re.compile(r"\"([^\"]*)\"")


class Arweave:
    """Answers like a gateway.

    Parameters
    ----------
    log
        The log whose roots are published.
    control
        Decides whether the published roots are tampered with.
    """

    def __init__(self, log: AuditLog, control: Control) -> None:
        self._log, self._control = log, control

    def graphql(self, request: Request) -> Response:
        """Find transactions by tags and owners."""
        query = read_object(request).get("query")
        if not isinstance(query, str) or "transactions" not in query:
            raise Refused(400, "no query", status_name="Failed")
        tags = {name: _TEXT.findall(values) for name, values in _TAG.findall(query)}
        owners = _OWNERS.search(query)
        found = []
        if self._log.tree_name in tags.get("tree_name", ()) and (
            owners is None or OWNER in _TEXT.findall(owners[1])
        ):
            asked = {int(text) for text in tags.get("tree_size", ()) if text.isdecimal()}
            found = sorted(asked & set(range(1, self._log.published + 1)))
        first, after = _FIRST.search(query), _AFTER.search(query)
        start = int(after[1]) if after else 0
        stop = start + min(int(first[1]) if first else _EDGES, _MOST_EDGES)
        edges = [self._edge(size, place) for place, size in enumerate(found, 1)]
        transactions = {
            "pageInfo": {"hasNextPage": stop < len(edges)},
            "edges": edges[start:stop],
        }
        return json_response({"data": {"transactions": transactions}})

    def _edge(self, size: int, place: int) -> Row:
        tags = {"tree_size": str(size), "tree_name": self._log.tree_name}
        node = {
            "id": transaction_id(self._log.tree_name, size),
            "owner": {"address": OWNER},
            "tags": [{"name": name, "value": value} for name, value in tags.items()],
        }
        return {"cursor": str(place), "node": node}

    def transaction(self, key: str) -> Response:
        """Return the raw data of a transaction."""
        return Response(self._data(key), content_type="application/json")

    def encoded(self, key: str) -> Response:
        """Return the data of a transaction as base64url."""
        text = base64.urlsafe_b64encode(self._data(key).encode()).decode().rstrip("=")
        return Response(text, content_type="text/plain")

    def _data(self, key: str) -> str:
        """Return a root as it is published, without the name of its tree and its own address."""
        for size in range(1, self._log.published + 1):
            if transaction_id(self._log.tree_name, size) == key:
                root = self._log.root(size)
                if self._control.tampering == "arweave":
                    root = alter_root(root)
                return json.dumps({k: v for k, v in root.items() if k not in {"tree_name", "url"}})
        raise Refused(404, "no such transaction", status_name="NotFound")
