"""What an adapter declares about its service."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from pandakit.transport.reply import Problem, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Service"]


def _problem_by_status(reply: Reply) -> Problem | None:
    return None if reply.status < HTTPStatus.BAD_REQUEST else Problem(reply.excerpt())


@dataclass(frozen=True, slots=True)
class Service:
    """What an adapter declares about its service.

    Parameters
    ----------
    name
        For messages.
    base_url
        `https://host[:port][/path]`; plain `http` for loopback hosts only.
    auth_header, auth_prefix
        The header that carries the token, and what stands before it (`"Bearer "`).
    headers
        Sent with every call.
    rate
        Requests a second, per token and endpoint; `None` for no limit.
    read_error
        Reads the error envelope of any answer, also of a 200: `None` when it is not an error.
    hints
        What to tell the user on a status.
    """

    name: str
    base_url: str
    auth_header: str = "Authorization"
    auth_prefix: str = "Bearer "
    headers: Mapping[str, str] = field(default_factory=dict)
    rate: float | None = None
    read_error: Callable[[Reply], Problem | None] = _problem_by_status
    hints: Mapping[int, str] = field(default_factory=dict)
