"""What rules as code cost: reading files, unit tests, a backtest, and matches to alerts."""

from __future__ import annotations

import os
import tempfile
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit import detections

if TYPE_CHECKING:
    from collections.abc import Callable

RULES, TESTS, EVENTS, MATCHES = 1_200, 3, 100_000, 1_000_000
# Seconds on two cores that each may take.
GOALS = {"read": 4, "unit tests": 10, "backtest": 6, "dedup": 8}
BODY = """from shared_helpers import is_action


def rule(event):
    return is_action(event, {number}) and event.deep_get("user", "type") == "root"


def title(event):
    return f"action {number} by {{event.deep_get('user', 'name')}}"


def dedup(event):
    return event.deep_get("user", "name", default="")
"""
HELPER = """def is_action(event, number):
    return event.get("action") == f"action-{number}"
"""


def event(number: int, user: str = "ann") -> dict[str, Any]:
    """Make an event of about 400 bytes."""
    return {
        "action": f"action-{number}",
        "user": {"name": user, "type": "root", "groups": ["a", "b", "c"]},
        "p_event_time": "2026-01-01T10:00:00Z",
        "p_log_type": "Some.Log",
        "request": {"path": "/api/v1/things", "agent": "a browser " * 10},
    }


def content() -> pd.DataFrame:
    """Make rules with three unit tests each, and the helper that they import."""
    rows = [
        {
            "kind": "rules",
            "id": f"Rule.{number:04d}",
            "severity": "HIGH",
            "enabled": True,
            "log_types": ["Some.Log"],
            "reports": {"MITRE ATT&CK": ["TA0001:T1078"]},
            "runbook": "Ask the owner,\nthen revoke.\n",
            "body": BODY.format(number=number),
            "tests": [
                {"name": f"test {test}", "expectedResult": test == 0, "log": event(number + test)}
                for test in range(TESTS)
            ],
        }
        for number in range(RULES)
    ]
    return pd.DataFrame([*rows, {"kind": "globals", "id": "shared_helpers", "body": HELPER}])


def matches() -> pd.DataFrame:
    """Make a month of matches of 200 rules."""
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "rule_id": np.array([f"rule-{n}" for n in range(200)])[
                random.integers(0, 200, MATCHES)
            ],
            "dedup": np.array([f"key-{n}" for n in range(5_000)])[
                random.integers(0, 5_000, MATCHES)
            ],
            "time": pd.to_datetime(1.7e9 + random.random(MATCHES) * 2.6e6, unit="s", utc=True),
        }
    )


def timed(name: str, count: int, work: Callable[[], Any]) -> Any:
    """Run something, and print its wall and processor time beside the goal."""
    started, worked = time.perf_counter(), processor_time()
    result = work()
    wall, processor = time.perf_counter() - started, processor_time() - worked
    print(f"{name:<12} {count:>9,}   {wall:6.2f} s, processor {processor:6.2f} s", end="   ")
    print(f"(goal: {GOALS[name]} s)")
    return result


def processor_time() -> float:
    """Return the seconds that this process and its finished children have computed."""
    return sum(os.times()[:4])


def run() -> None:
    """Print the four figures."""
    rules = content()
    with tempfile.TemporaryDirectory() as folder:
        detections.write(rules, folder)
        read = timed("read", RULES, lambda: detections.read(folder, strict=True))
    results = timed("unit tests", RULES * TESTS, lambda: detections.run_tests(read))
    assert results["passed"].all()
    one = read[read["id"].isin(["Rule.0007", "shared_helpers"])]
    events = [event(number % 20, f"user{number % 50}") for number in range(EVENTS)]
    result = timed("backtest", EVENTS, lambda: detections.backtest(one, events))
    assert len(result.matches) == EVENTS // 20
    detections.dedup(matches().head(10))  # compiles the kernel
    many = matches()
    timed("dedup", MATCHES, lambda: detections.dedup(many, threshold=2))
