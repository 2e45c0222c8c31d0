"""The log of Nagios and Icinga: one event per line, which begins with a time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from pandakit.events._files.raw import Raw
from pandakit.events._files.text import decoded

if TYPE_CHECKING:
    from pandakit.events._files.find import Member

__all__ = ["LOG_LINE", "read_lines"]

#: How a line of such a log starts.
LOG_LINE = re.compile(r"\s*\[(\d{9,11}|\d{4}-\d\d-\d\d[ T][^\]]*)\] \S")
# Some related tools write a level before the kind.
_LINE = (
    r"^\s*\[(?P<time>[^\]]+)\] (?:(?:INFO|WARNING|ERROR|CRITICAL): )?"
    r"(?P<kind>[A-Z][A-Za-z0-9 _]*?)(?:: (?P<rest>.*))?$"
)
_SERVICE = (
    r"^(?P<host>[^;]*);(?P<service_description>[^;]*);(?P<state>[^;]*);(?P<state_type>[^;]*);"
    r"(?P<attempt>[^;]*);(?P<output>.*)$"
)
_HOST = (
    r"^(?P<host>[^;]*);(?P<state>[^;]*);(?P<state_type>[^;]*);(?P<attempt>[^;]*);(?P<output>.*)$"
)
_KINDS = {"SERVICE ALERT": _SERVICE, "HOST ALERT": _HOST}
_COLUMNS = ("host", "service_description", "state", "state_type", "attempt", "output")


def read_lines(member: Member) -> Raw:
    """Return the lines of a log as columns; only lines of alerts have a host and a state."""
    text, encoding = decoded(member)
    lines = pa.array([line for line in text.splitlines() if line.strip()], pa.large_string())
    parts = pc.extract_regex(lines, _LINE)
    kind = pc.struct_field(parts, "kind")
    rest = pc.struct_field(parts, "rest")
    columns = {"time": pc.struct_field(parts, "time"), "kind": kind}
    columns |= {name: pa.nulls(len(lines), pa.large_string()) for name in _COLUMNS}
    for alert, pattern in _KINDS.items():
        fields = pc.extract_regex(pc.if_else(pc.equal(kind, alert), rest, None), pattern)
        for place in range(fields.type.num_fields):
            name = fields.type.field(place).name
            columns[name] = pc.coalesce(columns[name], pc.struct_field(fields, name))
    columns["line"] = lines
    return Raw(member.name, pa.table(columns), f"log lines, {encoding}")
