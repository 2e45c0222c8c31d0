"""Read the parameters of a BigPanda request; anything unreadable is refused with 400."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.sandbox.service import Refused

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

__all__ = ["asked_page", "expansion", "integer"]


def integer(request: Request, name: str, default: int) -> int:
    """Return a parameter that must be a whole number."""
    text = request.args.get(name, "") or str(default)
    if not text.isdigit():
        raise Refused(400, f"{name} must be a whole number, got {text!r}")
    return int(text)


def asked_page(request: Request, size_name: str, *, default: int, most: int) -> tuple[int, int]:
    """Return page (from 1) and size."""
    page, size = integer(request, "page", 1), integer(request, size_name, default)
    if page < 1 or not 1 <= size <= most:
        raise Refused(400, f"page starts at 1 and {size_name} is at most {most} here")
    return page, size


def expansion(request: Request) -> bool:
    """Return whether alerts are to be expanded, the only objects that can be."""
    names = [name for text in request.args.getlist("expand") for name in text.split(",") if name]
    if set(names) - {"alerts"}:
        raise Refused(400, f"Cannot expand {', '.join(names)}")
    return bool(names)
