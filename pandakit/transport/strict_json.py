"""Read one strict JSON document."""

from __future__ import annotations

import json
import math
import warnings
from collections import Counter
from typing import Any

from pandakit.errors import ServiceWarning

__all__ = ["read_json"]


def read_json(content: bytes) -> Any:
    """Return the document; a byte order mark is tolerated, a repeated key warns and the last wins.

    Raises
    ------
    ValueError
        When it is not strict JSON: NaN, Infinity and numbers that overflow to it are not.
    RecursionError
        When it is nested too deeply.
    """
    repeated: set[str] = set()

    def to_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            counts = Counter(key for key, _ in pairs)
            repeated.update(key for key, count in counts.items() if count > 1)
        return found

    document = json.loads(
        content.decode("utf-8-sig"),
        object_pairs_hook=to_object,
        parse_constant=_refuse,
        parse_float=_finite,
    )
    if repeated:
        warnings.warn(
            f"an answer repeats the keys {sorted(repeated)} within one object; the last value wins",
            ServiceWarning,
            stacklevel=3,
        )
    return document


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _finite(number: str) -> float:
    value = float(number)
    return _refuse(number) if math.isinf(value) else value
