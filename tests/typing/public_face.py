"""How a user's typed code uses the public names: mypy reads this file, nobody runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

import pandakit as pk

if TYPE_CHECKING:
    import pandas as pd


def simulate(events: pd.DataFrame) -> str:
    """Names of the simulation have their types."""
    policy = assert_type(pk.CLASSIC.replace(anchor="latest"), pk.Policy)
    result = assert_type(pk.consolidate(events, policy), pk.Consolidation)
    pk.CLASSIC.replace(anchor="lastest")  # type: ignore[arg-type]
    pk.CLASSIC.replace(anchr="latest")  # type: ignore[call-arg]
    pk.Policy(patterns=[pk.Pattern("host", "1h")], dedup="payloads")  # type: ignore[arg-type]
    pk.Policy(patterns=[], matchers="intersection")  # type: ignore[arg-type]
    pk.Policy(patterns=[], order="given")  # type: ignore[arg-type]
    pk.consolidate(events, unit="min")  # type: ignore[arg-type]
    pk.sweep(events, anchors="last")  # type: ignore[arg-type]
    return assert_type(result.explain(0).text, str)


def validate(table: pd.DataFrame) -> bool:
    """Names of the enrichment have their types."""
    schema = pk.EnrichmentSchema(["host"], ["owner"])
    report = assert_type(pk.validate_enrichment(table, schema), pk.ValidationReport)
    alerts = assert_type(pk.apply_enrichment(table, table, schema), pk.AppliedEnrichment)
    pk.apply_enrichment(alerts.alerts, table, schema, multi_value="each")  # type: ignore[arg-type]
    schema.to_api(api_version="v2.0")  # type: ignore[arg-type]
    assert_type(pk.diff_enrichment(table, table, schema), "pd.DataFrame")
    return assert_type(report.ok, bool)


def load() -> None:
    """Clients and errors have their types."""
    with pk.connect() as services:
        assert_type(services.bigpanda, pk.BigPanda)
    try:
        panther = pk.Panther("api.example.net", "token")
        assert_type(panther.rules(severity=["HIGH"], state="enabled"), "pd.DataFrame")
        log = pk.Pangea("token", domain="aws.us.pangea.cloud")
        log.search(order="newest")  # type: ignore[arg-type]
        log.search(order_by=pk.pangea.CustomField("duration_ms"), search_restriction={"actor": "x"})
    except pk.PandakitError as error:
        assert_type(error.retry_after, float | None)
        assert_type(error.partial, "pd.DataFrame | None")
        error.resume(token="a-new-token")
    pk.connect("allways")  # type: ignore[arg-type]


def filter_panther(panther: pk.Panther) -> None:
    """Filters of Panther are known by name and value; a typo is an error."""
    panther.rules(severity="HIGH", log_type="Okta.SystemLog")
    panther.rules(severity=["HIGH", "LOW"], max_rows=10)
    panther.rules(severity="HIHG")  # type: ignore[arg-type]
    panther.rules(severty="HIGH")  # type: ignore[call-arg]
    panther.rules(state="on")  # type: ignore[arg-type]
    panther.policies(compliance_status="FAIL", resource_type=["AWS.S3.Bucket"])
    panther.alerts(start="7d", type="all", sub_type="RULE", status=["OPEN", "TRIAGED"])
    panther.alerts(start="7d", type="EVERYTHING")  # type: ignore[arg-type]
    panther.alerts(start="7d", quality="LOUD")  # type: ignore[arg-type]
    panther.get("rules", "An.Id")
    panther.get("rule", "An.Id")  # type: ignore[arg-type]


def filter_bigpanda(bigpanda: pk.BigPanda) -> None:
    """Folders, expansions and API versions are known by value; a typo is an error."""
    bigpanda.incidents("All", folder="active", expand="alerts")
    bigpanda.incidents("All", folder="open")  # type: ignore[arg-type]
    bigpanda.incidents("All", expand=["alert"])  # type: ignore[list-item]
    bigpanda.incident("All", "id", expand=["alerts"])
    bigpanda.enrichments(api_version="v1.0")
    bigpanda.enrichments(api_version="1.0")  # type: ignore[arg-type]
    bigpanda.upload_enrichment("table.csv", "id", backup_path="before.parquet")
    bigpanda.upload_enrichment("table.csv", "id", backup="before.parquet")  # type: ignore[call-arg]
    pk.BigPanda("key", region="asia")  # type: ignore[arg-type]
    bigpanda.activities(["id"], types=["incident_assigned", "incident_reopened"])
    bigpanda.activities("id", types="incident_asigned")  # type: ignore[arg-type]
    bigpanda.maintenance_plans(status="running")
    bigpanda.maintenance_plans(status="over")  # type: ignore[arg-type]
