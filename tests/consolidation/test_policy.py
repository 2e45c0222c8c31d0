"""Policies and patterns: what they take, what they refuse, how they are written down."""

import json
import pickle
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from pandakit.consolidation import CLASSIC, CURRENT, Pattern, Policy

HOST = Pattern("host", "1h")


@pytest.mark.parametrize(
    "window",
    [
        "90min",
        "1h 30min",
        "1h30min",
        "5400s",
        timedelta(minutes=90),
        pd.Timedelta("90min"),
        np.timedelta64(90, "m"),
    ],
)
def test_spans_are_read_alike(window):
    """A window may be text or any kind of timedelta, and is kept as a timedelta."""
    assert Pattern("host", window).window == timedelta(minutes=90)


BAD_PATTERNS = {
    "no unit": (("host", "90"), {}, "window.*'90'"),
    "nothing": (("host", ""), {}, "empty"),
    "zero": (("host", "0s"), {}, "not above zero"),
    "zero as a number": (("host", 0), {}, "not above zero"),
    "false": (("host", False), {}, "not a span"),
    "negative": (("host", timedelta(hours=-1)), {}, "not above zero"),
    "number": (("host", 90), {}, "window.*90"),
    "nanoseconds": (("host", pd.Timedelta(1, "ns")), {}, "finer than a microsecond"),
    "293 years as text": (("host", "107000d"), {}, "window.*longer than 106,751 days"),
    "293 years": (("host", timedelta(107_000)), {}, "window.*longer than 106,751 days"),
    "ages": (("host", "9" * 30 + "d"), {}, "window.*longer than 106,751 days"),
    "years of NumPy": (("host", np.timedelta64(1, "Y")), {}, "window.*not a span"),
    "NaT": (("host", pd.NaT), {}, "window"),
    "NaT of NumPy": (("host", np.timedelta64("NaT", "ns")), {}, "not a span"),
    "six tags": ((list("abcdef"), "1h"), {}, "1 to 5"),
    "no tags": (([], "1h"), {}, "1 to 5"),
    "None": ((None, "1h"), {}, "1 to 5"),
    "the same tag twice": ((["a", "a"], "1h"), {}, "different tags"),
    "a number as tag": (([1], "1h"), {}, "text"),
    "bad query": (("host", "1h"), {"filter": "host <"}, "BPQL"),
    "no query": (("host", "1h"), {"filter": 3}, "as text"),
    "flag": (("host", "1h"), {"cross_source": "yes"}, "cross_source"),
    "unknown": (("host", "1h"), {"windows": 1}, "no setting 'windows'.*window"),
}


@pytest.mark.parametrize("name", BAD_PATTERNS)
def test_pattern_refuses(name):
    """A pattern that has no meaning is a `ValueError` that names the setting."""
    given, settings, message = BAD_PATTERNS[name]
    with pytest.raises(ValueError, match=message):
        Pattern(*given, **settings)


BAD_POLICIES = {
    "empty": ({"patterns": []}, "at least one"),
    "nothing": ({}, "at least one"),
    "None": ({"patterns": None}, "at least one"),
    "no patterns": ({"patterns": ["host"]}, "Pattern objects"),
    "names twice": ({"patterns": [HOST, HOST]}, r"\['host'\] are used twice"),
    "dedup": ({"dedup": "all"}, "dedup: 'all' is not one of identity_timestamp"),
    "anchor": ({"anchor": "median"}, "anchor"),
    "matchers": ({"matchers": None}, "matchers"),
    "order": ({"order": "random"}, "order"),
    "expire_after zero": ({"expire_after": "0s"}, "expire_after.*above zero"),
    "expire_after negative": ({"expire_after": timedelta(-1)}, "expire_after"),
    "reopen_window": ({"reopen_window": timedelta(-1)}, "reopen_window.*zero or more"),
    "reopen_window of ages": ({"reopen_window": timedelta.max}, "reopen_window.*longer"),
    "flap_window of ages": ({"flap_window": timedelta.max}, "flap_window.*longer"),
    "flap_window": ({"flap_window": None}, "flap_window"),
    "max_alerts": ({"max_alerts": 0}, "max_alerts"),
    "max_alerts flag": ({"max_alerts": True}, "max_alerts"),
    "flap_changes": ({"flap_changes": 2.5}, "flap_changes"),
    "join_resolved": ({"join_resolved": 1}, "join_resolved"),
    "unknown": ({"reopen": "1h"}, "no setting 'reopen'.*reopen_window"),
}


@pytest.mark.parametrize("name", BAD_POLICIES)
def test_policy_refuses(name):
    """A policy that has no meaning is a `ValueError` that names the setting."""
    settings, message = BAD_POLICIES[name]
    if name not in {"empty", "nothing", "no patterns", "names twice"}:
        settings = {"patterns": [HOST], **settings}
        with pytest.raises(ValueError, match=message):
            CLASSIC.replace(**settings)
    with pytest.raises(ValueError, match=message):
        Policy(**settings)


@pytest.mark.parametrize("zero", ["0s", 0, timedelta(0), pd.Timedelta(0), np.timedelta64(0, "s")])
def test_zero_reopen_window_is_allowed(zero):
    """Zero is a reopen window in any form, also as a plain number, and None lifts a limit."""
    policy = CLASSIC.replace(reopen_window=zero, expire_after=None)
    assert policy.reopen_window == timedelta(0)
    assert policy.expire_after is None


def test_counts_from_numpy_are_plain_numbers():
    """A count that was computed with NumPy is taken, and still goes to JSON."""
    policy = CLASSIC.replace(max_alerts=np.int64(3))
    assert json.loads(json.dumps(policy.to_dict()))["max_alerts"] == 3


@pytest.mark.parametrize(
    "policy",
    [
        CLASSIC,
        CURRENT,
        Policy(
            patterns=[
                Pattern(["host", "check"], "90s", filter="host = db*", name="x"),
                Pattern("check", timedelta(microseconds=1), cross_source=False),
            ],
            expire_after=None,
            order="as_given",
            flap_window="0s",
        ),
    ],
    ids=["CLASSIC", "CURRENT", "own"],
)
def test_round_trip(policy):
    """A policy survives JSON and pickle unchanged."""
    assert Policy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy
    assert pickle.loads(pickle.dumps(policy)) == policy  # noqa: S301 - our own bytes


def test_from_dict_refuses_unknown_settings():
    """A misspelt setting in a file is refused like one in code."""
    with pytest.raises(ValueError, match=r"no setting 'anchors'.*anchor"):
        Policy.from_dict({**CLASSIC.to_dict(), "anchors": "first"})


def test_frozen():
    """Policies and patterns cannot be changed, so they can be shared."""
    with pytest.raises(AttributeError):
        CLASSIC.anchor = "latest"
    with pytest.raises(AttributeError):
        HOST.window = timedelta(1)


def test_repr_shows_what_differs():
    """The display names the patterns and only those settings that are not as in `CLASSIC`."""
    assert repr(CLASSIC) == "Policy([Pattern('primary', 24 h), Pattern('cluster', 4 h)])"
    assert repr(CLASSIC.replace(anchor="latest", expire_after=None)).endswith(
        "], expire_after=None, anchor='latest')"
    )


def test_run_order():
    """Longest window first, ties as given; or as given."""
    patterns = [Pattern("a", "1h"), Pattern("b", "2h"), Pattern("c", "1h")]
    policy = Policy(patterns=patterns)
    assert [p.name for p in policy.in_run_order()] == ["b", "a", "c"]
    as_given = policy.replace(order="as_given")
    assert [p.name for p in as_given.in_run_order()] == ["a", "b", "c"]
