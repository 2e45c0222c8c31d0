"""Put what came so far, and the way on, on an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.errors import PandakitError

__all__ = ["carrying"]


def carrying(
    error: PandakitError,
    *,
    words: str = "",
    partial: Any = None,
    resume: Callable[[], Any] | None = None,
) -> PandakitError:
    """Give the same error with `partial` and `resume`, and further words in its message."""
    return type(error)(
        str(error) + words,
        status_code=error.status_code,
        retry_after=error.retry_after,
        retryable=error.retryable,
        request_id=error.request_id,
        partial=partial,
        resume=resume,
    )
