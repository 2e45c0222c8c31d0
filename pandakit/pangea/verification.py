"""Verify audit events offline: what was changed, left out or forged.

>>> import pandakit as pk
>>> event = {"envelope": {"event": {"message": "test"}}, "hash": "0" * 64}
>>> found = pk.pangea.verify([event])
>>> found.verdict, found.events["reason"][0].partition(";")[0]
('failed', 'hash: the envelope has another hash')
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from pandakit.pangea._checks.keys import trusted_keys
from pandakit.pangea._evidence.events import read_events
from pandakit.pangea._evidence.roots import Root, Roots, read_roots
from pandakit.pangea._output.batches import batches_frame
from pandakit.pangea._output.frames import VERDICTS, verified_events, worst
from pandakit.pangea._output.outcomes import check_events
from pandakit.pangea._output.page import verification_card

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Verdict", "Verification", "verify"]

Verdict = Literal["failed", "unproved", "intact", "proved"]

_FIRST = 10  # failures that the summary shows
_INCOMPLETE = ("incomplete", "absent")


@dataclass(frozen=True, repr=False)
class Verification:
    """What `verify` found.

    Attributes
    ----------
    events
        One row for each event, with the index of what was verified: `received_at`;
        `hash_verification`, `membership_verification`, `path_verification`,
        `consistency_verification` and `signature_verification`, each `pass`, `fail` (something
        contradicts or cannot be read) or `none` (something needed is missing); `verdict`;
        `reason`, which has `check: words` for each check that did not pass; `computed_hash`;
        `leaf_index`; `tree_size`; `root_source` (`results`, `given`, `arweave` or `pangea`);
        `public_key` (base64 of 32 bytes).
    batches
        One row for each batch of published events that did not fail: `tree_name`,
        `leaf_index`, `events`, `missing` (at least so many), `repeated`, `verdict`: `complete`
        (the positions fill the batch), `incomplete`, `absent` (no event of this batch is there;
        in a gap wider than 1,000, the last row stands for the rest), or `cut` (the first or
        the last batch, which the window of a search may cut).
    verdict
        The worst of all events: `failed`, `unproved`, `intact` or `proved`.
    counts
        Verdict -> the number of events that have it.
    """

    events: pd.DataFrame
    batches: pd.DataFrame
    verdict: Verdict
    counts: dict[str, int]
    roots: tuple[Root, ...] = field(repr=False, default=())
    keys: tuple[str, ...] = field(repr=False, default=())

    @property
    def failures(self) -> pd.DataFrame:
        """The events that failed: `received_at` and `reason`."""
        failed = self.events["verdict"] == "failed"
        return self.events.loc[failed, ["received_at", "reason"]]

    @property
    def summary(self) -> str:
        """The verdict, the counts, the batches that lack events, and the first failures."""
        counts = ", ".join(f"{number:,} {verdict}" for verdict, number in self.counts.items())
        lines = [f"{self.verdict}: {len(self.events):,} events ({counts or 'none'})"]
        lacking = self.batches[self.batches["verdict"].isin(_INCOMPLETE)]
        if len(lacking):
            lines.append(
                f"{len(lacking):,} batches lack events, at least {lacking['missing'].sum():,} in "
                f"all; the first is batch {lacking['leaf_index'].iloc[0]}"
            )
        failures = self.failures
        for label, row in failures.head(_FIRST).iterrows():
            received = row["received_at"]
            at = "" if pd.isna(received) else f", received {received}"
            lines.append(f"row {label}{at}: {row['reason']}")
        if len(failures) > _FIRST:
            lines.append(f"and {len(failures) - _FIRST:,} more failures: see .failures")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return verification_card(self.verdict, self.events, self.batches, self.failures)

    def __repr__(self) -> str:
        return f"<Verification {self.summary.splitlines()[0]}>"


def verify(
    results: Any,
    *,
    roots: Any = None,
    keys: str | bytes | Iterable[str | bytes] | None = None,
    complete: bool = False,
) -> Verification:
    """Verify audit events offline, without trusting the file that they are in.

    Parameters
    ----------
    results
        The frame of `search`, `results` or `load`, a part of it, or the JSON of responses,
        artefacts or events as Python data. It is not changed.
    roots
        Roots from elsewhere: the frame of `Pangea.roots`, root objects, responses of `/v1/root`,
        or lists of these. A root without a tree name counts for every tree.
    keys
        The public keys that may sign: base64, PEM, OpenSSH, or JSON with such a `key`. By
        default any key may.
    complete
        Whether the results should be all events of a range: a batch between the first and the
        last that lacks events or is absent then fails the whole.

    Returns
    -------
    Verification
        With the verdict of each event. `failed`: a check failed. `proved`: the event is under a
        root from `roots`. `intact`: it is under a root that came with the results, which proves
        nothing if the whole file was forged. `unproved`: nothing wrong was found, and nothing
        proved.

    Raises
    ------
    EventError
        If `results` has no audit events at all, or a root has no readable size.
    ValueError
        If one of `keys` cannot be read.

    Notes
    -----
    Without the extra `verify` (`cryptography`) the outcome of the signature check is `none`.

    Source: "Secure Audit Log API", "Tamperproofing".

    Examples
    --------
    >>> import pandakit as pk
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=50) as services:
    ...     events = services.pangea.search(start="2026-05-20")
    ...     found = pk.pangea.verify(events)
    >>> found.verdict, bool((found.events["hash_verification"] == "pass").all())
    ('intact', True)
    """
    events = read_events(results)
    given = read_roots(roots)
    trusted = trusted_keys(keys)
    outcomes = check_events(events, Roots(given), trusted)
    frame = verified_events(events, outcomes)
    batches = batches_frame(events, outcomes, frame["verdict"])
    found = frame["verdict"].value_counts()
    counts = {verdict: int(found[verdict]) for verdict in VERDICTS if verdict in found}
    verdict: Any = worst(list(counts))
    if complete and batches["verdict"].isin(_INCOMPLETE).any():
        verdict = "failed"
    proving = {id(group.proving) for group in outcomes.groups}
    return Verification(
        frame,
        batches,
        verdict,
        counts,
        tuple(root for root in given if id(root) in proving),
    )
