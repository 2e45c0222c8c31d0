"""Build `data-samples/`: small files as the services give and take them, the same bytes each time.

Run as `python scripts/make_samples.py [FOLDER]`.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import requests

from pandakit import detections, sandbox

_FOLDER = Path(__file__).parents[1] / "data-samples"
_INCIDENTS = 300
_SHOWN_INCIDENTS = 60
_SHOWN_RULES = 12
_AUDIT_EVENTS = 200
_COLUMNS = (
    "app_key",
    "status",
    "host",
    "service",
    "check",
    "cluster",
    "application",
    "datacenter",
    "timestamp",
    "description",
)
_TIMEOUT = 30

_LONG = "x" * 33_000
# What is wrong with them is told in the folder's README.
_BAD_ROWS = (
    ("host", "owner_team", "tier", "notes"),
    ("checkout-db-01.eu-north.example.com", "payments", "tier-1", ""),
    ("checkout-db-01.eu-north.example.com", "payments", "tier-1", ""),
    ("checkout-db-02.eu-north.example.com", "payments", "tier-1", ""),
    ("checkout-db-02.eu-north.example.com", "web", "tier-1", ""),
    ("ledger-api-01.us-east.example.com", "payments", "tier-1", "two\nlines"),
    ("ledger-api-02.us-east.example.com", _LONG, "tier-1", ""),
    ("ledger-api-03.us-east.example.com", " payments ", "tier-1", ""),
    ("ledger-api-04.us-east.example.com", "=payments", "tier-1", ""),
    ("Search-cache-01.eu-south.example.com", "web", "tier-2", ""),
    ("search-cache-01.eu-south.example.com", "web", "tier-2", ""),
)


def main(folder: Path = _FOLDER) -> None:
    """Write all samples into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with sandbox.start(
        incidents=_INCIDENTS, audit_events=_AUDIT_EVENTS, requests_per_second=None
    ) as services:
        files = _files(services)
        _write_detections(services, folder / "detections")
    for name, content in files.items():
        (folder / name).write_bytes(content.encode())
        print(f"{name}: {len(content.encode()):,} bytes")


def _files(services: sandbox.Sandbox) -> dict[str, str]:
    found = services.organisation.bigpanda
    schema = found["schemas"][0]
    rows = found["tables"][schema["id"]]
    roots = [_root(services, size) for size in range(1, services.organisation.pangea.published + 1)]
    return {
        "events.csv": _csv([_COLUMNS, *(_cells(event) for event in found["events"])]),
        "incidents.json": _json(_incident_pages(services)),
        "rules.json": _json(_rule_pages(services)),
        "audit-results.json": _json(_audit_search(services)),
        "audit-roots.json": _json(roots),
        "enrichment-schema.json": _json(schema),
        "enrichment-good.csv": _csv([tuple(rows[0]), *(tuple(row.values()) for row in rows)]),
        "enrichment-bad.csv": "\ufeff" + _csv(_BAD_ROWS).removesuffix("\n"),
    }


def _cells(event: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(event.get(name, "") for name in _COLUMNS)


def _csv(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _incident_pages(services: sandbox.Sandbox) -> list[Any]:
    key = services.organisation.bigpanda["environments"][0]["id"]
    url = f"{services.urls['bigpanda']}/resources/v2.0/environments/{key}/incidents"
    headers = {"Authorization": f"Bearer {services.env['BIGPANDA_API_KEY']}"}
    size = 10  # the most with expanded alerts
    pages = range(1, 1 + _SHOWN_INCIDENTS // size)
    asked = {"page_size": size, "expand": "alerts", "sort_by": "start"}
    return [
        requests.get(url, params=asked | {"page": n}, headers=headers, timeout=_TIMEOUT).json()
        for n in pages
    ]


def _rule_pages(services: sandbox.Sandbox) -> list[Any]:
    headers = {"X-API-Key": services.env["PANTHER_API_TOKEN"]}
    pages: list[Any] = []
    params: dict[str, Any] = {"limit": 80}
    while not pages or pages[-1].get("next"):
        url = f"{services.urls['panther']}/rules"
        pages.append(requests.get(url, params=params, headers=headers, timeout=_TIMEOUT).json())
        params["cursor"] = pages[-1].get("next")
    return pages


def _write_detections(services: sandbox.Sandbox, folder: Path) -> None:
    """Write some of the organisation's content as code, with differences from the service."""
    panther = services.panther
    every = panther.detections()
    rules = every[every["kind"] == "rules"].iloc[:_SHOWN_RULES]
    others = [every[every["kind"] == kind].head(2) for kind in ("simple_rules", "policies")]
    parts = [rules, *others, panther.globals().head(1).assign(kind="globals")]
    parts += [panther.data_models().head(2).assign(kind="data_models")]
    parts += [panther.queries().head(2).assign(kind="queries")]
    content = pd.concat([part.dropna(axis=1, how="all") for part in parts], ignore_index=True)
    content.loc[0, "threshold"] = 7
    content.at[1, "tags"] = ["Only here"]  # noqa: PD008 - a list is one cell
    content = content.drop(index=2)
    new = content.loc[[0]].assign(id="Larkfield.Only.Here", display_name="only here", threshold=1)
    detections.write(pd.concat([content, new], ignore_index=True), folder, overwrite=True)
    print(f"{folder.name}: {len(content) + 1} rows")


def _ask_audit(services: sandbox.Sandbox, action: str, **body: Any) -> Any:
    base = services.env["PANGEA_BASE_URL_TEMPLATE"].format(SERVICE_NAME="audit")
    headers = {"Authorization": f"Bearer {services.env['PANGEA_AUDIT_TOKEN']}"}
    body["config_id"] = services.env["PANGEA_AUDIT_CONFIG_ID"]
    answer = requests.post(f"{base}/v1/{action}", json=body, headers=headers, timeout=_TIMEOUT)
    return answer.json()


def _root(services: sandbox.Sandbox, size: int) -> Any:
    return _ask_audit(services, "root", tree_size=size)["result"]["data"]


def _audit_search(services: sandbox.Sandbox) -> Any:
    answer = _ask_audit(services, "search", query="", start="31d", order="asc", limit=_AUDIT_EVENTS)
    headers = {"Authorization": f"Bearer {services.env['PANGEA_AUDIT_TOKEN']}"}
    while answer["status"] != "Success":  # 202, then 404, then the answer
        place = f"{services.urls['pangea']}/audit/request/{answer['request_id']}"
        later = requests.get(place, headers=headers, timeout=_TIMEOUT).json()
        answer = later if later["status"] == "Success" else answer
    return answer


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
