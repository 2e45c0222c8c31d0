"""`suggest_patterns` and its chance level: against changed frames through `consolidate`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from pandakit.consolidation import CURRENT, Pattern, Policy, consolidate
from pandakit.consolidation.openings import EventHistory
from pandakit.errors import PartialWarning
from pandakit.lab import agreement, suggest_patterns
from pandakit.lab._chance import PRIMARY, PermutationTest
from tests.fuzz import examples
from tests.lab.permuted import by_hand, compression

ROWS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from(["critical", "critical", "ok"]),
        st.sampled_from("abcd"),
        st.sampled_from("pq"),
    ),
    min_size=1,
    max_size=16,
)
TEAMS = st.lists(st.sampled_from(["x", "y", "z", None]), min_size=16, max_size=16)
SETTINGS = {"reopen_window": "0s", "expire_after": None}


@examples(quick=15, full=2_000)
@given(ROWS, TEAMS, st.sampled_from(["first", "latest"]), st.booleans())
def test_chance_is_that_of_frames_with_permuted_values(rows, teams, anchor, by_host):
    """Mean and deviation are those of the same permutations, made on frames."""
    frame = pd.DataFrame(rows, columns=["timestamp", "status", "host", "check"])
    frame["timestamp"] = (frame["timestamp"] * 101).cumsum()
    keys = frame["host"] if by_host else frame["host"] + frame["check"]
    places = {key: place for place, key in enumerate(sorted(set(keys)))}
    frame["team"] = pd.Series([teams[places[key]] for key in keys], dtype=object)
    pattern = Pattern("team", "20min")
    policy = Policy(patterns=[pattern], anchor=anchor, **SETTINGS)
    result = consolidate(frame, policy)
    if not len(result.alerts):
        return
    everything = policy.replace(patterns=[pattern, PRIMARY])
    openings = EventHistory(frame, everything).openings(policy)
    incidents = openings.group(policy)
    found = PermutationTest(openings, pattern).compare(policy, incidents, runs=4, seed=5)
    opened = frame[result.events["outcome"].eq("opened")]
    teams_of = {host: set(part["team"]) for host, part in opened.groupby("host")}
    one_each = all(len(values) == 1 for values in teams_of.values())
    valued = [host for host, values in teams_of.items() if not values <= {None}]
    itself = len({next(iter(teams_of[host])) for host in valued}) == len(valued)
    carrier = ("host",) if one_each and not itself else ("host", "check")
    drawn = by_hand(frame, policy, "team", carrier, 4)
    assert found.compression == pytest.approx(compression(frame, policy))
    assert found.mean == pytest.approx(np.mean(drawn))
    assert found.sd == pytest.approx(np.std(drawn, ddof=1))
    beyond = found.own
    if carrier == ("host",):
        part = frame[frame["team"].notna()].reset_index(drop=True)
        primary = policy.replace(patterns=[Pattern("primary", "20min")])
        part = part.assign(primary_code=part["host"])
        beyond += own_of_primary(part, primary)
    assert found.beyond == pytest.approx(beyond)


def own_of_primary(frame, policy):
    """What the pattern `primary` saves beyond chance, with a column that stands for it."""
    same = policy.replace(patterns=[Pattern("primary_code", "20min")])
    drawn = by_hand(frame, same, "primary_code", ("host", "check"), 4)
    return compression(frame, policy) - np.mean(drawn)


def clustered(n_days=40):
    """Three hosts of one cluster fail together; teams and colours are drawn at random."""
    rng = np.random.default_rng(0)
    rows = n_days * 3
    return pd.DataFrame(
        {
            "timestamp": [m * 60 + 86_400 * day for day in range(n_days) for m in range(3)],
            "status": "critical",
            "host": [f"host-{number}" for number in range(rows)],
            "cluster": [f"cluster-{day % 20}" for day in range(n_days) for _ in range(3)],
            "team": rng.choice(["red", "blue"], rows),
            "number": rng.integers(0, 2, rows),
        }
    )


def test_what_belongs_together_is_found_and_what_is_random_is_not():
    """The cluster adds; a column of random values saves as much as chance does, and does not."""
    found = suggest_patterns(clustered(), CURRENT).set_index("tags")
    assert found.index[0] == ("cluster",)
    assert found.loc[[("cluster",)], "adds"].all()
    assert not found.loc[[("team",)], "adds"].any()
    assert ("number",) not in found.index


def test_each_row_is_what_consolidate_gives():
    """Compression, largest, hosts and single of every row, and beside the policy's own patterns."""
    frame = clustered()
    for row in suggest_patterns(frame, CURRENT).itertuples():
        pattern = Pattern(row.tags, row.window.to_pytimedelta())
        alone = CURRENT.replace(patterns=[pattern], matchers="union", max_alerts=None)
        result = consolidate(frame, alone)
        assert (row.numerator, row.denominator) == (len(result.incidents), len(result.alerts))
        assert row.compression == 1 - row.numerator / row.denominator
        assert row.largest == result.incidents["n_alerts"].max()
        assert row.single == result.incidents["n_alerts"].eq(1).sum()
        beside = consolidate(frame, CURRENT.replace(patterns=[*CURRENT.patterns, pattern]))
        assert row.added_incidents == len(beside.incidents)
        assert row.added_largest == beside.incidents["n_alerts"].max()


