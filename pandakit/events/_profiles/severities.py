"""What tools call a severity, as one of the five statuses.

Severities between warning and critical count as critical, those below warning as unknown, and
what a tool calls clear, normal or resolved as ok.
"""

from __future__ import annotations

__all__ = ["FIRING", "SEVERITIES"]

SEVERITIES = {
    **dict.fromkeys(("critical", "disaster", "fatal", "emergency", "page", "error"), "critical"),
    **dict.fromkeys(("high", "major", "average"), "critical"),
    **dict.fromkeys(("warning", "warn", "medium", "minor", "low"), "warning"),
    **dict.fromkeys(("info", "information", "informational", "none", "debug"), "unknown"),
    **dict.fromkeys(("not classified", "notice", "unknown", "indeterminate"), "unknown"),
    **dict.fromkeys(("ok", "clear", "cleared", "normal", "resolved", "success"), "ok"),
}
# A label `severity: none` or `info` is a firing alert all the same, but `ok` is not one.
FIRING = {name: status for name, status in SEVERITIES.items() if status != "ok"}
