"""The outcome of a check for one event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["FAIL", "NONE", "PASS", "CheckOutcome", "Status"]

Status = Literal["pass", "fail", "none"]

FAIL: Status = "fail"
NONE: Status = "none"


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """The status of a check, and the reason if it did not pass.

    Parameters
    ----------
    status
        `pass`; `fail` if something contradicts or cannot be read; `none` if something that the
        check needs is missing.
    reason
        Why it did not pass.
    """

    status: Status
    reason: str = ""


PASS = CheckOutcome("pass")
