"""What the official client finds in a log: run by `scripts/interop.py` in `.venv-interop`."""

from __future__ import annotations

import json
import os

import pangea.services.audit.util as audit_util
from pangea.config import PangeaConfig
from pangea.services import Audit

audit_util.ARWEAVE_BASE_URL = os.environ["PANGEA_ARWEAVE_URL"]
audit = Audit(
    os.environ["PANGEA_AUDIT_TOKEN"],
    config=PangeaConfig(base_url_template=os.environ["PANGEA_BASE_URL_TEMPLATE"]),
    config_id=os.environ["PANGEA_AUDIT_CONFIG_ID"],
)
START = "2026-05-01T00:00:00Z"


def main() -> None:
    """Log, search, page, fetch a root, export; print the verdicts of a search."""
    done = {}
    if os.environ.get("LOGS"):
        done["log"] = audit.log("logged by the official client", verify=True, verbose=True).success
        done["log again"] = audit.log("and again", verify=True, verbose=True).success
        done["log_bulk"] = audit.log_bulk([{"message": f"bulk {n}"} for n in range(3)]).success
        done["root"] = audit.root(tree_size=3).success
        accepted = audit.export(start=START, verbose=True, format="json")
        done["export"] = accepted.success or accepted.status == "Accepted"
    found = {}
    for verify_consistency in (False, True):
        try:
            reply = audit.search(
                "", start=START, order="asc", order_by="received_at", limit=200, max_results=10_000,
                verify_consistency=verify_consistency, verify_events=True,
            )  # fmt: skip
            events = list(reply.result.events)
            while len(events) < reply.result.count:
                page = audit.results(
                    reply.result.id, limit=200, offset=len(events),
                    verify_consistency=verify_consistency, verify_events=True,
                )  # fmt: skip
                events += page.result.events
            found[str(verify_consistency)] = [
                {
                    "membership": str(event.membership_verification.value),
                    "consistency": str(event.consistency_verification.value),
                    "signature": str(event.signature_verification.value),
                }
                for event in events
            ]
        except Exception as error:  # noqa: BLE001 - what it raises is what is compared
            found[str(verify_consistency)] = f"{type(error).__name__}"
    print(json.dumps({"done": done, "found": found}))


main()
