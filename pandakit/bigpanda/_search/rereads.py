"""How often numbered pages are read again before a load gives up."""

from __future__ import annotations

__all__ = ["REREADS", "Rereads"]

REREADS = 3  # after passes during which something moved
_SHUFFLED_REREADS = 12  # after passes in which only the order changed


class Rereads:
    """The passes so far that did not prove a list complete."""

    def __init__(self) -> None:
        self._moved = self._fruitless = 0

    def may_go_on(self, *, is_steady: bool, has_gained: bool) -> bool:
        """Count a pass, and return whether there may be another one.

        Parameters
        ----------
        is_steady
            Whether nothing moved during it.
        has_gained
            Whether it returned new incidents.
        """
        if not is_steady:
            self._moved += 1
        self._fruitless = 0 if has_gained or not is_steady else self._fruitless + 1
        return self._moved <= REREADS and self._fruitless <= _SHUFFLED_REREADS
