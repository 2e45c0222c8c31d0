"""The sandbox as any HTTP client sees it: plain requests, none of pandakit's clients."""

from dataclasses import dataclass

import pytest
import requests

from pandakit import sandbox


@dataclass
class Asker:
    """Ask the three services with the right tokens."""

    services: sandbox.Sandbox

    def panther(self, path, **params):
        """Read from Panther."""
        headers = {"X-API-Key": self.services.env["PANTHER_API_TOKEN"]}
        url = self.services.urls["panther"] + path
        return requests.get(url, params=params, headers=headers, timeout=10)

    def bigpanda(
        self, path, method="GET", *, org=False, kind="application/json", data=None, **params
    ):
        """Call BigPanda with the user key, or with the Org Token."""
        token = self.services.env["BIGPANDA_ORG_TOKEN" if org else "BIGPANDA_API_KEY"]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        url = self.services.urls["bigpanda"] + path
        return requests.request(method, url, params=params, data=data, headers=headers, timeout=60)

    def pangea(self, action, **body):
        """Post an action of the audit log."""
        body = {"config_id": self.services.env["PANGEA_AUDIT_CONFIG_ID"]} | body
        return requests.post(self.audit(action), json=body, headers=self.bearer(), timeout=10)

    def looked(self, url):
        """Look at a Pangea request."""
        return requests.get(url, headers=self.bearer(), timeout=10)

    def audit(self, action):
        """Give the address of an action."""
        base = self.services.env["PANGEA_BASE_URL_TEMPLATE"].format(SERVICE_NAME="audit")
        return f"{base}/v1/{action}"

    def bearer(self):
        """Give the headers for Pangea."""
        return {"Authorization": f"Bearer {self.services.env['PANGEA_AUDIT_TOKEN']}"}

    def environment(self, name="All Incidents"):
        """Give the path of an environment's incidents."""
        rows = self.services.organisation.bigpanda["environments"]
        key = next(row["id"] for row in rows if row["name"] == name)
        return f"/resources/v2.0/environments/{key}/incidents"


@pytest.fixture(scope="session")
def ask():
    """A sandbox that all tests of this folder only read, without a rate limit."""
    with sandbox.start(requests_per_second=None) as services:
        yield Asker(services)


@pytest.fixture
def fresh():
    """A small sandbox of its own, for tests that write or plant faults."""
    with sandbox.start(incidents=30, audit_events=40, requests_per_second=None) as services:
        yield Asker(services)
