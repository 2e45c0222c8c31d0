"""Outcomes as frames: one row for each event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pandakit.pangea._checks.outcome import PASS
from pandakit.pangea._output.outcomes import CHECKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pandakit.pangea._evidence.events import Events
    from pandakit.pangea._output.outcomes import CheckOutcomes, SharedOutcomes

__all__ = ["VERDICTS", "verified_events", "worst"]

VERDICTS = ("failed", "unproved", "intact", "proved")  # the worst first

_HEX = 64


def worst(verdicts: Sequence[str]) -> str:
    """Return the worst verdict, `unproved` if there is none.

    Examples
    --------
    >>> worst(["proved", "intact"]), worst([])
    ('intact', 'unproved')
    """
    return min(verdicts, key=VERDICTS.index, default="unproved")


def verified_events(events: Events, outcomes: CheckOutcomes) -> pd.DataFrame:
    """Return `Verification.events`."""
    statuses = _text([outcome.status for outcome in outcomes.distinct])
    group_of, groups = outcomes.group_of, outcomes.groups
    verdicts, reasons = _verdicts(outcomes)
    data: dict[str, Any] = {"received_at": events.received_at}
    for check in CHECKS:
        data[f"{check}_verification"] = _take(statuses, outcomes.codes[check])
    data |= {
        "verdict": verdicts,
        "reason": reasons,
        "computed_hash": _hexadecimal(outcomes.digests),
        "leaf_index": _whole([place.leaf for place in events.places], events.place_of),
        "tree_size": _whole([group.expected.size for group in groups], group_of),
        "root_source": _take(_text([_source(group) for group in groups]), group_of),
        "public_key": _sparse(outcomes.public_keys, len(events.index)),
    }
    return pd.DataFrame(data, index=events.index)


def _verdicts(outcomes: CheckOutcomes) -> tuple[Any, Any]:
    """Decide once for each combination of outcomes that occurs."""
    combined = outcomes.group_of
    for check in CHECKS:
        combined = pd.factorize(combined * len(outcomes.distinct) + outcomes.codes[check])[0]
    first = np.unique(combined, return_index=True)[1]
    found, reasons = [], []
    for row in first.tolist():
        named = [(check, outcomes.distinct[outcomes.codes[check][row]]) for check in CHECKS]
        group = outcomes.groups[outcomes.group_of[row]]
        found.append(_verdict([outcome.status for _, outcome in named], group))
        words = [f"{check}: {outcome.reason}" for check, outcome in named if outcome != PASS]
        reasons.append("; ".join(words))
    return _take(_text(found), combined), _take(_text(reasons), combined)


def _verdict(statuses: list[str], group: SharedOutcomes) -> str:
    if "fail" in statuses:
        return "failed"
    if group.proving is not None:
        return "proved"
    return "intact" if group.outcomes[0] is PASS else "unproved"


def _source(group: SharedOutcomes) -> str | None:
    root = group.proving or group.expected.root
    return None if root is None or root.root_hash is None else root.source


def _text(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


def _take(values: pa.Array, codes: NDArray[np.int64]) -> Any:
    return pd.array(values.take(pa.array(codes)), dtype="string[pyarrow]")


def _whole(values: list[Any], codes: NDArray[np.int64]) -> Any:
    small = [value if isinstance(value, int) and value < 1 << 63 else None for value in values]
    return pd.array(small, dtype="Int64").take(codes)


def _hexadecimal(digests: list[bytes | None]) -> Any:
    """Return hashes as text: all digits in one buffer, cut at every 64th."""
    lengths = np.array([0 if digest is None else _HEX for digest in digests], np.int32)
    digits = b"".join(filter(None, digests)).hex().encode()
    ends = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
    text = pa.LargeStringArray.from_buffers(
        len(digests), pa.py_buffer(ends.tobytes()), pa.py_buffer(digits)
    )
    missing = pa.array(lengths == 0)
    return pd.array(
        pa.compute.if_else(missing, pa.scalar(None, text.type), text), dtype="string[pyarrow]"
    )


def _sparse(values: dict[int, str], length: int) -> Any:
    column = np.full(length, None, dtype=object)
    for position, value in values.items():
        column[position] = value
    return pd.array(column, dtype="string[pyarrow]")