def test_each_row_agrees_with_production_as_its_pattern_alone_does():
    """Scores are those of `agreement` for the pattern alone; without a match they are NaN."""
    frame = clustered()
    real = consolidate(frame, CURRENT.replace(patterns=[Pattern("cluster", "30s")])).alerts
    production = real.assign(alert_id=real.index, incident_key=real["primary_value"])
    found = suggest_patterns(frame, CURRENT, production=production)
    for row in found.itertuples():
        pattern = Pattern(row.tags, row.window.to_pytimedelta())
        alone = CURRENT.replace(patterns=[pattern], matchers="union", max_alerts=None)
        scores = agreement(consolidate(frame, alone), production)
        assert (row.precision, row.recall, row.f1) == pytest.approx(
            (scores.precision, scores.recall, scores.f1), nan_ok=True
        )
        assert row.pairs_kept <= min(row.pairs_simulated, row.pairs_real)
    plain = suggest_patterns(frame, CURRENT)
    pd.testing.assert_frame_equal(found[plain.columns], plain)
    with pytest.warns(PartialWarning, match="no alert was matched"):
        other = suggest_patterns(frame, CURRENT, production=production.assign(incident_key="x"))
    assert other["f1"].isna().all()


def test_a_set_that_groups_as_a_subset_does_is_left_out():
    """A copy of a column adds nothing to it, so the pair is not shown."""
    frame = clustered().assign(copy=lambda frame: frame["cluster"])
    tags = set(suggest_patterns(frame, CURRENT, tags=["cluster", "copy"])["tags"])
    assert tags == {("cluster",), ("copy",)}


def test_scores_of_the_halves_are_those_of_their_alerts():
    """Each score sets what is saved beyond chance against the rest; halves are scored alone."""
    frame, cost = clustered(), 2.0
    found = suggest_patterns(frame, CURRENT, tags=["cluster", "team"], most_tags=1, cost=cost)
    half = len(frame) // 2
    parts = {"score_early": frame[:half], "score_late": frame[half:], "score": frame}
    for row in found.itertuples():
        for name, part in parts.items():
            alone = suggest_patterns(part, CURRENT, tags=row.tags, windows=[row.window], cost=cost)
            same = alone.iloc[0]
            expected = same["beyond"] - cost * (same["compression"] - same["beyond"])
            assert getattr(row, name) == pytest.approx(expected)


def test_nothing_to_try_is_warned_of():
    """Where no column could be a tag, the frame is empty, and a warning says what one needs."""
    with pytest.warns(PartialWarning, match="no column could be a tag") as caught:
        found = suggest_patterns(clustered()[["timestamp", "status", "host"]], CURRENT)
    assert found.empty
    assert caught[0].filename == __file__


def test_the_same_seed_gives_the_same_frame():
    """Threads do not change the order of draws; another seed does."""
    frame = clustered()
    one = suggest_patterns(frame, CURRENT, seed=7)
    pd.testing.assert_frame_equal(one, suggest_patterns(frame, CURRENT, seed=7))
    assert not one["by_chance"].equals(suggest_patterns(frame, CURRENT, seed=8)["by_chance"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tags": ["clutser"]}, "no column 'clutser'; there is cluster"),
        ({"tags": []}, "at least one column"),
        ({"most_tags": 0}, "most_tags: 0 is not between 1 and 5"),
        ({"chance": 1}, "chance: 1 is not"),
        ({"seed": -1}, "seed: -1 is not"),
        ({"production": pd.DataFrame({"a": [1]})}, "no column incident_id"),
        ({"windows": ["soon"]}, "windows: 'soon' is not a span"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    """Each argument without a meaning is a ValueError that names it."""
    with pytest.raises(ValueError, match=message):
        suggest_patterns(clustered(), CURRENT, **arguments)


def test_too_many_columns_are_listed():
    """More than twelve candidates are an error that lists them."""
    frame = clustered().assign(**{f"tag-{n}": clustered()["team"] for n in range(12)})
    with pytest.raises(ValueError, match=r"14 columns could be tags.*tag-11"):
        suggest_patterns(frame, CURRENT)
