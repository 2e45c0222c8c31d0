"""Ctrl-C during a load, a wait or an upload: what was fetched is kept, and it can be resumed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pandakit.redaction import shown

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Interrupted", "interrupted"]

_PATIENCE = 10  # presses of Ctrl-C while the first one is handled


class Interrupted(KeyboardInterrupt):
    """A `KeyboardInterrupt` that loses nothing; in a notebook it is `sys.last_value`.

    Parameters
    ----------
    message
        What was interrupted, and what to do.
    partial
        Makes the result from what was fetched; called on access to `partial`.
    resume
        Continues and returns the whole.
    verify
        Asks the service whether an interrupted upload arrived.
    """

    def __init__(
        self,
        message: str,
        *,
        partial: Callable[[], Any] = lambda: None,
        resume: Callable[..., Any] | None = None,
        verify: Callable[[], bool] | None = None,
    ) -> None:
        super().__init__(shown(message))
        self._make_partial = partial
        self._partial: list[Any] = []
        self._resume = resume
        self._verify = verify
        self.job: Any = None
        """The job of an upload that was waited for."""

    @property
    def partial(self) -> Any:
        """What was fetched, as the load would have returned it."""
        if not self._partial:
            self._partial.append(self._make_partial())
        return self._partial[0]

    @partial.setter
    def partial(self, value: Any) -> None:
        self._partial = [value]

    def resume(self, **options: Any) -> Any:
        """Request only what is missing and return the whole.

        Raises
        ------
        PandakitError
            When the rest fails; that error can resume in turn.
        TypeError
            When there is nothing to resume.
        """
        if self._resume is None:
            raise TypeError("nothing to resume: call again from the start")
        return self._resume(**options)

    def verify(self) -> bool:
        """Return whether an interrupted upload arrived.

        Raises
        ------
        PandakitError
            When asking fails too.
        TypeError
            When nothing was uploaded.
        """
        if self._verify is None:
            raise TypeError("nothing was uploaded: there is nothing to verify")
        return self._verify()


def interrupted(make: Callable[[], Interrupted]) -> Interrupted:
    """Return `make()`; further presses of Ctrl-C meanwhile change nothing."""
    for _ in range(_PATIENCE):
        with suppress(KeyboardInterrupt):
            return make()
    return make()
