"""The words of the language, and those that people know from other languages."""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["COMPARISONS", "LISTS", "REFUSED", "RESERVED"]

COMPARISONS = ("=", "!=", "===")
LISTS = ("IN", "NOT IN")

_ORDER = "BPQL does not order values, it has no {}: name the values with IN [..], or use a /regex/"
_LIKE = "BPQL has no {}: use = with a wildcard, as in host = web*, or = with a /regex/"
_NOT = (
    "BPQL has no {} before a condition: negate the condition itself with != or NOT IN [..], "
    "turning AND into OR and OR into AND"
)
_NULL = "BPQL has no {}: tag = * holds where the tag has a value, and tag != * where it has none"

# What BPQL does not have, and what to write instead.
REFUSED = MappingProxyType(
    {
        "<": _ORDER.format("<"),
        "<=": _ORDER.format("<="),
        ">": _ORDER.format(">"),
        ">=": _ORDER.format(">="),
        "BETWEEN": _ORDER.format("BETWEEN"),
        "LIKE": _LIKE.format("LIKE"),
        "CONTAINS": _LIKE.format("CONTAINS"),
        "MATCHES": _LIKE.format("MATCHES"),
        "=~": _LIKE.format("=~"),
        "~": _LIKE.format("~"),
        "!~": "BPQL has no !~: use != with a wildcard or a /regex/",
        "NOT": _NOT.format("NOT"),
        "!": _NOT.format("!"),
        "IS": _NULL.format("IS NULL"),
        "NULL": _NULL.format("NULL"),
        "==": "BPQL has no ==: use =, or === to compare exactly",
        "!==": "BPQL has no !==: use !=",
        "<>": "BPQL has no <>: use !=",
        "&&": "BPQL has no &&: use AND",
        "||": "BPQL has no ||: use OR",
    }
)

# As a value or a keyword these need quotes; as the name of a tag they cannot be queried.
RESERVED = frozenset({"AND", "OR", "NOT", "IN", "LIKE", "BETWEEN", "IS", "NULL"})
