"""`sweep` over any settings: against `consolidate`, `agreement` and changed frames."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, strategies as st

from pandakit.consolidation import CLASSIC, Pattern, Policy, consolidate
from pandakit.errors import PartialWarning, RejectedEventsWarning
from pandakit.lab import agreement, sweep
from tests.fuzz import examples
from tests.lab.permuted import by_hand, compression

ROWS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from(["critical", "critical", "warning", "ok"]),
        st.sampled_from("abcd"),
        st.sampled_from("pq"),
        st.sampled_from(["x", "y", None]),
    ),
    min_size=1,
    max_size=20,
)
VALUES = {
    "reopen_window": ["0s", "30min", None],
    "expire_after": ["20min", None],
    "dedup": ["identity_timestamp", "none"],
    "matchers": ["union", "intersect"],
    "join_resolved": [True, False],
    "max_alerts": [None, 2],
    "order": ["longest_window_first", "as_given"],
}
SETS = {
    "today": [Pattern("host", "20min"), Pattern("team", "40min")],
    "new": [Pattern("team", "1h"), Pattern(["host", "check"], "3h", name="host")],
}


def timeline(rows):
    """A frame of events in time order."""
    frame = pd.DataFrame(rows, columns=["timestamp", "status", "host", "check", "team"])
    frame["timestamp"] = (frame["timestamp"] * 101).cumsum()
    return frame


def one_policy(row, settings):
    """The policy that a row says it stands for."""
    patterns = [
        Pattern(one.tags, row.window if one.name == row.pattern else one.window, name=one.name)
        for one in SETS[row.patterns]
    ]
    return Policy(patterns=patterns, anchor=row.anchor, **settings)


@examples(quick=3, full=300)
@given(
    ROWS, st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=2, unique=True), st.data()
)
def test_every_combination_is_what_consolidate_gives(rows, names, data):
    """Each row of a product has the counts, measures and scores of its own consolidation."""
    frame = timeline(rows)
    settings = {name: VALUES[name] for name in names}
    production = production_of(consolidate(frame, CLASSIC.replace(patterns=SETS["today"])))
    production = production[: data.draw(st.integers(0, len(production)))]
    windows, anchors = ["10min", "2h"], ["first", "bucket"]
    expected = pytest.warns(PartialWarning) if production.empty else nullcontext()
    with expected:
        table = sweep(
            frame, CLASSIC, windows=windows, anchors=anchors, pattern="host", patterns=SETS,
            production=production, **settings,
        )  # fmt: skip
    tried = list(product(anchors, windows, SETS, *settings.values()))
    assert len(table) == len(tried)
    for row, (anchor, window, label, *values) in zip(table.itertuples(), tried, strict=True):
        assert (row.anchor, row.window, row.patterns) == (anchor, pd.Timedelta(window), label)
        result = consolidate(frame, one_policy(row, dict(zip(settings, values, strict=True))))
        sizes = result.incidents["n_alerts"]
        assert row.received == len(frame)
        assert row.duplicates == result.funnel.loc["duplicates", "value"]
        assert (row.alerts, row.incidents) == (len(result.alerts), len(sizes))
        if not len(sizes):
            assert pd.isna([row.p95, row.longest, row.compression]).all()
            continue
        starts = result.alerts.groupby("incident_id")["start"]
        assert (row.largest, row.single) == (sizes.max(), sizes.eq(1).sum())
        assert row.p95 == np.percentile(sizes, 95)
        assert row.longest == (starts.max() - starts.min()).max()
        assert row.compression == 1 - row.numerator / row.denominator
        scores = agreement(result, production)
        found = np.array([row.precision, row.recall, row.f1])
        np.testing.assert_array_equal(found, [scores.precision, scores.recall, scores.f1])


def production_of(result):
    """The alerts of a result as production would list them."""
    alerts = result.alerts
    return pd.DataFrame(
        {
            "incident_id": alerts["incident_id"].astype(str),
            "alert_id": alerts.index.astype(str),
            "incident_key": alerts["primary_value"] + "__" + alerts["secondary_value"],
            "start": alerts["start"],
        }
    )


@examples(quick=6, full=1_000)
@given(ROWS, st.sampled_from(["first", "latest"]), st.booleans())
@example(rows=[(0, "critical", "b", "q", None)] * 2, anchor="first", beside=False)  # no team
def test_chance_is_that_of_frames_with_permuted_values(rows, anchor, beside):
    """By hand on the frame: identities carry the values, and each row uses the same draws."""
    frame = timeline(rows)
    keys = frame["host"] + frame["check"]
    frame["team"] = frame.groupby(keys)["team"].transform(lambda values: values.iloc[0])
    frame = frame.astype({"team": object})  # also where all of them are missing
    frame.loc[0, ["host", "check", "team"]] = ["a", "p", "x"]
    frame.loc[len(frame)] = [frame["timestamp"].max() + 1, "critical", "a", "r", "z"]
    frame["team"] = frame.groupby(frame["host"] + frame["check"])["team"].transform("first")
    patterns = [Pattern("team", "20min"), *([Pattern("host", "5min")] if beside else [])]
    policy = Policy(patterns=patterns, anchor=anchor, reopen_window="0s", expire_after=None)
    windows = ["10min", "1h"]
    table = sweep(frame, policy, windows=windows, pattern="team", chance=3, seed=5)
    for row in table.itertuples():
        one = policy.replace(patterns=[Pattern("team", row.window), *patterns[1:]])
        drawn = by_hand(frame, one, "team", ("host", "check"), 3)
        assert row.compression == pytest.approx(compression(frame, one))
        assert row.by_chance == pytest.approx(np.mean(drawn))
        assert row.by_chance_sd == pytest.approx(np.std(drawn, ddof=1))
        assert row.own == row.beyond == pytest.approx(row.compression - row.by_chance)


def test_the_same_seed_gives_the_same_bytes():
    """A sweep with a seed is repeated to the last bit; another seed draws otherwise."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "timestamp": np.sort(rng.integers(0, 10**6, 500)),
            "status": "critical",
            "host": rng.choice(list("abcdefgh"), 500),
            "check": np.arange(500).astype(str),
            "cluster": rng.choice(list("pqrs"), 500),
        }
    )
    one, same, other = (
        sweep(frame, windows=["1h", "4h"], pattern="cluster", chance=5, seed=seed)
        for seed in (3, 3, 4)
    )
    assert one.to_csv() == same.to_csv()
    assert not one["by_chance"].equals(other["by_chance"])


