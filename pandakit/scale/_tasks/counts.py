"""What tasks count while they read: rows received and rejected, earliest and latest time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.consolidation._read.requirements import Rejections

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandakit.consolidation._read.events import Reader

__all__ = ["Counts", "add_up"]


class Counts:
    """Counts over the rows that a task reads."""

    def __init__(self) -> None:
        self._rejections: list[dict[str, Any]] = []
        self._bounds: list[int] = []

    def add(self, reader: Reader) -> None:
        """Add the counts of one reader."""
        self._rejections.append(reader.rejections.to_dict())
        self._bounds += [each for each in (reader.earliest, reader.until) if each is not None]

    def facts(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {
            "rejections": self._rejections,
            "earliest": min(self._bounds, default=None),
            "latest": max(self._bounds, default=None),
        }


def add_up(facts: Iterable[dict[str, Any]], reader: Reader) -> None:
    """Replace a reader's own counts with those of all tasks."""
    rejections, bounds = Rejections(reader.unit), []
    for each in facts:
        for counted in each["rejections"]:
            rejections.add_counts(counted)
        bounds += [each[name] for name in ("earliest", "latest") if each[name] is not None]
    reader.rejections = rejections
    reader.earliest, reader.until = min(bounds, default=None), max(bounds, default=None)
