"""Published roots on Arweave: a public ledger, read without a token.

Anyone can publish a transaction with the tags of a tree, so these roots are compared with
Pangea's, and the publisher can be pinned.

Source: "Tamperproofing"; Arweave's "GraphQL Guide".
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from pandakit.errors import PandakitError, TransportError
from pandakit.pangea._evidence.exact_json import decode
from pandakit.pangea._evidence.values import read_count
from pandakit.transport import Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandakit.transport import Reply, Session

__all__ = ["CHUNK", "Transaction", "fetch_root", "find_transactions"]

Row = dict[str, Any]

CHUNK = 50  # sizes of one query: half of what it returns, since a size may be published again
_MOST_EDGES = 100  # Arweave's maximum; its default is 10
_TIMEOUT = 20.0  # seconds for a call and its repetitions
_REDIRECTS = range(300, 400)

_QUERY = """{{
  transactions(
    first: {first}{after}{owners}
    tags: [
      {{ name: "tree_size" values: [{sizes}] }}
      {{ name: "tree_name" values: [{tree}] }}
    ]
  ) {{
    pageInfo {{ hasNextPage }}
    edges {{ cursor node {{ id tags {{ name value }} }} }}
  }}
}}"""


class Transaction(NamedTuple):
    """One transaction that claims to hold a root.

    Parameters
    ----------
    id
        Its id.
    tree, size
        The tree and the size by its tags.
    """

    id: str
    tree: str
    size: int


def find_transactions(
    session: Session, url: str, tree: str, sizes: Sequence[int], owners: Iterable[str] | None
) -> list[Transaction]:
    """Return the transactions that hold roots of a tree.

    Raises
    ------
    PandakitError
        If Arweave cannot be reached or does not answer as documented.
    """
    found: list[Transaction] = []
    after = ""
    while True:
        query = _QUERY.format(
            first=_MOST_EDGES,
            after=f" after: {json.dumps(after)}" if after else "",
            owners=f" owners: [{_texts(owners)}]" if owners else "",
            sizes=_texts(map(str, sizes)),
            tree=_texts([tree]),
        )
        call = Call("POST", f"{url}/graphql", json={"query": query}, **_ANONYMOUS)
        edges, more = _read_edges(session.send(call))
        found += [each for edge in edges if (each := _transaction(edge, tree, sizes)) is not None]
        following = str(edges[-1].get("cursor") or "") if edges and more else ""
        if not following or following == after:
            return found
        after = following


_ANONYMOUS: Row = {"endpoint": "arweave", "anonymous": True, "total": _TIMEOUT}


def _texts(values: Iterable[str]) -> str:
    return ", ".join(json.dumps(value) for value in values)


def _read_edges(reply: Reply) -> tuple[list[Row], bool]:
    data = reply.object().get("data")
    found = data.get("transactions") if isinstance(data, dict) else None
    edges = found.get("edges") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(edges, list):
        raise reply.malformed("answered without transactions")
    page = found.get("pageInfo")
    more = isinstance(page, dict) and page.get("hasNextPage") is True
    return [edge for edge in edges if isinstance(edge, dict)], more


def _transaction(edge: Row, tree: str, sizes: Sequence[int]) -> Transaction | None:
    node = edge.get("node")
    if not isinstance(node, dict) or not isinstance(node.get("id"), str):
        return None
    pairs: Any = node.get("tags")
    named = [tag for tag in pairs if isinstance(tag, dict)] if isinstance(pairs, list) else []
    tags = {str(tag.get("name")): tag.get("value") for tag in named}
    size = read_count(tags.get("tree_size"))
    if not isinstance(size, int) or size not in sizes or tags.get("tree_name", tree) != tree:
        return None
    return Transaction(node["id"], tree, size)


def fetch_root(session: Session, url: str, found: Transaction) -> Row | None:
    """Return the root that a transaction holds; `None` if it is not mined yet or holds none.

    Raises
    ------
    TransportError
        If Arweave cannot be reached.
    """
    try:
        body = session.send(Call("GET", f"{url}/{found.id}/", **_ANONYMOUS)).content
    except TransportError:
        raise
    except PandakitError as error:
        if error.status_code not in _REDIRECTS:
            return None
        # The gateway redirects to another host; this address has the same data without a redirect.
        body = _unwrapped(session.send(Call("GET", f"{url}/tx/{found.id}/data", **_ANONYMOUS)))
    try:
        root = decode(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):  # also the body `Pending`
        return None
    if not isinstance(root, dict) or read_count(root.get("size")) != found.size:
        return None
    return {
        "url": f"{url}/{found.id}",
        **root,
        "tree_name": found.tree,
        "source": "arweave",
    }


def _unwrapped(reply: Reply) -> bytes:
    """Return the data of a transaction, which this address encodes as base64url."""
    text = reply.content.strip()
    try:
        return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
