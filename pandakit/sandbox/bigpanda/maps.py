"""The mapping enrichments of the organisation: their schemas and the table of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.sandbox import words
from pandakit.sandbox.draw import DAY

if TYPE_CHECKING:
    from pandakit.sandbox.bigpanda.events import Groups
    from pandakit.sandbox.draw import Draw

__all__ = ["empty_map", "host_map"]

Row = dict[str, Any]


def host_map(draw: Draw, groups: Groups) -> tuple[Row, list[Row]]:
    """Return a map from hosts to owners, and its table, which lacks some hosts."""
    tiers = {name: tier for name, _, tier in words.APPLICATIONS}
    fields = (("host", "query_tag"), ("owner_team", "result_tag"), ("tier", "result_tag"))
    hosts = [
        (host, unit.tags)
        for unit in groups.units
        if "service" not in unit.tags
        for host in unit.primaries
    ]
    rows = [
        {
            "host": host,
            "owner_team": tags.get("team", "platform"),
            "tier": tiers.get(tags.get("application", ""), "tier-3"),
        }
        for host, tags in hosts
        if draw.chance(0.9)
    ]
    return _schema(draw, "Host owners", fields), rows


def empty_map(draw: Draw) -> Row:
    fields = (
        ("application", "query_tag"),
        ("check", "query_tag"),
        ("runbook", "result_tag"),
        ("escalation", "result_tag"),
    )
    return _schema(draw, "Runbooks", fields)


def _schema(draw: Draw, name: str, fields: tuple[tuple[str, str], ...]) -> Row:
    person = draw.hexadecimal(24)
    return {
        "id": draw.uuid(),
        "type": "mapping",
        "active": True,
        "when": {"=": ["source_system", {"type": "regex", "value": "*"}]},
        "version": 1,
        "note": None,
        "created_by": person,
        "updated_by": person,
        "created_at": draw.epoch - 90 * DAY,
        "config": {
            "name": name,
            "case_insensitive": True,
            "id_generation_function": "use_md5",
            "fields": [
                {"title": title, "type": kind, "override_existing": True}
                if kind == "result_tag"
                else {"title": title, "type": kind, "optional": False}
                for title, kind in fields
            ],
        },
    }
