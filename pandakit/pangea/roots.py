"""Roots of the log's tree: one from Pangea, or all that a verification needs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pandakit.errors import PandakitError, PartialWarning, ServiceWarning
from pandakit.frames import add_facts, build_frame
from pandakit.pangea._roots.fetcher import RootFetcher, distinct_roots, needed_sizes
from pandakit.pangea._search.deferred import DeferredReplies
from pandakit.pangea.columns import ROOT_COLUMNS, SOURCED_ROOT_COLUMNS
from pandakit.pangea.service import ROW_CHECKS, read_result
from pandakit.progress import progress_line
from pandakit.transport import Listing, OneAnswer, loader, warn_user

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from pandakit.pangea._roots.fetcher import FetchedRoots
    from pandakit.pangea.account import Account
    from pandakit.progress import ProgressLine
    from pandakit.transport import Reply, StorePath

__all__ = ["root", "roots"]

Row = dict[str, Any]

_MOST_SHOWN = 5


@loader()
def root(
    self: Account,
    tree_size: int | None = None,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return one root of the log's tree.

    Parameters
    ----------
    tree_size
        The size of the tree in batches, from 1; by default the newest published size.
    max_rows
        Load at most this many rows; reaching the cap warns with `TruncatedWarning`.
    progress
        `True` or `False` forces or hides the progress line; `None` shows it in interactive
        sessions only.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.

    Returns
    -------
    pandas.DataFrame
        One row with `tree_name`, `size`, `root_hash`, `url`, `published_at` and
        `consistency_proof`.

    Raises
    ------
    NotFoundError
        If there is no root of this size.
    TypeError, ValueError
        If `tree_size` is not a whole number from 1.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     root = services.pangea.root(1)
    >>> root["size"].tolist()
    [1]
    """
    _check_size(tree_size)
    body = {} if tree_size is None else {"tree_size": tree_size}
    return self._load(
        Listing(
            self._call("/v1/root", body),
            OneAnswer(_read_root, ROW_CHECKS["root"]),
            label="Pangea root",
        ),
        partial(build_frame, columns=ROOT_COLUMNS),
        max_rows=max_rows,
        progress=progress,
    )


def roots(
    self: Account,
    results: Any,
    *,
    owners: str | Iterable[str] | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Return the published roots that verifying results needs, from Arweave and from Pangea.

    Parameters
    ----------
    results
        What `pandakit.pangea.verify` takes: a frame of events, or their JSON.
    owners
        The Arweave address that may have published the roots, or several. By default any:
        anyone can publish a transaction with the tags of a tree.
    progress
        `True` or `False` forces or hides the progress line; `None` shows it in interactive
        sessions only.

    Returns
    -------
    pandas.DataFrame
        The columns of `root`, and `source` (`arweave` or `pangea`): one row for each root.
        Where both sources agree, the row is Arweave's; where they disagree, both are kept
        and `verify` fails.

    Raises
    ------
    PandakitError
        If Pangea fails; `partial` has the roots that were fetched.
    ValueError
        If `owners` is empty, which would trust nobody.

    Warns
    -----
    ServiceWarning
        If Arweave cannot be reached: the roots then come from Pangea alone.
    PartialWarning
        If neither source has a root of a size.

    Notes
    -----
    Source: "Pangea API reference", "Tamperproofing".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     events = services.pangea.search(start="2026-05-01")
    ...     roots = services.pangea.roots(events)
    >>> sorted(roots["source"].unique())
    ['arweave']
    """
    shown = self._progress if progress is None else progress
    sizes = needed_sizes(results)
    started = self._session.clock.monotonic()
    with progress_line("Pangea roots", progress=shown) as line:
        fetcher = RootFetcher(
            self._session,
            self._arweave_url,
            _publishers(owners),
            partial(_root_of_size, self, line=line),
        )
        failure = None
        try:
            fetcher.fetch(sizes, line)
        except PandakitError as error:
            failure = error
    found = fetcher.found
    frame = build_frame(distinct_roots(found.rows), SOURCED_ROOT_COLUMNS)
    add_facts(
        frame,
        source=self.source,
        requests=found.requests,
        rows=len(frame),
        complete=failure is None,
        elapsed_s=round(self._session.clock.monotonic() - started, 3),
    )
    if failure is not None:
        raise failure.extended(
            f" (Pangea roots: {len(frame)} were fetched)",
            partial=frame,
            resume=lambda: roots(self, results, owners=owners, progress=progress),
        )
    _warn_about(found, self._arweave_url)
    return frame


def _publishers(owners: str | Iterable[str] | None) -> list[str] | None:
    """Return the Arweave addresses that may publish; `None` for any."""
    if owners is None:
        return None
    found = [owners] if isinstance(owners, str) else list(owners)
    if not found:
        raise ValueError("owners is empty: pass Arweave addresses, or None to trust any publisher")
    return found


def _root_of_size(self: Account, size: int, line: ProgressLine) -> Row:
    call = self._call("/v1/root", {"tree_size": size})
    reply = DeferredReplies(self._session, progress=False).send(call, line)
    root = reply.read(_read_root)[0]
    if not isinstance(root, dict) or root.get("size") != size:
        raise reply.malformed(f"returned no root of size {size}")
    return root


def _read_root(reply: Reply) -> list[Row]:
    """Return the root: in `result` by the API reference, in `result.data` as served."""
    result = read_result(reply)
    return [result.get("data", result)]


def _check_size(tree_size: int | None) -> None:
    if tree_size is None:
        return
    if isinstance(tree_size, bool) or not isinstance(tree_size, int):
        raise TypeError(f"tree_size is {type(tree_size).__name__}; pass a whole number")
    if tree_size < 1:
        raise ValueError(f"tree_size={tree_size}; the smallest tree has size 1")


def _warn_about(found: FetchedRoots, arweave_url: str) -> None:
    if found.arweave_error is not None:
        warn_user(
            f"Arweave ({arweave_url}) could not be read, so roots come from Pangea alone, which "
            f"also keeps the log: {found.arweave_error}",
            ServiceWarning,
        )
    if found.missing:
        sizes = ", ".join(map(str, found.missing[:_MOST_SHOWN]))
        more = len(found.missing) - _MOST_SHOWN
        rest = f" and {more:,} more" if more > 0 else ""
        warn_user(f"there is no published root of size {sizes}{rest}", PartialWarning)
