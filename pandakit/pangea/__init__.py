"""Pangea's Secure Audit Log: searches as frames, and their verification offline.

The client loads on first use, so that verification imports no network library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandakit.pangea.client import Pangea as Pangea
    from pandakit.pangea.options import CustomField as CustomField
    from pandakit.pangea.saved import load as load
    from pandakit.pangea.verification import Verification as Verification, verify as verify

_HOMES = {
    "CustomField": "options",
    "load": "saved",
    "Pangea": "client",
    "Verification": "verification",
    "verify": "verification",
}

__all__ = ["CustomField", "Pangea", "Verification", "load", "verify"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
