"""The open readings: what the vendor's pages leave open, as settings."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

__all__ = ["Readings"]

_CHOICES: dict[str, tuple[Any, ...]] = {
    "precedence": ("and", "left"),
    "missing_differs": (True, False),
    "strong_equal": ("exact", "any_case"),
    "regex": ("search", "full"),
    "regex_case": (True, False),
    "multi_value": ("any", "whole"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """One choice per open question; `Bpql` describes them."""

    precedence: Literal["and", "left"] = "and"
    missing_differs: bool = True
    strong_equal: Literal["exact", "any_case"] = "exact"
    regex: Literal["search", "full"] = "search"
    regex_case: bool = False
    multi_value: Literal["any", "whole"] = "any"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if type(value) is not type(choices[0]) or value not in choices:
                allowed = " or ".join(map(repr, choices))
                raise ValueError(f"{name}={value!r}: must be {allowed}")

    def changed(self) -> dict[str, Any]:
        """Return the choices that differ from the defaults."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            field.name: values[field.name]
            for field in fields(self)
            if values[field.name] != field.default
        }
