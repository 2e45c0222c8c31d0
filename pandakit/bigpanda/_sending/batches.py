"""Payloads sent in order, one request at a time, and never twice blindly."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from pandakit.bigpanda.service import NEEDS_ORG
from pandakit.errors import InvalidRequestError, OutcomeUnknownError, PandakitError
from pandakit.transport import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pandakit.bigpanda._sending.payloads import Payload
    from pandakit.transport import Session

__all__ = ["Outbox", "SendOutcome", "send_in_batches"]

SendOutcome = Literal["planned", "accepted", "duplicate", "refused", "unknown", "not_sent"]

_PATH = "/data/v2/alerts"
_UNSENT: tuple[SendOutcome, ...] = ("planned", "not_sent")


class Outbox:
    """Payloads, and the outcome of each.

    Parameters
    ----------
    payloads
        One per row of the caller's frame.
    index
        The frame's index.
    app_key
        The integration.
    facts
        Returns the facts for `df.attrs["pandakit"]`, given the number of requests.
    """

    def __init__(
        self,
        payloads: Sequence[Payload],
        index: pd.Index,
        app_key: str,
        facts: Callable[[int], dict[str, Any]],
    ) -> None:
        self.payloads, self.index, self.app_key = payloads, index, app_key
        self.outcomes: list[SendOutcome] = ["planned"] * len(payloads)
        self.messages: list[str | None] = [None] * len(payloads)
        self.requests = 0
        self._facts = facts

    def frame(self) -> pd.DataFrame:
        """Return the outcome of each row, under the index of the frame."""
        frame = pd.DataFrame(
            {
                "outcome": pd.array(self.outcomes, dtype="string[pyarrow]"),
                "message": pd.array(self.messages, dtype="string[pyarrow]"),
            },
            index=self.index,
        )
        frame.attrs["pandakit"] = self._facts(self.requests) | {"rows": len(frame)}
        return frame

    def claim(self, numbers: Sequence[int]) -> list[int]:
        """Return those payloads that were not sent yet, and mark them as being sent."""
        left = [number for number in numbers if self.outcomes[number] in _UNSENT]
        self._mark(left, "not_sent")
        return left

    def send(self, session: Session, numbers: Sequence[int], *, single: bool) -> None:
        """Send the payloads of these numbers in one request.

        Raises
        ------
        OutcomeUnknownError
            When the answer was lost: they may or may not have been received.
        PandakitError
            When the service could not be asked, or refuses the token.
        """
        payloads = [self.payloads[number] for number in numbers]
        body: dict[str, Any] = {"app_key": self.app_key}
        body |= payloads[0] if single else {"alerts": payloads}
        call = Call("POST", _PATH, json=body, endpoint=_PATH, repeatable=False, needs=NEEDS_ORG)
        self._mark(numbers, "unknown")  # until it is answered: an interrupt may come at any moment
        try:
            reply = session.send(call)
        except InvalidRequestError as error:
            self.requests += 1
            self._mark(numbers, "refused", str(error))
            return
        except OutcomeUnknownError:
            self.requests += 1
            raise
        except PandakitError:
            self._mark(numbers, "not_sent")
            raise
        self.requests += reply.attempts
        is_duplicate = reply.status == HTTPStatus.NO_CONTENT
        self._mark(numbers, "duplicate" if is_duplicate else "accepted")

    def _mark(
        self, numbers: Sequence[int], outcome: SendOutcome, message: str | None = None
    ) -> None:
        for number in numbers:
            self.outcomes[number], self.messages[number] = outcome, message


def send_in_batches(
    outbox: Outbox, session: Session, numbers: Sequence[int], batch_size: int
) -> pd.DataFrame:
    """Send the unsent payloads in this order; after a failure, `resume()` sends the rest."""
    left = outbox.claim(numbers)
    resume = partial(send_in_batches, outbox, session, numbers, batch_size)
    batch: Sequence[int] = ()
    try:
        for first in range(0, len(left), batch_size):
            batch = left[first : first + batch_size]
            outbox.send(session, batch, single=batch_size == 1)
    except PandakitError as error:
        failure = error
    except KeyboardInterrupt as interrupt:
        interrupt.partial = outbox.frame()  # type: ignore[attr-defined]
        interrupt.resume = resume  # type: ignore[attr-defined]
        raise
    else:
        return outbox.frame()
    labels = outbox.index[batch[0]], outbox.index[batch[-1]]
    raise failure.extended(
        f" (rows {labels[0]!r} to {labels[1]!r}: {outbox.outcomes[batch[0]]}; "
        f"{outbox.outcomes.count('not_sent')} rows were not sent, and resume() sends only those)",
        partial=outbox.frame(),
        resume=resume,
    )
