"""Run the five checks over all events: one outcome for each check and event.

Hashes and folds are computed event by event; everything else is decided once for all events that
share a place and a fold, which in a log are the events of a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.pangea._checks.consistency import ConsistencyCheck
from pandakit.pangea._checks.digests import Digests, check_hash, digest_all
from pandakit.pangea._checks.folds import ITEM, Fold, fold_all
from pandakit.pangea._checks.membership import ExpectedRoot, check_membership, expected_root
from pandakit.pangea._checks.outcome import FAIL, PASS, CheckOutcome
from pandakit.pangea._checks.path import check_path, depth_of
from pandakit.pangea._checks.signatures import UNSIGNED, check_signature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pandakit.pangea._evidence.events import Events
    from pandakit.pangea._evidence.roots import Root, Roots

__all__ = ["CHECKS", "CheckOutcomes", "check_events"]

CHECKS = ("hash", "membership", "path", "consistency", "signature")

_AT_A_TIME = 8_192  # events whose proofs are held as Python text at once
_NOT_TEXT = "?"  # a proof that cannot be read


@dataclass(frozen=True)
class CheckOutcomes:
    """What the checks found.

    Parameters
    ----------
    distinct
        All outcomes that occur.
    codes
        Check -> the position in `distinct` of each event's outcome.
    digests
        Each event's own hash, or `None`.
    groups, group_of
        The outcomes that events with the same place and fold share, and each event's group.
    addresses
        The sides of the siblings inside the batch, from the event upwards.
    public_keys
        Position -> the public key of a signed event.
    """

    distinct: list[CheckOutcome]
    codes: dict[str, NDArray[np.int64]]
    digests: list[bytes | None]
    groups: list[SharedOutcomes]
    group_of: NDArray[np.int64]
    addresses: list[str]
    public_keys: dict[int, str]


@dataclass(frozen=True)
class SharedOutcomes:
    """What the checks found for all events with the same place and fold.

    Parameters
    ----------
    outcomes
        Of membership, path and consistency.
    expected
        The root of the membership check.
    proving
        The root from elsewhere that proves the events, if there is one.
    """

    outcomes: tuple[CheckOutcome, CheckOutcome, CheckOutcome]
    expected: ExpectedRoot
    proving: Root | None


class _Codes:
    """Numbers for outcomes."""

    def __init__(self) -> None:
        self.distinct: list[CheckOutcome] = []
        self._numbers: dict[CheckOutcome, int] = {}

    def __call__(self, outcome: CheckOutcome) -> int:
        number = self._numbers.setdefault(outcome, len(self.distinct))
        if number == len(self.distinct):
            self.distinct.append(outcome)
        return number


def check_events(events: Events, given: Roots, keys: frozenset[bytes] | None) -> CheckOutcomes:
    """Return the outcomes of all checks."""
    code = _Codes()
    digests = digest_all(events.envelopes)
    codes = {"hash": _hash_codes(events, digests, code)}
    roots = [expected_root(place, given) for place in events.places]
    folds, fold_of, addresses = _folds(events, digests.hashes, roots)
    groups, group_of = _groups(events, roots, given, folds, fold_of)
    for number, check in enumerate(CHECKS[1:4]):
        of_group = [code(group.outcomes[number]) for group in groups]
        codes[check] = np.array(of_group, np.int64)[group_of]
    codes["signature"], public_keys = _signature_codes(events, digests, keys, code)
    return CheckOutcomes(
        code.distinct, codes, digests.hashes, groups, group_of, addresses, public_keys
    )


def _hash_codes(events: Events, digests: Digests, code: _Codes) -> NDArray[np.int64]:
    """Compare all hashes at once, then examine those that differ one by one."""
    own = np.array([None if each is None else each.hex() for each in digests.hashes], dtype=object)
    codes = np.full(len(own), code(PASS), np.int64)
    for position in np.flatnonzero(own != events.hashes).tolist():
        problem = digests.faults.get(position)
        if problem is None:
            envelope, claimed = events.envelopes[position], events.hashes[position]
            problem, other = check_hash(envelope, claimed)
            digests.hashes[position] = other or digests.hashes[position]
        codes[position] = code(problem)
    for position, problem in digests.faults.items():
        codes[position] = code(problem)
    return codes


def _folds(
    events: Events, hashes: list[bytes | None], roots: list[ExpectedRoot]
) -> tuple[list[Fold], NDArray[np.int64], list[str]]:
    depths = np.array(
        [
            depth_of(place, expected.size)
            for place, expected in zip(events.places, roots, strict=True)
        ],
        np.int64,
    )
    folds: list[Fold] = []
    fold_of: list[int] = []
    addresses: list[str] = []
    for start in range(0, len(hashes), _AT_A_TIME):
        rows = slice(start, start + _AT_A_TIME)
        places = events.place_of[rows]
        proofs = [
            _proof(proof, events, hashes, row)
            for row, proof in enumerate(_objects(events.proofs[rows]), start)
        ]
        depth = depths[places].tolist()
        fold_of += fold_all(hashes[rows], proofs, depth, folds)
        addresses += [
            proof[: len(proof) + 1 - ITEM * below : ITEM] if isinstance(proof, str) else ""
            for proof, below in zip(proofs, depth, strict=True)
        ]
    return folds, np.array(fold_of, np.int64), addresses


def _objects(column: Any) -> Any:
    return column if isinstance(column, np.ndarray) else column.to_numpy(object, na_value=None)


def _proof(proof: Any, events: Events, hashes: list[bytes | None], row: int) -> Any:
    """Return the proof; an absent one is empty for the only event of a tree, which is its root."""
    if proof is None and (own := hashes[row]) is not None:
        root_hash = events.places[events.place_of[row]].root_hash
        return "" if own.hex() == root_hash else None
    return proof if proof is None or isinstance(proof, str) else _NOT_TEXT


def _groups(
    events: Events,
    roots: list[ExpectedRoot],
    given: Roots,
    folds: list[Fold],
    fold_of: NDArray[np.int64],
) -> tuple[list[SharedOutcomes], NDArray[np.int64]]:
    consistency = ConsistencyCheck(given, events.roots)
    wide = len(folds) + 1
    group_of, keys = pd.factorize(events.place_of * wide + fold_of + 1)
    groups = []
    for key in keys.tolist():
        place, fold = events.places[key // wide], folds[key % wide - 1] if key % wide else None
        expected = _by_hash(roots[key // wide], fold, given)
        member = check_membership(expected, fold)
        grown, trusted = consistency.check(place, fold)
        outcomes = member, check_path(place, expected.size, fold), grown
        proving = expected.root if member is PASS and expected.trusted else trusted
        groups.append(SharedOutcomes(outcomes, expected, proving))
    return groups, group_of.astype(np.int64)


def _by_hash(expected: ExpectedRoot, fold: Fold | None, given: Roots) -> ExpectedRoot:
    """Return the root from elsewhere that a proof leads to, if no size identifies it."""
    if expected.root is not None or expected.problem is None or expected.problem.status == FAIL:
        return expected
    if fold is None or fold.root is None:
        return expected
    found = given.with_hash(None, fold.root.hex())
    return ExpectedRoot(found[0], trusted=True) if found else expected


def _signature_codes(
    events: Events, digests: Digests, keys: frozenset[bytes] | None, code: _Codes
) -> tuple[NDArray[np.int64], dict[int, str]]:
    codes = np.full(len(digests.hashes), code(UNSIGNED), np.int64)
    public_keys: dict[int, str] = {}
    for position in digests.signed:
        outcome, key = check_signature(events.envelopes[position], keys)
        codes[position] = code(outcome)
        if key is not None:
            public_keys[position] = key
    return codes, public_keys
