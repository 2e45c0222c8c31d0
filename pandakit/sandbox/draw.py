"""Seeded draws: ids, times and choices for the invented organisation."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

HOUR = 3600
DAY = 24 * HOUR
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"


class Draw:
    """Everything that is random, from one seed.

    Parameters
    ----------
    seed
        The same seed makes the same organisation.
    now
        The fixed time of the organisation.
    """

    def __init__(self, seed: str, now: datetime) -> None:
        self.random = random.Random(seed)  # noqa: S311 - invented data, not secrets
        self.now = now
        self.epoch = int(now.timestamp())

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def one(self, choices: Sequence[T]) -> T:
        return choices[int(self.random.random() * len(choices))]

    def some(self, choices: Sequence[T], least: int, most: int) -> list[T]:
        return self.random.sample(choices, self.random.randint(least, min(most, len(choices))))

    def between(self, low: int, high: int) -> int:
        return low + int(self.random.random() * (high - low + 1))

    def hexadecimal(self, digits: int) -> str:
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def base32(self, prefix: str, length: int = 32) -> str:
        return prefix + "".join(self.random.choices(_BASE32, k=length))

    def uuid(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def ago(self, most_days: int, least_days: int = 0) -> int:
        """Return a time in epoch seconds, between two numbers of days before now."""
        return self.epoch - self.between(least_days * DAY, most_days * DAY)

    def seconds(self, epoch: int) -> str:
        return stamp(epoch)

    def nanoseconds(self, epoch: int) -> str:
        """Return a Go timestamp: up to nine digits, without trailing zeros."""
        fraction = f"{self.random.randrange(10**9):09d}".rstrip("0")
        return f"{stamp(epoch)[:-1]}.{fraction or '5'}Z"

    def microseconds(self, epoch: int) -> str:
        return f"{stamp(epoch)[:-1]}.{self.random.randrange(10**6):06d}Z"


def stamp(epoch: int) -> str:
    """Return RFC 3339 text in UTC, whole seconds.

    Examples
    --------
    >>> stamp(1780315200)
    '2026-06-01T12:00:00Z'
    """
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=epoch)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
