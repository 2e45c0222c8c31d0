"""How patient the transport is, and its source of time and chance."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock", "TransportOptions"]


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, so that tests can stand in for both.

    Parameters
    ----------
    monotonic
        Seconds for deadlines and rate limits.
    wall
        Seconds since 1970, for dates in headers.
    sleep
        Waits that many seconds.
    random
        A number from 0 to 1, for jitter.
    """

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class TransportOptions:
    """How patient the transport is; all times are in seconds.

    Parameters
    ----------
    connect, read, total
        Deadlines for connecting, for a silence of the service, and for a whole call with its
        retries.
    attempts
        The greatest number of attempts for one call.
    backoff_first, backoff_most
        Bounds of the jittered wait between two attempts.
    retry_after_most
        A longer `Retry-After` is not waited for, but raised with `retry_after`.
    retry_budget
        Retries that all calls of a session share; each success returns one.
    body_most
        The greatest size of one answer in bytes, unpacked.
    """

    connect: float = 10.0
    read: float = 60.0
    total: float = 300.0
    attempts: int = 5
    backoff_first: float = 0.5
    backoff_most: float = 30.0
    retry_after_most: float = 120.0
    retry_budget: int = 30
    body_most: int = 256 * 1024 * 1024
