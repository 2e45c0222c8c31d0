"""Panther, BigPanda and Pangea on loopback, with the data of an invented company.

Three real HTTP servers, as awkward as the real services. The same seed makes the same rows,
tokens and ids. Time stands still at `Sandbox.now` (a fixed date unless one is given): the
servers count "7d" and their default windows back from it, and send it in their `Date` header.
"""

from __future__ import annotations

from pandakit.sandbox import requirement  # noqa: F401 - imported for its error
from pandakit.sandbox.control import Call, Control
from pandakit.sandbox.lifecycle import Sandbox, start
from pandakit.sandbox.organisation import REFERENCE_TIME, Organisation, build

__all__ = [
    "REFERENCE_TIME",
    "Call",
    "Control",
    "Organisation",
    "Sandbox",
    "build",
    "start",
]
