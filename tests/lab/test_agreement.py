"""Scores against production equal those of a count over all pairs, and matching is one to one."""

import json
import math
from collections import Counter
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, strategies as st

import pandakit as pk
from tests.fuzz import examples

LEARNED = json.loads(Path(__file__).with_name("scikit_learn_scores.json").read_text())
GROUPED = pk.CURRENT.replace(patterns=[pk.Pattern(["team"], "72h")], max_alerts=None)


def simulated(groups, **more):
    """Consolidate one alert for each group: equal groups share an incident."""
    rows = [
        {"timestamp": number, "status": "critical", "host": f"h{number}", "team": f"t{group}",
         "app_key": "k"} | {name: values[number] for name, values in more.items()}
        for number, group in enumerate(groups)
    ]  # fmt: skip
    return pk.consolidate(pd.DataFrame(rows), GROUPED)


def real(groups, starts=None, **more):
    """Make the alerts of production, one for each group."""
    return pd.DataFrame(
        {
            "incident_id": [f"i{group}" for group in groups],
            "alert_id": [f"a{number}" for number in range(len(groups))],
            "incident_key": [f"h{number}" for number in range(len(groups))],
            "source_system": "k",
            "start": pd.to_datetime(starts or list(range(len(groups))), unit="s", utc=True),
            **more,
        }
    )


def close(a, b):
    """Compare numbers that may be missing."""
    return (math.isnan(a) and math.isnan(b)) or a == pytest.approx(b)


def mutual_information(a, b):
    """Sum over all cells, as the definition says."""
    n, cells, left, right = len(a), Counter(zip(a, b, strict=True)), Counter(a), Counter(b)
    return sum(c / n * math.log(n * c / (left[x] * right[y])) for (x, y), c in cells.items())


def entropy(a):
    """Sum over all groups."""
    return -sum(c / len(a) * math.log(c / len(a)) for c in Counter(a).values())


@examples(quick=20, full=2_000)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=25))
def test_scores_equal_a_count_over_all_pairs(groups):
    """Every score is that of its definition over all pairs of alerts."""
    ours, theirs = zip(*groups, strict=True)
    found = pk.agreement(simulated(ours), real(theirs))
    pairs = list(combinations(range(len(groups)), 2))
    in_ours = {pair for pair in pairs if ours[pair[0]] == ours[pair[1]]}
    in_theirs = {pair for pair in pairs if theirs[pair[0]] == theirs[pair[1]]}
    both, extra, missing = (
        len(in_ours & in_theirs), len(in_ours - in_theirs), len(in_theirs - in_ours),
    )  # fmt: skip
    assert found.n_matched == len(groups)
    assert close(found.precision, both / len(in_ours) if in_ours else math.nan)
    assert close(found.recall, both / len(in_theirs) if in_theirs else math.nan)
    total = 2 * both + extra + missing
    assert close(found.f1, 2 * both / total if total else math.nan)
    expected = len(in_ours) * len(in_theirs) / max(1, len(pairs))
    most = (len(in_ours) + len(in_theirs)) / 2
    rand = 1.0 if most == expected or not extra + missing else (both - expected) / (most - expected)
    assert close(found.adjusted_rand, rand)
    information = mutual_information(ours, theirs)
    homogeneity = information / entropy(theirs) if entropy(theirs) else 1.0
    completeness = information / entropy(ours) if entropy(ours) else 1.0
    assert found.homogeneity == pytest.approx(homogeneity, abs=1e-9)
    assert found.completeness == pytest.approx(completeness, abs=1e-9)
    assert found.disagreements["n_missing"].sum() == 2 * missing
    assert found.disagreements["n_extra"].sum() == 2 * extra
    assert set(found.disagreements["n_missing"] + found.disagreements["n_extra"]) - {0} or (
        found.disagreements.empty
    )


@pytest.mark.parametrize("number", range(len(LEARNED["cases"])))
def test_scores_are_those_of_scikit_learn(number):
    """The four scores equal scikit-learn's own, which `make_scikit_learn_scores.py` wrote down."""
    case = LEARNED["cases"][number]
    found = pk.agreement(simulated(case["simulated"]), real(case["real"]))
    for name in ("adjusted_rand", "homogeneity", "completeness", "v_measure"):
        assert getattr(found, name) == pytest.approx(case[name], abs=1e-12), name


def test_a_disagreement_says_why():
    """Each disagreement has both sides' ids and the sentence of `explain`."""
    result = simulated([0, 0, 1])
    row = pk.agreement(result, real([0, 1, 1])).disagreements.iloc[0]
    assert row["reason"] == result.explain(row["simulated_alert_id"]).text
    assert (row["real_alert_id"], row["real_incident_id"]) == ("a0", "i0")


def test_nothing_matched_is_missing():
    """Without a match every score is NaN, and each alert is there with its reason."""
    found = pk.agreement(simulated([0, 0]), real([0, 0], incident_key=["x", "y"]))
    scores = ("precision", "recall", "f1", "adjusted_rand", "homogeneity", "v_measure")
    assert all(math.isnan(getattr(found, name)) for name in scores)
    assert list(found.unmatched["side"]) == ["simulated"] * 2 + ["real"] * 2
    assert set(found.unmatched["reason"]) == {"no such identity"}
    assert found.disagreements.empty


def test_starts_match_within_the_tolerance_nearest_first():
    """Two starts of one identity go to the nearest; the tolerance is inclusive."""
    result = simulated([0])
    late = real([0, 1], starts=[3, 5], incident_key=["h0", "h0"])
    assert pk.agreement(result, late).n_matched == 0
    assert pk.agreement(result, late, tolerance="2s").n_matched == 0
    found = pk.agreement(result, late, tolerance="3s")
    assert found.n_matched == 1
    assert list(found.unmatched["alert_id"]) == ["a1"]
    assert pk.agreement(result, late).unmatched["reason"].tolist()[1:] == ["outside", "outside"]
    with pytest.raises(ValueError, match="negative"):
        pk.agreement(result, late, tolerance=pd.Timedelta("-1s"))


def test_the_integration_counts_where_it_is_known():
    """Other sources are other alerts once all app keys occur there, or are mapped."""
    result = simulated([0, 0])
    other = real([0, 0], source_system=["k", "other"])
    assert pk.agreement(result, other).n_matched == 1
    renamed = real([0, 0], source_system=["api.k", "api.other"])
    assert pk.agreement(result, renamed).n_matched == 2
    assert pk.agreement(result, renamed, sources={"k": "api.k"}).n_matched == 1


def test_incidents_with_their_alerts_are_taken_too():
    """The frame of `incidents(expand="alerts")` is the same as that of `alerts`."""
    alerts = [
        {"id": "a0", "start": 0, "primary_property": "host", "secondary_property": "check",
         "tags": [{"name": "host", "value": "h0"}], "source_system": "k"},
    ]  # fmt: skip
    incidents = pd.DataFrame({"incident_id": ["i0"], "alerts": [alerts]})
    assert pk.agreement(simulated([0]), incidents).n_matched == 1
    with pytest.raises(ValueError, match="expand"):
        pk.agreement(simulated([0]), pd.DataFrame({"incident_id": ["i0"]}))
