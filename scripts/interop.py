"""Compare every verdict of the official Python client with ours, on the sandbox's log.

`make interop` makes the environment `.venv-interop` with pangea-sdk and runs this. Each
difference must be one of those that `docs/verification.md` names; any other fails the run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pandakit as pk
from pandakit import sandbox

CLIENT = Path(__file__).with_name("interop_client.py")
PYTHON = Path(".venv-interop/bin/python")
KINDS = (None, "event", "rehash", "proof", "drop", "drop_batch", "reorder", "forge", "root")
CHECKS = ("membership", "consistency", "signature")

#: check, what the official client says, what we say -> why
NAMED = {
    ("membership", "pass", "fail"): "the page's root contradicts the published one",
    ("consistency", "pass", "fail"): "the published root has another batch than this event's",
    ("consistency", "none", "pass"): "leaf 0 is compared with the root of size 1",
    ("consistency", "fail", "none"): "a root is missing",
    ("consistency", "pass", "none"): "a proof that cannot be read says nothing of the batch",
}


def ask_client(env: dict[str, str], *, logs: bool) -> dict[str, Any]:
    """Run the official client against the sandbox."""
    done = subprocess.run(
        [PYTHON, CLIENT],
        env=os.environ | env | ({"LOGS": "1"} if logs else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"the official client failed:\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def compare(kind: str | None, services: Any) -> list[str]:
    """Return the differences that nobody named, and print the others."""
    answer = ask_client(services.env, logs=kind is None)
    for name, worked in answer["done"].items():
        print(f"  {name}: {'works' if worked else 'FAILED'}")
    bad = [name for name, worked in answer["done"].items() if not worked]
    frame = services.pangea.search(start="2026-05-01")
    ours = pk.pangea.verify(frame, roots=services.pangea.roots(frame)).events
    theirs = answer["found"]["True"]
    if isinstance(theirs, str):
        print(
            f"  the client raises {theirs} for the whole page; ours:",
            ours["verdict"].value_counts().to_dict(),
        )
        return bad if "failed" in set(ours["verdict"]) else [*bad, f"{theirs}, but nothing failed"]
    differing = Counter(
        (check, their[check], our)
        for check in CHECKS
        for their, our in zip(theirs, ours[f"{check}_verification"], strict=True)
        if their[check] != our
    )
    for (check, their, our), count in differing.items():
        why = NAMED.get((check, their, our))
        print(f"  {check}: {their} there, {our} here, {count} times: {why or 'NOT NAMED'}")
        if why is None:
            bad.append(f"{check} {their}/{our}")
    print(f"  {len(ours)} events compared")
    return bad


def main() -> None:
    """Compare the log as it is, and under every tampering."""
    bad = []
    with sandbox.start(incidents=2, audit_events=400, early_404=False) as services:
        for kind in KINDS:
            print(kind or "as it is")
            services.control.tamper(kind)
            bad += compare(kind, services)
    sys.exit(f"differences that nobody named: {bad}" if bad else 0)


if __name__ == "__main__":
    main()
