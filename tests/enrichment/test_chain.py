"""From a table to a number of incidents: what no alert knew before groups them afterwards."""

import pandas as pd
import pytest

import pandakit as pk

EVENTS = pd.DataFrame(
    {
        "host": ["db1", "web1", "db2", "web2", "odd"],
        "check": "ping",
        "status": "critical",
        "timestamp": [0, 60, 120, 7_200, 130],
    }
)
OWNERS = pd.DataFrame(
    {"host": ["db1", "db2", "web1", "web2"], "owner": ["ann", "ann", "ann", "ann"]}
)
SCHEMA = pk.EnrichmentSchema("host", "owner")


@pytest.mark.parametrize(("window", "incidents"), [("1min", 4), ("1h", 3), ("3h", 2)])
def test_a_pattern_on_a_new_tag(window, incidents):
    """Alerts that share the tag which the table writes are one incident within the window."""
    assert len(pk.consolidate(EVENTS).incidents) == 5
    enriched = pk.apply_enrichment(EVENTS, OWNERS, SCHEMA).alerts
    by_owner = pk.Policy(patterns=[pk.Pattern(["owner"], window)])
    assert len(pk.consolidate(enriched, by_owner).incidents) == incidents


def test_a_new_tag_changes_nothing_without_a_pattern():
    """Enriched events, consolidated without a pattern on the tag, give the same incidents."""
    enriched = pk.apply_enrichment(EVENTS, OWNERS, SCHEMA).alerts
    before, after = (pk.consolidate(each).incidents for each in (EVENTS, enriched))
    assert list(before["n_alerts"]) == list(after["n_alerts"])
