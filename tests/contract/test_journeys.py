"""How many files a reader has to open to follow a call from its beginning to its end."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

import pandakit as pk

PACKAGE = Path(pk.__file__).parent
EVENTS = pd.DataFrame(
    {"timestamp": [0, 60], "status": "critical", "host": ["a", "b"], "cluster": "x"}
)


def files_of(call):
    """Return the package's modules whose functions a call runs in this thread, as first run.

    The call is made once before, so that what happens once in a process is not counted. The
    sandbox is left out: it stands in for a service.
    """
    call()
    found = {}

    def profile(frame, event, _):
        path = Path(frame.f_code.co_filename)
        if event == "call" and frame.f_code.co_name != "<module>" and PACKAGE in path.parents:
            found[path.relative_to(PACKAGE).as_posix()] = None

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(before)
    return [name for name in found if not name.startswith("sandbox/")]


def test_from_events_to_incidents():
    """Consolidating runs through at most 16 files, and reaches the stages in their order."""
    files = files_of(lambda: pk.consolidate(EVENTS).incidents)
    stages = dict.fromkeys(
        name.split("/")[1] for name in files if name.startswith("consolidation/_")
    )
    assert len(files) <= 16, files
    assert [stage for stage in stages if stage != "_arrays"] == [
        "_read",
        "_merge",
        "_group",
        "_output",
    ]


def test_from_a_frame_to_the_service():
    """Uploading a table runs through at most 22 files, from the frame to the end of the job."""
    pytest.importorskip("werkzeug", reason="the sandbox is an extra")
    owners = pd.DataFrame({"host": ["a", "b"], "owner_team": ["x", "y"], "tier": ["1", "2"]})
    with pk.sandbox.start(incidents=5, audit_events=5) as services:
        found = services.bigpanda.enrichments().set_index("name")
        schema_id = found.loc["Host owners", "schema_id"]
        files = files_of(lambda: services.bigpanda.upload_enrichment(owners, schema_id))
    assert len(files) <= 22, files
