"""More events than memory holds: the result of `consolidate` for folders of files."""

from __future__ import annotations

from pandakit.scale.dataset import consolidate_dataset

__all__ = ["consolidate_dataset"]
