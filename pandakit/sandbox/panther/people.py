"""Panther users, roles and API tokens."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from pandakit.sandbox.words import DOMAIN, FAMILY_NAMES, GIVEN_NAMES, LOG_TYPES

if TYPE_CHECKING:
    from pandakit.sandbox.draw import Draw

Row = dict[str, Any]

_USERS = 75  # more than one page of at most 60
_ZERO_TIME = "0001-01-01T00:00:00Z"  # Go's zero time, for a time that was never set
_READ = ["AlertRead", "RuleRead", "PolicyRead", "DataAnalyticsRead", "UserRead"]
_ROLES = {
    "Admin": [*_READ, "AlertModify", "RuleModify", "PolicyModify", "UserModify"],
    "Analyst": [*_READ, "AlertModify"],
    "AnalystReadOnly": _READ,
    "DetectionEngineer": [*_READ, "RuleModify", "PolicyModify", "BulkUpload"],
    "Auditor": ["AlertRead", "UserRead", "OrganizationAPITokenRead"],
    "NightShift": ["AlertRead", "AlertModify", "SummaryRead"],
}
_TOKENS = ("notebooks", "ci upload", "alert router", "terraform", "retired pager")


def build_people(draw: Draw) -> dict[str, list[Row]]:
    roles = [_role(draw, name, rights) for name, rights in _ROLES.items()]
    users = [_user(draw, number, roles) for number in range(_USERS)]
    tokens = [_token(draw, name, draw.one(users)) for name in _TOKENS]
    return {"roles": roles, "users": users, "api_tokens": tokens}


def actor(user: Row) -> Row:
    return {"id": user["id"], "type": "User"}


def _role(draw: Draw, name: str, rights: list[str]) -> Row:
    row: Row = {
        "id": draw.uuid(),
        "name": name,
        "permissions": rights,
        "logTypeAccessKind": "ALLOW_ALL",
        "createdAt": draw.nanoseconds(draw.ago(900, 400)),
        "updatedAt": draw.nanoseconds(draw.ago(399)),
    }
    if name == "NightShift":
        row |= {"logTypeAccessKind": "DENY", "logTypeAccess": list(LOG_TYPES[:2])}
    return row


def _user(draw: Draw, number: int, roles: list[Row]) -> Row:
    given, family = draw.one(GIVEN_NAMES), draw.one(FAMILY_NAMES)
    role = draw.one(roles)
    row: Row = {
        "id": draw.uuid(),
        "email": f"{_ascii(given)}.{_ascii(family)}.{number}@{DOMAIN}",
        "givenName": given,
        "familyName": family,
        "role": {"id": role["id"], "name": role["name"]},
        "enabled": draw.chance(0.94),
        "status": draw.one(("CONFIRMED", "CONFIRMED", "FORCE_CHANGE_PASSWORD")),
        "createdAt": draw.nanoseconds(draw.ago(800, 60)),
    }
    if draw.chance(0.8):
        row["lastLoggedInAt"] = draw.nanoseconds(draw.ago(59))
    elif draw.chance(0.5):
        row["lastLoggedInAt"] = _ZERO_TIME
    return row


def _token(draw: Draw, name: str, user: Row) -> Row:
    row: Row = {
        "id": draw.uuid(),
        "name": name,
        "permissions": draw.some(_READ, 1, 5),
        "allowedCIDRBlocks": ["192.0.2.0/24"] if draw.chance(0.5) else [],
        "createdBy": actor(user),
        "createdAt": draw.nanoseconds(draw.ago(500, 100)),
        "updatedAt": draw.nanoseconds(draw.ago(99)),
        "expiresAt": None,
    }
    if draw.chance(0.7):
        row["lastUsedAt"] = draw.nanoseconds(draw.ago(20))
    return row


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("ø", "o"))
    return plain.encode("ascii", "ignore").decode().lower()
