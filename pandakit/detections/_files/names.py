"""File names for ids: each id gets its own, and every file system accepts it."""

from __future__ import annotations

import re
from collections import Counter
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["check_inside", "file_stems"]

_LONGEST = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
# Names that Windows reserves for devices, whatever their extension.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


def file_stems(ids: Iterable[str]) -> list[str]:
    """Return a file name without extension for each id.

    A name that had to be changed, or that differs from another only by case, ends in a hash.

    Examples
    --------
    >>> file_stems(["AWS.Root.Login", "../x", "Same", "same"])
    ['AWS.Root.Login', 'x-d6b96a97', 'Same-2a98b1de', 'same-0967115f']
    """
    ids = list(ids)
    plain = [_UNSAFE.sub("_", name).strip("._-")[:_LONGEST].rstrip("._-") for name in ids]
    times = Counter(stem.lower() for stem in plain)
    return [
        stem
        if stem == name and times[stem.lower()] == 1 and not _RESERVED.fullmatch(stem)
        else f"{stem or 'id'}-{sha256(name.encode()).hexdigest()[:8]}"
        for stem, name in zip(plain, ids, strict=True)
    ]


def check_inside(path: str, column: str) -> None:
    """Refuse a path outside the folder, or in a hidden one.

    Raises
    ------
    ValueError
        With the column and the path.
    """
    parts = PurePosixPath(path.replace("\\", "/")).parts
    hidden = any(part.startswith(".") for part in parts)
    if not parts or path.startswith(("/", "\\")) or ":" in parts[0] or hidden:
        raise ValueError(f"column {column}: {path!r} is not a visible path below the folder")