def test_chance_names_the_pattern_whose_values_were_permuted():
    """It is the named or the first one, also where no window moves."""
    frame = timeline([(1, "critical", "a", "p", "x"), (1, "critical", "b", "p", "x")])
    assert sweep(frame, chance=1)["pattern"].tolist() == ["primary"]
    table = sweep(frame, CLASSIC.replace(patterns=SETS["today"]), pattern="team", chance=1)
    assert table["pattern"].tolist() == ["team"]


def test_columns_do_not_depend_on_how_many_rows_there_are():
    """An empty product has the columns and dtypes of a full one."""
    frame = timeline([(1, "critical", "a", "p", "x")])
    real = production_of(consolidate(frame))
    given_all = {"chance": 1, "production": real, "patterns": SETS} | VALUES
    table, nothing = (sweep(frame, **given_all, windows=windows) for windows in (["1h"], []))
    assert nothing.empty
    assert nothing.dtypes.equals(table.dtypes)
    spans = table[["window", "reopen_window", "expire_after"]]
    assert spans.dtypes.eq("timedelta64[ns]").all()
    assert set(table["max_alerts"]) == {pd.NA, 2}


def test_one_value_needs_no_list():
    """A single value of a setting, None too, is a list of one."""
    frame = timeline([(1, "critical", "a", "p", "x")])
    one = sweep(frame, reopen_window=None, max_alerts=3, join_resolved=False)
    many = sweep(frame, reopen_window=[None], max_alerts=[3], join_resolved=[False])
    pd.testing.assert_frame_equal(one, many)
    assert one["reopen_window"].isna().all()


def test_nothing_matched_is_missing_and_warned_of():
    """Without a matched alert the scores are NaN, and a warning points at the call."""
    frame = timeline([(1, "critical", "a", "p", "x"), (1, "critical", "a", "q", "x")])
    real = production_of(consolidate(frame)).assign(incident_key="another")
    with pytest.warns(PartialWarning, match="no alert was matched") as caught:
        table = sweep(frame, production=real)
    assert caught[0].filename == __file__
    assert table[["precision", "recall", "f1"]].isna().all(axis=None)


def test_rejected_events_are_warned_of_once_and_at_the_call():
    """Production does not have the events read and warned of again."""
    frame = timeline([(1, "critical", "a", "p", "x"), (1, "burning", "a", "q", "x")])
    real = production_of(consolidate(frame[:1]))
    with pytest.warns(RejectedEventsWarning) as caught:
        sweep(frame, production=real, reopen_window=["0s", "1h"])
    assert [one.filename for one in caught] == [__file__]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"reopen_windw": ["1h"]}, "sweep has no setting 'reopen_windw'; there is reopen_window"),
        ({"window": ["1h"]}, "sweep has no setting 'window'; there is windows"),
        ({"matchers": ["onion"]}, "matchers: 'onion' is not one of union, intersect"),
        ({"max_alerts": [0]}, "max_alerts: 0 is not"),
        ({"anchors": "first", "anchor": "latest"}, "the same setting"),
        ({"pattern": "all", "chance": 3}, "chance: .* one pattern"),
        ({"chance": -1}, "chance: -1 is not a whole number of at least 0"),
        ({"chance": True}, "chance: True is not"),
        ({"seed": None}, "seed: None is not"),
        ({"patterns": {"new": []}}, "patterns: a policy has at least one"),
        ({"patterns": SETS, "pattern": "primary"}, "none called 'primary'; there is host, team"),
        ({"production": pd.DataFrame({"a": [1]})}, "no column incident_id"),
        ({"tolerance": "soon", "production": pd.DataFrame()}, "no column|not a span"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    """Each argument without a meaning is a ValueError that names it, and the nearest names."""
    frame = timeline([(1, "critical", "a", "p", "x")])
    with pytest.raises(ValueError, match=message):
        sweep(frame, **arguments)


@pytest.mark.parametrize("patterns", [SETS["today"], {1: SETS["today"]}], ids=["list", "number"])
def test_lists_of_patterns_have_names(patterns):
    """A list without a name, and a name that is no text, are refused."""
    with pytest.raises(TypeError, match="names and lists"):
        sweep(timeline([(1, "critical", "a", "p", "x")]), patterns=patterns)
