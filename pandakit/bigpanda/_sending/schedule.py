"""Recorded events, sent again at the pace at which they happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pandakit.bigpanda._sending.payloads import time_order
from pandakit.errors import EventError, PandakitError
from pandakit.progress import progress_line

if TYPE_CHECKING:
    from pandakit.bigpanda._sending.batches import Outbox
    from pandakit.transport import Session

__all__ = ["SendSchedule"]

_BATCH = 100


class SendSchedule:
    """When each payload is due.

    Parameters
    ----------
    outbox
        The payloads, with the times at which they happened.
    speed
        How many times faster than that.

    Raises
    ------
    EventError
        When a payload has no time.
    """

    def __init__(self, outbox: Outbox, speed: float) -> None:
        timeless = [n for n, each in enumerate(outbox.payloads) if "timestamp" not in each]
        if timeless:
            labels = ", ".join(repr(outbox.index[n]) for n in timeless[:10])
            raise EventError(
                f"nothing was sent: {len(timeless)} rows have no timestamp to replay by: {labels}"
            )
        self._outbox = outbox
        self._order = time_order(list(outbox.payloads))
        times = [each["timestamp"] for each in outbox.payloads]
        first = min(times, default=0)
        self._due = [(time - first) / speed for time in times]

    def frame(self) -> pd.DataFrame:
        """Return the outcome of each row, and when it is sent."""
        frame = self._outbox.frame()
        frame["seconds_after_start"] = pd.array(self._due, dtype="float64")
        return frame

    def run(self, session: Session, *, progress: bool | None) -> pd.DataFrame:
        """Send each payload when it is due, stamped with that moment."""
        outbox, clock = self._outbox, session.clock
        outbox.outcomes = ["not_sent"] * len(outbox.payloads)
        waiting = list(self._order)
        began, stamp = clock.monotonic(), session.server_time()
        try:
            with progress_line("BigPanda replay", progress=progress, total=len(waiting)) as line:
                while waiting:
                    wait = began + self._due[waiting[0]] - clock.monotonic()
                    if wait > 0:
                        line.wait(wait, "the next event")
                        clock.sleep(wait)
                    batch = self._take_due(waiting, clock.monotonic() - began)
                    for number in batch:
                        outbox.payloads[number]["timestamp"] = int(stamp + self._due[number])
                    outbox.send(session, batch, single=len(batch) == 1)
                    line.advance(len(batch), 1)
        except PandakitError as error:
            failure = error
        except KeyboardInterrupt as interrupt:
            interrupt.partial = self.frame()  # type: ignore[attr-defined]
            raise
        else:
            return self.frame()
        raise failure.extended(
            f" ({len(waiting)} events were not sent: their moments have passed)",
            partial=self.frame(),
        )

    def _take_due(self, waiting: list[int], elapsed: float) -> list[int]:
        """Remove and return the events that are due, at least one and at most a batch."""
        count = sum(self._due[number] <= elapsed for number in waiting[:_BATCH])
        batch = waiting[: max(1, count)]
        del waiting[: len(batch)]
        return batch
